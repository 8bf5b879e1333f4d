"""What the gateway reads from its environment."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import LOCAL_ORIGINS, ServiceSettings


class GatewaySettings(ServiceSettings):
    """``GATEWAY_*``, and the names that services share."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(9083, ge=0, le=65_535)
    """Port to listen on; 0 lets the system choose one."""
    origins: str = LOCAL_ORIGINS
    """Pages that may connect: exact origins, separated by commas."""
    access_code: SecretStr = Field(SecretStr(""), validation_alias="ACCESS_CODE")
    """When set, the tutorial's door is closed, since it has no way to say the code."""
    max_connections: PositiveInt = 2_000
    """Sockets of clients at the same time; the next is told to come back."""
    drain_s: PositiveFloat = 5.0
    """Over how many seconds clients are sent to another gateway on SIGTERM."""
    redis_patience_s: PositiveFloat = 15.0
    """How long what a client says waits for a Redis that is away, in seconds."""
