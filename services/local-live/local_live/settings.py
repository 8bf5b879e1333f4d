"""What local-live reads from its environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class LocalLiveSettings(ServiceSettings):
    """What local-live reads from its environment, as ``LOCAL_LIVE_*``."""

    model_config = SettingsConfigDict(env_prefix="LOCAL_LIVE_", frozen=True)

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(9443, ge=0, le=65_535)
    """Port to listen on; 0 lets the system choose, and the log says which."""
    mode: Literal["assistant", "scripted"] = "assistant"
    """`scripted` answers by rule and has the control door; for tests and benchmarks."""
    tls_dir: Path = Path(".run/tls")
    """Where the certificate, its key, and the bundle for `SSL_CERT_FILE` are written."""
    hostnames: str = ""
    """More names for the certificate, separated by commas; localhost is always in it."""
    connection_s: PositiveFloat = 600.0
    """Seconds until a connection ends; `goAway` comes 50 s before."""
    max_sessions: PositiveInt = 200
    """Connections at one time; a further one is closed with 1011."""
    strict: bool = False
    """Refuse setup fields that no model knows, as Google does."""

    speech_model: str = ""
    """Folder of a faster-whisper model; empty for the tiny.en that comes as a package."""
    voice_model: str = ""
    """Path of a Piper voice (.onnx), `espeak-ng`, or `none`; empty for the best that is there."""
    model_threads: int = Field(2, ge=1, le=16)
    """Threads that each model may use."""

    script_pace: float = Field(4.0, ge=0.0)
    """Scripted mode: speech goes out at this multiple of real time; 0 for at once."""
    script_hold: bool = False
    """Scripted mode: keep a turn open until its sound must have been played."""
    ledger_items: int = Field(100_000, ge=0)
    """Scripted mode: client messages remembered per conversation; 0 for none."""
