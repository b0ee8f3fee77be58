"""Which other pull requests a submission names, and which of them it says it descends from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from rules.reading.metadata.scan import Leaf, scan
from rules.reading.metadata.words import bare_seed, words_of
from rules.reading.references import references_in
from rules.rule import Location
from rules.submission import Citation, Commit, Mention, Metadata, Readme

MAX_LINES = 20_000
MAX_REFERENCES = 5_000
_HEADING = re.compile(r"\s{0,3}(?:\#{1,6}\s+(?P<hashes>[^\n]{1,200})|\*\*(?P<bold>[^*\n]{1,80})\*\*:?\s*$)")
_CREDITS = re.compile(
    r"credit|acknowledg|lineage|attribution|provenance|ancest|based on|built on|builds on|derived|inherit|\bparents?\b",
    re.IGNORECASE,
)
_FENCES = ("```", "~~~")
_NUMBER_KEYS = frozenset({"pr", "prs", "pull"})
_PARENT_KEYS = frozenset(
    (
        "base",
        "parent",
        "parents",
        "lineage",
        "built",
        "based",
        "derived",
        "fork",
        "forked",
        "upstream",
        "stack",
        "credits",
    )
)
_NO_PARENT_KEYS = frozenset({"comparison", "baseline", "vs", "delta", "compared"})


def find_citations(
    readme: Readme | None,
    commits: Sequence[Commit],
    metadata: Metadata | None,
    title: str,
    own_number: int,
    *,
    repository: str | None = None,
) -> tuple[Citation, ...]:
    """The pull requests that README, submission.json, title and commit messages name, each once, by number.

    Where a number is named several times the first place that calls it a parent counts, else the first of all. Numbers
    of issues look the same where no word tells. `repository` ("owner/name") leaves out addresses of others.
    """
    found: dict[int, Citation] = {}
    for citation in islice(_all(readme, commits, metadata, title, repository), MAX_REFERENCES):
        known = found.get(citation.number)
        first_as_parent = known is not None and known.kind is Mention.OTHER and citation.kind is Mention.PARENT
        if citation.number != own_number and (known is None or first_as_parent):
            found[citation.number] = citation
    return tuple(found[number] for number in sorted(found))


def _all(
    readme: Readme | None, commits: Sequence[Commit], metadata: Metadata | None, title: str, repository: str | None
) -> Iterator[Citation]:
    if readme is not None:
        yield from _in_text(readme.path, readme.text, repository)
    if metadata is not None:
        for leaf in scan(metadata.text).leaves:
            yield from _in_leaf(metadata.path, leaf, repository)
    yield from _in_lines("title", [title], repository)
    for commit in commits:
        yield from _in_lines(f"commit {commit.sha[:12]}", commit.message.split("\n"), repository)


def _in_lines(place: str, lines: Iterable[str], repository: str | None) -> Iterator[Citation]:
    for number, line in enumerate(lines, start=1):
        for reference in references_in(line, repository=repository):
            yield Citation(reference.number, reference.kind, reference.phrase, Location(place, number))


def _in_text(path: str, text: str, repository: str | None) -> Iterator[Citation]:
    """Citations of a Markdown text: a section of credits makes parents, a block of code holds no bare numbers."""
    in_code = in_credits = False
    for number, line in enumerate(text.split("\n", MAX_LINES)[:MAX_LINES], start=1):
        if line.lstrip().startswith(_FENCES):
            in_code = not in_code
            continue
        heading = None if in_code else _HEADING.match(line)
        if heading is not None:
            in_credits = _CREDITS.search(heading["hashes"] or heading["bold"]) is not None
        for reference in references_in(line, code=in_code, repository=repository):
            kind = Mention.PARENT if in_credits else reference.kind
            yield Citation(reference.number, kind, reference.phrase, Location(path, number))


def _in_leaf(path: str, leaf: Leaf, repository: str | None) -> Iterator[Citation]:
    """Citations of one value of submission.json; its keys say what it is ("base_pr": 123)."""
    keys = [key for key in leaf.path if isinstance(key, str)]
    words = {word for key in keys for word in words_of(key)}
    parent = bool(words & _PARENT_KEYS) and not words & _NO_PARENT_KEYS
    place = Location(path, leaf.line)
    number = bare_seed(leaf.value) if keys and not _NUMBER_KEYS.isdisjoint(words_of(keys[-1])) else None
    if number is not None and 0 < number < 10**6:
        yield Citation(number, Mention.PARENT if parent else Mention.OTHER, f"{keys[-1]}: {number}"[:200], place)
    elif isinstance(leaf.value, str):
        for line in leaf.value.split("\n"):
            for reference in references_in(line, repository=repository):
                kind = Mention.PARENT if parent else reference.kind
                yield Citation(reference.number, kind, reference.phrase, place)
