"""Submissions that run on a CPU in seconds: one tiny script in the competition's dialect, and a variant for each fault.

The script is the samples' base with smaller defaults; `variants.toml` says what each variant changes.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from demo.compose import PARTS, compose
from demo.samples import BASE, SAMPLES, Edit, Number

ROOT = Path(__file__).parent
SCRIPT = "train_gpt.py"


@dataclass(frozen=True, slots=True)
class Variant:
    """One submission. `probe` names what proves its fault ("run": a run within limits), "" for a legal one."""

    name: str
    says: str
    probe: str = ""
    headline: str = ""
    settings: Mapping[str, Number] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()

    @property
    def legal(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.probe

    def script(self) -> str:
        """The text of its training script."""
        parts = {part: (SAMPLES / BASE / f"{part}.py").read_text(encoding="utf-8") for part in PARTS}
        books = (ROOT / "parts" / "books.py").read_text(encoding="utf-8")
        if self.headline:
            own = (ROOT / "parts" / f"{self.headline}.py").read_text(encoding="utf-8")
            parts["headline"] = f"{books}\n\n{own}"
        return compose(parts, self.settings, self.edits)


@cache
def variants() -> tuple[Variant, ...]:
    """All variants, legal ones first."""
    data = tomllib.loads((ROOT / "variants.toml").read_text(encoding="utf-8"))
    common = data["settings"]
    return tuple(
        Variant(
            **{
                **entry,
                "settings": {**common, **entry.get("settings", {})},
                "edits": tuple(Edit(**edit) for edit in entry.get("edits", ())),
            }
        )
        for entry in data["variant"]
    )


def variant(name: str) -> Variant:
    """The variant of that name. Raises KeyError."""
    for found in variants():
        if found.name == name:
            return found
    raise KeyError(f"no variant {name!r}; there are {', '.join(v.name for v in variants())}")


def write(chosen: Variant, folder: Path) -> Path:
    """Write a variant as a submission folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCRIPT).write_text(chosen.script(), encoding="utf-8")
    about = {"name": chosen.name, "author": "demo", "github_id": "demo", "blurb": chosen.says}
    (folder / "submission.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(f"# {chosen.name}\n\n{chosen.says}\n", encoding="utf-8")
    return folder
