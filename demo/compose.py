"""The training script of a sample: the base's parts with the sample's own in their place, settings and edits."""

from __future__ import annotations

import base64
import lzma
import re
from collections.abc import Iterable, Mapping

from demo.samples import BASE, SAMPLES, Edit, Number, Sample

PARTS = ("settings", "data", "attention", "model", "evaluation", "artifact", "headline", "main")

_SETTING = re.compile(r'^    (\w+) = (?:(int|float)\()?os\.environ\.get\("(\w+)", ([^)\n]+?)\)', re.M)
_LAUNCHER = 'import base64, lzma\nexec(compile(lzma.decompress(base64.b85decode("{payload}")), __file__, "exec"))\n'


def script(sample: Sample) -> str:
    """The script as it runs."""
    return compose({part: _part(part, sample) for part in PARTS}, sample.settings, sample.edits)


def compose(parts: Mapping[str, str], settings: Mapping[str, Number], edits: Iterable[Edit]) -> str:
    """The text of a script: its parts in order, with defaults and single places changed."""
    texts = {**parts, "settings": _set(parts["settings"], settings)}
    for edit in edits:
        if edit.where in texts:
            texts[edit.where] = edit.apply(texts[edit.where])
    return "\n\n".join(texts.values())


def shipped(sample: Sample) -> bytes:
    """The script as it lies in the folder: packed where the sample asks for it."""
    text = script(sample).encode()
    if not sample.packed:
        return text
    packed = lzma.compress(text, format=lzma.FORMAT_ALONE, preset=9)
    return _LAUNCHER.format(payload=base64.b85encode(packed).decode()).encode()


def settings_of(text: str) -> dict[str, Number | str]:
    """Name → default of each setting of a script, in its order."""
    kinds = {"int": int, "float": float, "": str}
    return {m[1]: kinds[m[2] or ""](m[4].strip('"')) for m in _SETTING.finditer(text)}


def _part(part: str, sample: Sample) -> str:
    for name in (sample.name, sample.based_on, BASE):
        path = SAMPLES / name / f"{part}.py"
        if name and path.is_file():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError(f"no sample has a part {part!r}")


def _set(text: str, settings: Mapping[str, Number]) -> str:
    """Change defaults; a setting that the base lacks is added at the end of the class."""
    for name, value in settings.items():
        kind = type(value).__name__
        line = f'    {name} = {kind}(os.environ.get("{name.upper()}", {value}))'
        pattern = re.compile(rf"^    {name} = .*$", re.M)
        text = pattern.sub(line, text) if pattern.search(text) else f"{text}{line}\n"
    return text
