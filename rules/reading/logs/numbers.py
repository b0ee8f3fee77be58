"""Counts that a log prints: GPUs, seed, validation tokens and bytes, training shards, gate counters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.reading.logs.page import Page
from rules.reading.logs.units import whole
from rules.submission import Measurement, Quantity, Setting

_COUNT = r"(\d{1,3}(?:,\d{3}){1,5}|\d{1,15})(?![\w.])"
_IS = r"[\"']?\s{0,4}[:=]\s{0,12}"

_MOST_GPUS = 4096
_WORLD = re.compile(
    rf"(?<![a-z_])(?:(world[_ ]size|ws|nproc(?:_per_node)?){_IS}"
    rf"|(nproc[_-]per[_-]node) {{1,2}}|(torchrun) with ){_COUNT}"
)
_GPUS = re.compile(
    rf"(?<![a-z_])(?:(num_gpus|n_gpus|ngpus?|gpus){_IS}|(detected) ){_COUNT}"
    r"|(?<![\w.])()()([1-9]\d?) ?[x?*] ?(?:nvidia )?(?:h100|h200|a100|h800|a800|rtx|l40|b200|4090)"
)
_SEED = re.compile(rf"(?<![a-z0-9_])(?:--)?seed(?:{_IS}| {{1,2}}){_COUNT}")
_RUN_NAME = re.compile(r"(?:run_id|logfile|logs?/|log:)[^\n]{0,120}?(?:seed|_s)[_=]?(\d{1,10})(?!\d)")
_VAL_TOKENS = re.compile(
    rf"(?<![a-z_])((?:num_|total_)?val[_ ]tokens|validation tokens|val_loader:[^\n]{{0,300}}?tokens){_IS}{_COUNT}"
)
_VAL_BYTES = re.compile(
    rf"(?<![a-z_])((?:total_)?val[_ ](?:total[_ ])?bytes|validation bytes"
    rf"|(?:ppm|evs)(?!_mix_progress)[^\n]{{0,120}}? bytes){_IS}{_COUNT}"
)
_SHARDS = re.compile(rf"(?<![a-z_])(train[_ ]shards|train:[^\n]{{0,80}}? shards|num_train_shards){_IS}{_COUNT}")
_GATES = re.compile(rf"\b((?:[a-z]+_)?gated?|agree\d?plus|within_gate|word_gate|token_gate)={_COUNT}")

_CARD = re.compile(r"\n\|\s+(\d+)\s+((?:NVIDIA|Tesla|AMD|GeForce)[^|\n]{2,60}?)(?:\s{2,}[^|\n]{0,20})?\|")
_NAMED_CARD = re.compile(
    r"(?:gpu|device|GPU|Device)[\w ]{0,12}[:=] ?[\"'(]?"
    r"((?:NVIDIA|Tesla|GeForce|Apple|AMD|H100|H200|A100)(?: ?[A-Z0-9][\w.+-]{0,16}){0,6})"
    r"|\b((?:NVIDIA|Tesla) (?:GeForce |RTX |Quadro )?[A-Z]{0,3}\d{2,4}\w{0,8}(?: [A-Z0-9][\w-]{1,10}){0,3})"
)
_CARD_WORDS = ("nvidia", "tesla", "geforce", "h100", "h200", "a100", "b200", "rtx", "l40", "gb10", "device", "gpu")
_BARE_CARD = re.compile(
    r"(?<![\w-])(?:\d{1,2}[x*] ?)?"
    r"((?:NVIDIA )?(?:[HAB]\d00(?: ?(?:SXM5?|PCIe|NVL|80GB))?|RTX ?\d{4}(?: Ti)?|L40S?|GB10))(?![\w-])"
)


def read_numbers(page: Page) -> Iterator[Measurement]:
    """World size, seed, validation tokens and bytes, training shards, each where it is printed."""
    yield from _world(page, _WORLD, ("world", "nproc", "torchrun", " ws:"))
    yield from _counts(page, Quantity.SEED, _SEED, ("seed",), group=1)
    yield from _counts(page, Quantity.VAL_TOKENS, _VAL_TOKENS, ("tokens",), group=2)
    yield from _counts(page, Quantity.VAL_BYTES, _VAL_BYTES, ("bytes",), group=2)
    yield from _counts(page, Quantity.TRAIN_SHARDS, _SHARDS, ("shards",), group=2)


def read_run_name(page: Page) -> Measurement | None:
    """The seed in the name of the run or of its log file, for logs that print it nowhere else."""
    found = _RUN_NAME.search(page.plain)
    value = whole(found[1]) if found else None
    return page.measurement(Quantity.SEED, value, found.start(), "run name") if found and value is not None else None


def read_gates(page: Page) -> dict[str, Measurement]:
    """Counters of the n-gram tilt family by name; the last printed value counts."""
    gates: dict[str, Measurement] = {}
    for start, end in page.lines_with("gate=", "gated=", "plus="):
        for found in _GATES.finditer(page.plain, start, end):
            value = whole(found[2])
            if value is not None:
                gates[found[1]] = page.measurement(Quantity.VAL_TOKENS, value, found.start(), found[1])
    return gates


def read_cards(page: Page, brief: Page) -> tuple[Setting | None, Measurement | None]:
    """The accelerator's name, and how many of them the table of `nvidia-smi` lists.

    The table shows what the machine has, which is not always what the run used.
    """
    cards = list(_CARD.finditer(page.text))
    if cards:
        first = cards[0]
        name = Setting("gpu", first[2].strip(), page.location(first.start() + 1))
        indices = {card[1] for card in cards}
        return name, page.measurement(Quantity.WORLD_SIZE, len(indices), first.start() + 1, "nvidia-smi")
    lines = brief.lines_with(*_CARD_WORDS)
    for pattern in (_NAMED_CARD, _BARE_CARD):
        for start, end in lines:
            if found := pattern.search(brief.text, start, end):
                text = next(group for group in found.groups() if group)
                return Setting("gpu", text.strip(), brief.location(start)), None
    return None, None


def read_gpu_count(page: Page) -> Measurement | None:
    """The last count of GPUs in other words ("8xH100", "GPUs: 8"), for logs that print no world size."""
    found = list(_world(page, _GPUS, _CARD_WORDS))
    return found[-1] if found else None


def _world(page: Page, pattern: re.Pattern[str], words: tuple[str, ...]) -> Iterator[Measurement]:
    for start, end in page.lines_with(*words):
        found = pattern.search(page.plain, start, end)
        value = next((whole(g) for g in found.groups() if g and g[0].isdigit()), None) if found else None
        if found and value is not None and 1 <= value <= _MOST_GPUS:
            label = next((g for g in found.groups() if g and not g[0].isdigit()), "mention")
            yield page.measurement(Quantity.WORLD_SIZE, value, found.start(), label)


def _counts(
    page: Page, quantity: Quantity, pattern: re.Pattern[str], words: tuple[str, ...], *, group: int
) -> Iterator[Measurement]:
    """One measurement for each line that holds one of `words` and matches `pattern`."""
    for start, end in page.lines_with(*words):
        found = pattern.search(page.plain, start, end)
        value = whole(found[group]) if found else None
        if found and value is not None:
            label = found[1].split(":")[0] if group == 2 else ""
            yield page.measurement(quantity, value, found.start(), label)
