"""Sections of `docs/accuracy.md` on legality: the aims, the rulings, findings read by a person, weeks, peers."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.peers import Row
from rules.submission import PullRequest
from worker.agreement import Agreement

Entry = Mapping[str, Any]

JUDGED = Path(__file__).parent / "judged.toml"
SEED, DRAWN = 20_260_501, 60
LEGALITY = "ABCD"
PULLS = "https://github.com/openai/parameter-golf/pull"


def aims(entries: Sequence[Entry], agreement: Agreement) -> str:
    """What the issue of the rules asks for, and what came out."""
    invalid, accepted = agreement.ruled["invalid"], agreement.ruled["accepted"]
    verdicts = agreement.verdicts["invalid"]
    flagged = verdicts["likely-invalid"] + verdicts["needs-review"]
    accepted_numbers = agreement.accepted
    reviewed = {
        entry["number"]
        for entry in entries
        if entry["number"] in accepted_numbers
        and any(f["code"][0] in LEGALITY and f["severity"] in ("review", "block") for f in entry["findings"])
    }
    rows = (
        ("`invalid`: verdict likely-invalid or needs-review", flagged, invalid, 0.95, True),
        ("`invalid`: the ruled category is among the findings", agreement.any_category["invalid"], invalid, 0.90, True),
        ("`invalid`: verdict likely-invalid", verdicts["likely-invalid"], invalid, 0.70, True),
        ("`accepted`: a finding of severity block", len({n for n, _ in agreement.blocked}), accepted, 0.0, False),
        ("`accepted`: a legality finding of severity review", len(reviewed), accepted, 0.15, False),
    )
    cells = []
    for title, count, total, aim, at_least in rows:
        share = count / max(1, total)
        reached = share >= aim if at_least else share <= aim
        bound = f"{'≥' if at_least else '≤'} {aim:.0%}"
        cells.append((title, f"{count} of {total}", f"{share:.0%}", bound, "yes" if reached else "**no**"))
    shown = ", ".join(link(n) for n in sorted(reviewed)) or "none"
    text = table(("aim", "", "share", "bound", "reached"), cells)
    return f"## Legality\n\n{text}\nAccepted ones with a legality finding of severity review: {shown}.\n"


def weeks(entries: Sequence[Entry], listed: Sequence[PullRequest]) -> str:
    """Verdicts by the week of creation."""
    created = {one.number: one.created_at for one in listed}
    counts: dict[datetime, Counter[str]] = {}
    for entry in entries:
        moment = created.get(entry["number"])
        if moment is not None:
            monday = (moment - timedelta(days=moment.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
            counts.setdefault(monday, Counter())[entry["verdict"]] += 1
    rows = []
    for monday, count in sorted(counts.items()):
        total = count.total()
        shares = [f"{count[v] / total:.0%}" for v in ("likely-invalid", "needs-review", "incomplete", "clear")]
        rows.append((f"{monday:%Y-%m-%d}", str(total), *shares))
    head = ("week of", "opened", "likely-invalid", "needs-review", "incomplete", "clear")
    return f"## By week\n\n{table(head, rows)}"


def peers(rows: Iterable[Row], agreement: Agreement) -> str:
    """Simpler checkers on the same rulings, in the same run."""
    verdicts = agreement.verdicts
    invalid = [verdicts["invalid"][v] for v in ("likely-invalid", "needs-review")]
    accepted = [verdicts["accepted"][v] for v in ("likely-invalid", "needs-review")]
    ours = Row("Fairway: likely-invalid or needs-review", sum(invalid), agreement.ruled["invalid"], sum(accepted), 0)
    strict = Row("Fairway: likely-invalid", invalid[0], agreement.ruled["invalid"], accepted[0], 0)
    total = agreement.ruled["accepted"]
    cells = [
        (row.name, f"{row.invalid} of {row.of_invalid}", f"{row.accepted} of {row.of_accepted or total}")
        for row in (*rows, ours, strict)
    ]
    return f"## Beside simpler checkers\n\n{table(('checker', 'invalid ones flagged', 'accepted ones flagged'), cells)}"


def drawn(entries: Sequence[Entry]) -> list[tuple[int, Mapping[str, Any]]]:
    """Findings of families A to D of severity block or review, drawn by a fixed seed: number and finding."""
    pool = [
        (entry["number"], finding)
        for entry in sorted(entries, key=lambda e: int(e["number"]))
        for finding in entry["findings"]
        if finding["code"][0] in LEGALITY and finding["severity"] in ("block", "review")
    ]
    return random.Random(SEED).sample(pool, min(DRAWN, len(pool)))


def judged(entries: Sequence[Entry]) -> str:
    """The drawn findings with what a person who read the code said of them."""
    said: Mapping[str, Any] = tomllib.loads(JUDGED.read_text(encoding="utf-8")) if JUDGED.is_file() else {}
    rows, tally = [], Counter[tuple[str, str]]()
    for number, finding in drawn(entries):
        found = said.get(f"{number}-{finding['code']}", {})
        verdict = str(found.get("verdict", "not read"))
        tally[finding["severity"], verdict] += 1
        line = "" if finding["line"] is None else str(finding["line"])
        rows.append((link(number), finding["code"], finding["severity"], line, verdict, str(found.get("why", ""))))
    summary = ", ".join(f"{severity} {verdict}: {n}" for (severity, verdict), n in sorted(tally.items()))
    head = ("pull request", "code", "severity", "line", "judged", "why")
    return (
        f"## Findings read in the code\n\n{len(rows)} findings of families A to D of severity block or review, drawn "
        f"by a fixed seed ({SEED}) from all of them; {summary}.\n\n{table(head, rows)}"
    )


def link(number: int) -> str:
    """A pull request as a link."""
    return f"[#{number}]({PULLS}/{number})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""

    def lines() -> Iterator[str]:
        yield "| " + " | ".join(head) + " |"
        yield "|" + "---|" * len(head)
        for row in rows:
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"

    return "\n".join(lines()) + "\n"
