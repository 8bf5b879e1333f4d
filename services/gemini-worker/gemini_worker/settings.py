"""What the worker reads from its environment.

The key and address of the Live API are the SDK's own names (`GEMINI_API_KEY`, `GOOGLE_API_KEY`,
`GOOGLE_GEMINI_BASE_URL`, `GOOGLE_GENAI_USE_VERTEXAI`, …) and are read by the SDK.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from shared import limits
from shared.settings import ServiceSettings


class WorkerSettings(ServiceSettings):
    """``WORKER_*``, and the names that services share."""

    model_config = SettingsConfigDict(env_prefix="WORKER_")

    model: str = Field("gemini-3.8-live", validation_alias="GEMINI_MODEL")
    """Live model; gemini_worker/models.py knows what each accepts."""
    models: str = Field("", validation_alias="GEMINI_MODELS")
    """Further models that a user may choose, separated by commas."""
    api_version: Literal["v1", "v1beta", "v1alpha", "v1beta1"] = "v1beta"
    """Version of the Live API; the SDK's own default (v1) is not what Google documents."""
    capacity: PositiveInt = 100
    """Sessions that one process holds at the same time."""
    grace_s: PositiveFloat = limits.GRACE_S
    """How long a session waits for a client that is gone, in seconds."""
    drain_s: PositiveFloat = 20.0
    """On SIGTERM: how long a session may take to reach a quiet moment, in seconds."""
    stall_s: PositiveFloat = 15.0
    """After how many seconds a model that owes an answer gets a fresh session."""
    park_s: NonNegativeFloat = 120.0
    """After how many seconds in which nothing happens a session gives its Live connection and its
    place here back, until its client says something; 0: never."""
    lease_s: PositiveFloat = 2.0
    """After how many silent seconds of a worker others take its sessions over."""
    redis_patience_s: PositiveFloat = 15.0
    """How long what the model says waits for a Redis that is away, in seconds."""
    standin: str = ""
    """Name of the stand-in that answers at `GOOGLE_GEMINI_BASE_URL`, shown on the page; empty where
    it is Gemini."""
    instructions: str = ""
    """What the model is told to be, instead of the text in gemini_worker/instructions.py."""
    media_resolution: Literal["", "low", "medium", "high"] = ""
    """How finely the model looks at pictures; low costs a quarter of the tokens. Empty: as the user
    chooses."""
    google_search: bool = False
    """Let the model look things up; what it finds is cited, and Google bills each search."""
