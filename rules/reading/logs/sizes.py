"""Bytes of the artifact, the compressed model and the code, as a log prints them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.reading.logs.page import Page
from rules.reading.logs.units import size
from rules.submission import Measurement, Quantity

_SMALLEST = 1_000  # bytes; a smaller number is no artifact and no script
_NAME = 90  # characters before a separator that a name is looked for in

_WORDS = ("size", "bytes", "artifact", "submission", "total", "code:", "code=", "mb", "budget:")
_UNIT = r"(?:\s{0,2}([kmg]?i?b|bytes?|ms|s|x|%)(?!\w))?"
_VALUE = re.compile(rf"[\"'*]{{0,3}}\s{{0,3}}[:=]\s{{0,12}}[~\"'*]{{0,3}}(\d[\d,_]{{0,15}}(?:\.\d{{1,9}})?){_UNIT}")
_PASSED = re.compile(rf"size (?:ok|check passed)[:=]? {{0,3}}(\d{{1,3}}\.\d{{1,6}}|\d[\d,]{{3,12}}){_UNIT}")
_SUM = re.compile(
    rf"[:=] ?\d[\d,]{{3,12}} bytes \+ (?:code )?\d[\d,]{{3,12}}(?: bytes| code){{0,2}} = (\d[\d,]{{3,12}}){_UNIT}"
)
_SPENT = re.compile(rf"\bbudget:(\d{{6,9}})(?=/\d){_UNIT}")
_CUT = re.compile(r".*(?:[|,;{\[#]|\s{2,}|\) |[\"'*]{1,2}(?=\w))")

_TOTAL = re.compile(
    r"total[ _]?(?:submission|artifact|size|bytes|compressed)|submission[ _](?:size|bytes|total)"
    r"|^(?:submission|total|artifact)$|artifact[ _](?:size|bytes|total)|bytes_total"
    r"|(?:final|compressed|total)[ _]artifact|total (?:\S+ )?submission"
)
_OF_BYTES = re.compile(r"bytes|\bcode|mb\b")
_CODE = re.compile(r"^(?:code|script|source)(?:[ _](?:size|bytes|len))?\b|\bcode[ _](?:size|bytes)|code_size")
_MODEL = re.compile(
    r"serialized[ _]model|model[ _](?:size|bytes|compressed)|compressed[ _](?:model|size|bytes)|^model$"
    r"|quantized[ _](?:model|size)"
)
_OTHER = re.compile(
    r"limit|budget|cap(?![a-z])|headroom|target|max|remain|allow|prune|estimat|baseline|raw_|payload|param|scale|idx|index"
    r"|moved|excess|free|margin|under|over|val_|per |memory|peak|chunk|batch|token|warning|combined|combine|codec"
)
_PLAIN_WORDS = frozenset(
    ("total", "final", "submission", "serialized", "artifact", "model", "code", "script", "size", "bytes", "quantized")
)


def read_sizes(page: Page) -> Iterator[Measurement]:
    """Sizes in the order of the log; `label` is the codec or variant that the line names, "" where it names none.

    A label ends with "mb" or "mib" where the log prints a rounded size.
    """
    for start, end in page.lines_with(*_WORDS):
        line = page.plain[start:end]
        done = 0
        for found in _VALUE.finditer(line):
            name = _name(line[max(done, found.start() - _NAME) : found.start()])
            done = found.end()
            quantity = _meaning(name, line)
            if quantity is not None and (value := _size(found)) is not None:
                yield page.measurement(quantity, value, start, _label(name, found[2]))
        whole = _PASSED.search(line) or _SUM.search(line) or _SPENT.search(line)
        if whole and (value := _size(whole)) is not None:
            yield page.measurement(Quantity.ARTIFACT_BYTES, value, start, _label("", whole[2]))


def _name(before: str) -> str:
    """The words directly before a separator."""
    cut = _CUT.match(before)
    return (before[cut.end() :] if cut else before).strip(" \t\"'*-")


def _size(found: re.Match[str]) -> float | None:
    """Bytes, where the number is large enough and its unit one of sizes."""
    if found[2] is None and "." in found[1]:
        return None
    value = size(found[1], found[2])
    return None if value is None or value < _SMALLEST else value


def _meaning(name: str, line: str) -> Quantity | None:
    """What a named size measures; a bare "total" may count parameters."""
    if not name or _OTHER.search(name) or (name == "total" and not _OF_BYTES.search(line)):
        return None
    if _TOTAL.search(name):
        return Quantity.ARTIFACT_BYTES
    if _CODE.search(name):
        return Quantity.CODE_BYTES
    return Quantity.MODEL_BYTES if _MODEL.search(name) else None


def _label(name: str, unit: str | None) -> str:
    """The codec or variant in a name, and the unit where it is a rounded one."""
    words = [w for w in re.split(r"[\s_():]+", name) if w and w not in _PLAIN_WORDS]
    return " ".join([*words, *([unit] if unit in ("kb", "mb", "kib", "mib") else [])])[:80]
