"""Simpler checkers beside Fairway, on the same rulings in the same run: words in titles and paths, and plain patterns.

python -m benchmarks.peers --git REPO --data FOLDER

`words` looks at title and paths as the public classifiers of these pull requests do; `patterns` are regular expressions
on the unpacked code that name a shape; `loose patterns` are satisfied with a word of the family.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rules.competition import Competition, builtin
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.submission import PullRequest, Submission
from worker.earlier import place_all
from worker.tables import RulingRow, read_pull_requests, read_rulings
from worker.triage import read_placed

_WORDS = re.compile(
    r"n-?gram|\bcache\b|two[- _]?pass|\bppm\b|oracle|\bslot\b|prefix|val[- _]?only|backoff|mixer|pre-?quant", re.I
)
_PATTERNS = (
    re.compile(r"\^\s*\(?\s*\w*(?:tgt|target|next_tok|y_)\w*[^\n]{0,80}(?:prime|mult|\*\s*\d{4,})", re.I),
    re.compile(r"def \w*(?:ngram|n_gram)\w*\([^)]*(?:tgt|target|val_)", re.I),
    re.compile(
        r"two_?pass\w*\s*(?::\s*bool\s*)?=\s*(?:True|1|bool\(int\(os\.environ\.get\(\"\w+\", \"1\"\)\)\))", re.I
    ),
    re.compile(r"(?:torch|np)\.f?minimum\([^\n]*(?:nll|loss)", re.I),
    re.compile(r"def \w*ppm\w*\(", re.I),
    re.compile(r"def (?:ttt_adapt|prequant_ttt|ttt_on_val|adapt_on_val|finetune_on_val)\w*\(", re.I),
    re.compile(r"(?:calib|hessian)\w*\([^)\n]*val_tokens", re.I),
    re.compile(r"val[_-]?only", re.I),
)
_LOOSE = re.compile(
    r"n_?gram_?(?:cache|eval|table|hash|order)|two_?pass|ppm|min_nll|slot_(?:steps|lr)|def \w*ttt\w*\("
    r"|collect_hessians|gptq_calib|val_only|oracle",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A checker: its name and whether it flags a submission."""

    name: str
    flags: Callable[[Submission], bool]


def _by_words(submission: Submission) -> bool:
    paths = (file.path for file in submission.files)
    return any(_WORDS.search(text) for text in (submission.pull_request.title, *paths))


def _by_patterns(submission: Submission) -> bool:
    code = _code(submission)
    return any(pattern.search(code) for pattern in _PATTERNS)


def _by_loose_patterns(submission: Submission) -> bool:
    return _LOOSE.search(_code(submission)) is not None


def _code(submission: Submission) -> str:
    return "" if submission.script is None else submission.script.code


PEERS = (
    Peer("words in title and paths", _by_words),
    Peer("plain patterns on the unpacked code", _by_patterns),
    Peer("loose patterns", _by_loose_patterns),
)


@dataclass(frozen=True, slots=True)
class Row:
    """How many of the invalid and of the accepted ones a checker flags."""

    name: str
    invalid: int
    of_invalid: int
    accepted: int
    of_accepted: int


def compare(
    repository: GitRepository, listed: Sequence[PullRequest], rulings: Iterable[RulingRow], competition: Competition
) -> list[Row]:
    """Apply every peer to every pull request that was ruled invalid or accepted."""
    outcomes = {ruling.number: ruling.outcome for ruling in rulings}
    flagged: dict[tuple[str, str], int] = {}
    totals: dict[str, int] = {}
    memory = Memory()
    for placed in place_all(repository, listed, competition):
        outcome = outcomes.get(placed.pull_request.number)
        if outcome not in ("invalid", "accepted"):
            continue
        submission = read_placed(repository, placed, competition, memory)
        totals[outcome] = totals.get(outcome, 0) + 1
        for peer in PEERS:
            flagged[peer.name, outcome] = flagged.get((peer.name, outcome), 0) + peer.flags(submission)
    return [_row(peer.name, flagged, totals) for peer in PEERS]


def _row(name: str, flagged: Mapping[tuple[str, str], int], totals: Mapping[str, int]) -> Row:
    invalid, accepted = flagged.get((name, "invalid"), 0), flagged.get((name, "accepted"), 0)
    return Row(name, invalid, totals.get("invalid", 0), accepted, totals.get("accepted", 0))


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--git", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with pull-requests.csv and rulings-dev.csv")
    given = parser.parse_args()
    listed = read_pull_requests(given.data / "pull-requests.csv")
    rulings = read_rulings(given.data / "rulings-dev.csv")
    for row in compare(GitRepository(given.git), listed, rulings, builtin()):
        print(f"{row.name:40} invalid {row.invalid} of {row.of_invalid}, accepted {row.accepted} of {row.of_accepted}")


if __name__ == "__main__":
    main()
