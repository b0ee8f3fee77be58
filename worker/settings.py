"""Settings from the environment: every name begins with `FAIRWAY_`.

Nothing here is read at import; `Settings()` is made at start-up and handed in. Without any variable Fairway runs
embedded: a SQLite file, a broker in memory, one process.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Annotated

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

EMBEDDED_BROKER = "memory://"
DEFAULT_COMPETITION = "parameter-golf"


class Settings(BaseSettings):
    """What a deployment decides. Secrets never show in a representation or a log."""

    model_config = SettingsConfigDict(env_prefix="FAIRWAY_", env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: str = "sqlite:///fairway.db"
    broker_url: str = EMBEDDED_BROKER
    webhook_secret: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    app_id: int | None = None
    app_slug: str = "fairway"
    private_key: SecretStr | None = None
    github_api_url: HttpUrl = HttpUrl("https://api.github.com")
    github_web_url: HttpUrl = HttpUrl("https://github.com")
    public_url: HttpUrl | None = None
    rules_url: HttpUrl | None = None
    """Where the rules' pages are, for links in reports: the address of the folder that holds `A01.md`."""
    reviewer_url: HttpUrl | None = None
    mirror: Path | None = None
    content_folder: Path = Path("fairway-content")
    competition: str = DEFAULT_COMPETITION
    """Name or path of the competition of repositories that have no `.github/fairway.toml`."""

    runner: str | None = None
    """The runner that this machine offers: "local", "kubernetes", "skypilot", or `package.module:factory`."""
    machine: str | None = None
    """What this machine is called in the queue of runs; its host name without. It has to stay the same."""
    data_folder: Path | None = None
    """Where the local runner finds data sets and tokenizers by their names."""
    runs_folder: Path = Path("fairway-runs")
    """Where the local runner keeps what it knows of its runs. It outlives the worker."""
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 3.0
    run_silence_seconds: Annotated[float, Field(ge=5, le=86_400)] = 180.0
    """After how long without a look a run is given up, so that another machine may make it."""

    run_pause_seconds: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    """How long a run that was lost by a fault of ours waits for its second attempt; ten times that for its third."""

    lease_seconds: Annotated[float, Field(gt=1, le=600)] = 10.0
    sweep_seconds: Annotated[float, Field(gt=0, le=600)] = 3.0
    relay_seconds: Annotated[float, Field(gt=0, le=60)] = 0.2
    stage_seconds: Annotated[float, Field(gt=1, le=3600)] = 180.0
    screen_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    screen_bytes: Annotated[int, Field(ge=268_435_456)] = 1_500_000_000
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    github_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    creations_per_minute: Annotated[int, Field(ge=1)] = 80
    creations_per_hour: Annotated[int, Field(ge=1)] = 500
    points_per_minute: Annotated[int, Field(ge=20)] = 900
    """GitHub's limits on what creates content and on requests; GitHub Enterprise Server may have others."""

    @field_validator("webhook_secret", mode="before")
    @classmethod
    def _by_comma(cls, value: object) -> object:
        """Several secrets during a rotation, separated by commas."""
        if isinstance(value, str):
            return tuple(SecretStr(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("private_key", mode="after")
    @classmethod
    def _unescaped(cls, value: SecretStr | None) -> SecretStr | None:
        """A PEM given in one line with escaped line ends, as many secret stores hand it out."""
        return None if value is None else SecretStr(value.get_secret_value().replace("\\n", "\n"))

    @property
    def embedded(self) -> bool:
        """Whether web and worker share one process and a broker in memory."""
        return self.broker_url.startswith("memory:")

    @property
    def machine_name(self) -> str:
        """What this machine is called in the queue of runs."""
        return re.sub(r"[^A-Za-z0-9._-]", "-", self.machine or socket.gethostname())[:80]

    @property
    def git_folder(self) -> Path:
        """Where the shared bare clones lie."""
        return self.content_folder / "git"
