"""Sections of `docs/accuracy.md` on legality: the aims, the rulings, findings read by a person, weeks, peers."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.peers import Row
from rules.submission import PullRequest
from worker.agreement import Agreement

Entry = Mapping[str, Any]

JUDGED = Path(__file__).parent / "judged.toml"
SEED, DRAWN = 20_260_501, 60
AGAIN_SEED, AGAIN = 20_261_128, 25
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


def drawn(entries: Sequence[Entry], said: Mapping[str, Any]) -> tuple[list[tuple[int, Mapping[str, Any]]], list[str]]:
    """What is still found of the first draw, and the keys of what no longer is."""
    wanted = {key: judgment for key, judgment in said.items() if judgment.get("draw", 1) == 1}
    found = {
        f"{entry['number']}-{finding['code']}": (entry["number"], finding)
        for entry in sorted(entries, key=lambda e: int(e["number"]))
        for finding in reversed(entry["findings"])
    }
    return [found[key] for key in wanted if key in found], [key for key in wanted if key not in found]


def drawn_again(entries: Sequence[Entry], said: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """Later blocks, none of the first draw, in an order that a seed gives each: a new finding displaces one at most."""
    pool: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for entry in entries:
        for finding in entry["findings"]:
            key = f"{entry['number']}-{finding['code']}"
            first = key in said and said[key].get("draw", 1) == 1
            if finding["code"][0] in LEGALITY and finding["severity"] == "block" and not first:
                pool.setdefault(key, (entry["number"], finding))
    ranked = sorted(pool, key=lambda key: sha256(f"{AGAIN_SEED}-{key}".encode()).hexdigest())
    return [pool[key] for key in ranked[:AGAIN]]


def judged(entries: Sequence[Entry]) -> str:
    """The drawn findings with what a person who read the code said of them."""
    said: Mapping[str, Any] = tomllib.loads(JUDGED.read_text(encoding="utf-8")) if JUDGED.is_file() else {}
    still, gone = drawn(entries, said)
    mended = ", ".join(f"{key} ({said[key]['verdict']})" for key in gone) or "none"
    return (
        f"## Findings read in the code\n\n{DRAWN} findings of families A to D of severity block or review were drawn "
        f"by a fixed seed ({SEED}) and read; rules have changed since. No longer found: {mended}. "
        f"Still found: {_judged(still, said)}\n### A second draw\n\nFindings of severity block that the first draw did "
        f"not have, by another seed ({AGAIN_SEED}): {_judged(drawn_again(entries, said), said)}"
    )


def _judged(found: Sequence[tuple[int, Mapping[str, Any]]], said: Mapping[str, Any]) -> str:
    rows, tally = [], Counter[tuple[str, str]]()
    for number, finding in found:
        judgment = said.get(f"{number}-{finding['code']}", {})
        verdict = str(judgment.get("verdict", "not read"))
        tally[finding["severity"], verdict] += 1
        line = "" if finding["line"] is None else str(finding["line"])
        rows.append((link(number), finding["code"], finding["severity"], line, verdict, str(judgment.get("why", ""))))
    summary = ", ".join(f"{severity} {verdict}: {n}" for (severity, verdict), n in sorted(tally.items()))
    head = ("pull request", "code", "severity", "line", "judged", "why")
    return f"{len(rows)} read; {summary}.\n\n{table(head, rows)}"


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
