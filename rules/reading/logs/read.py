"""From the bytes of a log to a `TrainLog`. Never raises; bounded in time and memory."""

from __future__ import annotations

import re

from rules.reading.logs.dump import strip_dumps
from rules.reading.logs.evaluation import read_calibration, read_evaluation, read_precompute, read_reserve
from rules.reading.logs.notes import read_notes
from rules.reading.logs.numbers import read_cards, read_gates, read_gpu_count, read_numbers, read_run_name
from rules.reading.logs.openings import read_openings
from rules.reading.logs.page import Page
from rules.reading.logs.scores import read_scores
from rules.reading.logs.settings import read_paths, read_prefixes, read_settings
from rules.reading.logs.sizes import read_sizes
from rules.reading.logs.training import read_training
from rules.reading.text import decode
from rules.rule import Location
from rules.submission import Measurement, Problem, ProblemKind, Quantity, Score, TrainLog

LOG_LIMIT = 64_000_000  # bytes that are read of one log
LINE_LIMIT = 1_000_000  # lines that are read of one log
_HEAD = 4  # one part in four of the limit is read from the beginning, the rest from the end
_LONG_LINE = 1_000_000
_LEAST = 1_000  # bytes; no excerpt is smaller
_ESCAPE = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")


def read_log(
    path: str, content_id: str, data: bytes, *, limit: int = LOG_LIMIT
) -> tuple[TrainLog, tuple[Problem, ...]]:
    """Read a log.

    Of more than `limit` bytes or a million lines the head and the tail are read, and a `LIMIT` problem says so.
    """
    problems: list[Problem] = []
    gap_after = skipped = 0
    size = len(data)
    limit = _affordable(data, limit)
    if size > limit:
        data, gap_after, skipped = _excerpt(data, limit)
        detail = f"{size:,} bytes; the first and the last {limit:,} in all are read, {skipped:,} lines between are not"
        problems.append(Problem(ProblemKind.LIMIT, Location(path), detail))
    decoded = decode(data)
    problems += decoded.problems_at(path)
    text = decoded.text
    if not text.strip():
        problems.append(Problem(ProblemKind.EMPTY, Location(path), "the log is empty"))
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    text, dump, dump_bytes = strip_dumps(text)
    page = Page.of(path, text, gap_after=gap_after, skipped=skipped)
    brief = page.brief()
    scores = read_scores(page)
    training, stopped = read_training(page)
    gpu, cards = read_cards(page, brief)
    settings = read_settings(brief)
    log = TrainLog(
        path=path,
        content_id=content_id,
        size=size,
        scores=scores,
        measurements=_measurements(brief, scores, training, cards, dump_bytes),
        settings=settings,
        gates=read_gates(brief),
        prefixes=read_prefixes(brief),
        paths=read_paths(settings),
        gpu=gpu,
        source_dump=dump,
        stopped_by_cap=stopped,
        truncated=size > limit,
        notes=read_notes(brief),
        openings=read_openings(brief),
    )
    return log, tuple(problems)


def _measurements(
    brief: Page,
    scores: tuple[Score, ...],
    training: tuple[Measurement, ...],
    cards: Measurement | None,
    dump_bytes: int | None,
) -> tuple[Measurement, ...]:
    """All measurements in the order of the log."""
    found = [*training, *read_sizes(brief, dump_bytes), *read_evaluation(brief), *read_numbers(brief)]
    found += [*read_reserve(brief), *read_calibration(brief), *read_precompute(brief)]
    found += [
        Measurement(Quantity.EVAL_SECONDS, s.eval_seconds, s.location, s.label, s.quote)
        for s in scores
        if s.eval_seconds is not None
    ]
    known = {m.quantity for m in found}
    if Quantity.WORLD_SIZE not in known and (gpus := read_gpu_count(brief) or cards) is not None:
        found.append(gpus)
    if Quantity.SEED not in known and (seed := read_run_name(brief)) is not None:
        found.append(seed)
    return tuple(sorted(found, key=lambda m: m.location.line or 0))


def _affordable(data: bytes, limit: int) -> int:
    """`limit`, or less where that many bytes hold too many lines."""
    limit = max(limit, _LEAST)
    while limit > LINE_LIMIT and _line_ends(_excerpt(data, limit)[0] if len(data) > limit else data) > LINE_LIMIT:
        limit //= 2
    return limit


def _excerpt(data: bytes, limit: int) -> tuple[bytes, int, int]:
    """Head and tail of `data`, the line after which the gap lies, and how many lines lie in it."""
    newline = b"\n"
    if b"\0" in data[:4096]:  # two bytes for each character
        newline = b"\n\0" if data.startswith(b"\xff\xfe") or data[1] == 0 else b"\0\n"
    first = limit // _HEAD
    head = data[: _after_line(data, newline, first)]
    tail = _after_line(data, newline, max(len(head), len(data) - limit + first))
    if not head.endswith(newline):
        head += newline
    lines = _line_ends(head)
    return head + data[tail:], lines, _line_ends(data, tail) - lines


def _after_line(data: bytes, newline: bytes, position: int) -> int:
    """The place after the first line end from `position` on, or, in a very long line, the next whole character."""
    width = len(newline)
    position += -position % width
    at = data.find(newline, position, position + _LONG_LINE)
    while at >= 0 and at % width:
        at = data.find(newline, at + 1, position + _LONG_LINE)
    if at >= 0:
        return at + width
    while width == 1 and position < len(data) and data[position] & 0xC0 == 0x80:
        position += 1
    return position


def _line_ends(data: bytes, end: int | None = None) -> int:
    """Line ends as `decode` makes them, up to `end`: CRLF and bare CR are one each."""
    return data.count(b"\n", 0, end) + data.count(b"\r", 0, end) - data.count(b"\r\n", 0, end)
