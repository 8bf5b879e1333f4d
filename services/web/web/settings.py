"""What the web service reads from its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import LOCAL_ORIGINS, ServiceSettings


class WebSettings(ServiceSettings):
    """``WEB_*``, and the names that services share."""

    model_config = SettingsConfigDict(env_prefix="WEB_")

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(8000, ge=0, le=65_535)
    """Port to listen on; 0 lets the system choose one."""
    origins: str = LOCAL_ORIGINS
    """Where the page may be opened: exact origins, separated by commas."""
    access_code: SecretStr = Field(SecretStr(""), validation_alias="ACCESS_CODE")
    """Asked of everybody who opens the page; empty: of nobody, on this machine only."""
    gateway_url: str = "ws://localhost:9083/v1/live"
    """Where the page connects; a path means the page's own origin."""
    static_dir: Path = Path(__file__).parents[1] / "static"
    """Folder of the page's files."""
