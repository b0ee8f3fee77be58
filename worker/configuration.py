"""What a repository's pull requests are judged by: its `.github/fairway.toml`, or the deployment's default."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rules.competition import Competition, builtin, load, parse

PATH = ".github/fairway.toml"


def competition_of(configuration: str | None, default: str) -> Competition:
    """The competition of a stored configuration; without one, the default by its name or path.

    Raises CompetitionError for a text that is none: only what was found good is stored.
    """
    return _default(default) if configuration is None else _parsed(configuration)


@lru_cache(maxsize=64)
def _parsed(configuration: str) -> Competition:
    return parse(configuration, PATH)


@lru_cache(maxsize=4)
def _default(name: str) -> Competition:
    return load(Path(name)) if name.endswith(".toml") else builtin(name)
