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
_PASSED = re.compile(
    rf"size (?:ok|check passed)[:=]? {{0,3}}(\d{{1,3}}\.\d{{1,6}}|\d[\d,]{{3,12}}){_UNIT}(?! headroom)(?!\d)"
)
_SUM = re.compile(
    rf"[:=] ?\d[\d,]{{3,12}} bytes \+ (?:code )?\d[\d,]{{3,12}}(?: bytes| code){{0,2}} = (\d[\d,]{{3,12}}){_UNIT}"
)
_SPENT = re.compile(rf"\bbudget:(\d{{6,9}})(?=/\d){_UNIT}")
_CUT = re.compile(r".*(?:[|,;{\[#]|\s{2,}|\) |[\"'*]{1,2}(?=\w))")

_TOTAL = re.compile(
    r"total[ _]?(?:submission|artifact|size|bytes|compressed)|submission[ _](?:size|bytes|total)"
    r"|^(?:submission|total|artifact)[ ?]*$|artifact[ _](?:size|bytes|total)|bytes_total"
    r"|(?:final|compressed|total)[ _]artifact|total (?:\S+ )?submission"
)
_OF_BYTES = re.compile(r"bytes|\bcode|mb\b|\db\b")
_CODE = re.compile(r"^(?:code|script|source)(?:[ _](?:size|bytes|len))?\b|\bcode[ _](?:size|bytes)|code_size")
_MODEL = re.compile(
    r"serialized[ _]model|model[ _](?:size|bytes|compressed)|compressed[ _](?:model|size|bytes)|^model$|\w artifact$"
    r"|quantized[ _](?:model|size)"
)
_OTHER = re.compile(
    r"limit|budget|cap(?![a-z])|headroom|target|max|remain|allow|prune|estimat|baseline|raw_|payload|param|scale|idx|index"
    r"|moved|excess|free|margin|under|over|val_|per |memory|peak|chunk|batch|token|warning|combined|combine|codec"
)
_UNCOMPRESSED = frozenset(("raw", "uncompressed", "fp32", "bf16", "fp32/bf16", "pt", "torch"))
_PLAIN_WORDS = frozenset(
    ("total", "final", "submission", "serialized", "artifact", "model", "code", "script", "size", "bytes", "quantized")
)


def read_sizes(page: Page, dump_bytes: int | None = None) -> list[Measurement]:
    """Sizes in the order of the log; `label` is the codec or variant that the line names, "" where it names none.

    A label ends with "mb" or "mib" where the log prints a rounded size. Sizes of the model before compression are left
    out where the log tells the compressed one. Where it prints no total, the model and the code are added up, with
    "+ code" or, where only a dump of the script of `dump_bytes` tells its size, "+ source dump" in the label.
    """
    found = _without_uncompressed(list(_sizes(page)))
    total = _added_up(found, dump_bytes)
    return found if total is None else [*found, total]


def is_rounded(measurement: Measurement) -> bool:
    """Whether a size was printed in thousands or millions of bytes."""
    return measurement.label.rsplit(" ", 1)[-1] in ("kb", "mb", "kib", "mib")


def is_uncompressed(measurement: Measurement) -> bool:
    """Whether a size says that it is one before compression."""
    return not _UNCOMPRESSED.isdisjoint(measurement.label.split())


def _without_uncompressed(found: list[Measurement]) -> list[Measurement]:
    """The sizes without those of the model before compression, totals that hold it, and vaguer totals than the best."""
    models = [m for m in found if m.quantity is Quantity.MODEL_BYTES]
    compressed = [m for m in models if m.label and not is_uncompressed(m)]
    raw = {m.value for m in models if m not in compressed} if any(not is_rounded(m) for m in compressed) else set()
    codes = {m.value for m in found if m.quantity is Quantity.CODE_BYTES} | {0.0}
    held = {model + code for model in raw for code in codes}
    totals = best_totals(
        [m for m in found if m.quantity is Quantity.ARTIFACT_BYTES and not (m.value in held and not m.label)]
    )
    most = max((m.value for m in totals), default=None)
    return [
        m
        for m in found
        if (
            m.quantity is not Quantity.MODEL_BYTES
            or (m.value not in raw and (m.label or most is None or m.value <= most))
        )
        and (m.quantity is not Quantity.ARTIFACT_BYTES or m in totals)
    ]


def best_totals(totals: list[Measurement]) -> list[Measurement]:
    """Exact totals that name a codec, else exact ones, else all of them."""
    exact = [m for m in totals if not is_rounded(m) and not is_uncompressed(m)]
    return [m for m in exact if m.label] or exact or totals


def _added_up(found: list[Measurement], dump_bytes: int | None) -> Measurement | None:
    """Model plus code where the log prints no exact total."""
    models = [m for m in found if m.quantity is Quantity.MODEL_BYTES and m.label and not is_rounded(m)]
    if not models or any(m.quantity is Quantity.ARTIFACT_BYTES and not is_rounded(m) for m in found):
        return None
    model = models[-1]
    codes = [m for m in found if m.quantity is Quantity.CODE_BYTES and not is_rounded(m)]
    code = next((m for m in reversed(codes) if m.label == "compressed"), codes[-1] if codes else None)
    if code is None and dump_bytes is None:
        return None
    added, how = (code.value, "code") if code is not None else (dump_bytes or 0, "source dump")
    label = f"{model.label} + {how}"
    return Measurement(Quantity.ARTIFACT_BYTES, model.value + added, model.location, label, model.quote)


def _sizes(page: Page) -> Iterator[Measurement]:
    """Every named size."""
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
    words = [w for w in re.split(r"[\s_():]+", name) if w.strip("?") and w not in _PLAIN_WORDS]
    return " ".join([*words, *([unit] if unit in ("kb", "mb", "kib", "mib") else [])])[:80]
