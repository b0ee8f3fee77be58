"""Numbers of pull requests in running text: "#123", "PR 123", an address; told apart from ranks, issues and colours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rules.submission import Mention

MAX_LINE = 4000
_PHRASE = 200
_BEFORE = 160
_REFERENCE = re.compile(
    r"""
    github\.com/(?P<owner>[\w.-]{1,40})/(?P<name>[\w.-]{1,100})/pull/(?P<url>[1-9][0-9]{0,5})(?![0-9])
  | (?:
        (?<![A-Za-z0-9_])(?:PRs?|[Pp]ull[ ][Rr]equests?)[ \t:`*_(\[-]{0,3}\#?(?P<named>[1-9][0-9]{0,5})
      | (?<![\w&/\#:="'.%-])\#(?P<bare>[1-9][0-9]{1,4})
    )
    (?![0-9A-Za-z%]|\.[0-9])
    """,
    re.VERBOSE,
)
# Words in front of "#12" that make it the number of something else.
_OTHER_THING = re.compile(
    r"(?:issues?|discussions?|rank(?:ed)?|place|position|no|number|record|sota|leaderboard|run|step|seed|attempt|trial"
    r"|exp(?:eriment)?|layer|table|fig(?:ure)?|entry|row|idea|condition|top|gpu|node|phase|fix|bug|item|part|stage|merge"
    r"|colou?r|fill|background|stroke)"
    r"[\s:*_`(\[]*$",
    re.IGNORECASE,
)
_TO_AN_ISSUE = re.compile(r"[\])`*\s]{0,4}\(https?://[^)\s]{0,100}/(?:issues|discussions)/")
_MERGE = re.compile(r"\s*merge(?:d)?\s+(?:pull request|pr)\b", re.IGNORECASE)
_DERIVED = re.compile(
    r"""
    \b(?:
        (?:re)?buil(?:d|ds|ding|t)\s+(?:\w+\s+){0,2}(?:on|upon|off|from|atop)
      | (?:based|rebased|stacked|layered|relies|lineage|adapted|derived|inherit(?:s|ed|ing)?|forked|branched)\b
      | (?:fork|extension|continuation|descendant|derivative|child|variant|adaptation)\s+(?:of|from)
      | (?:follow-?up|successor)\s+(?:to|of)
      | start(?:s|ed|ing)?\s+(?:\w+\s+){0,1}from
      | on\s+top\s+of
      | extend(?:s|ed|ing)?
      | (?:change[sd]?|differences?|identical|same|unchanged|modified|taken|ported|copied)
        \s+(?:\w+\s+){0,2}(?:from|to|as)\b
      | (?:base|parent|ancestor|lineage|origin|upstream|foundation|starting\s+point)
        (?:\s+(?:pr|code|script|stack|model))?\s*[*_`]{0,2}\s*:
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_IS_BASE = re.compile(
    r"[\])`*\s]{0,4}(?:\([^()]{0,90}\)\s?)?(?:\([^()]{0,90}\)\s?)?[\s\u2014:-]{0,4}"
    r"(?:stack|base|codebase|foundation|lineage|fork)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A number in a line of text, what it is said to be, and the words around it."""

    number: int
    kind: Mention
    phrase: str


def references_in(line: str, *, code: bool = False, repository: str | None = None) -> Iterator[Reference]:
    """The pull requests that a line names.

    In code a bare "#12" is a comment. `repository` is "owner/name"; addresses of others are then left out.
    """
    line = line[:MAX_LINE]
    if "#" not in line and "PR" not in line and "ull" not in line:
        return
    for found in _REFERENCE.finditer(line):
        bare = found["bare"]
        if bare is not None and (code or _is_other_thing(line, found)):
            continue
        if found["url"] is not None and repository not in (None, f"{found['owner']}/{found['name']}"):
            continue
        if found["named"] is not None and _MERGE.match(line):
            continue
        number = int(found["url"] or found["named"] or bare)
        kind = Mention.PARENT if _derives(line, found) else Mention.OTHER
        yield Reference(number, kind, _around(line, found.start()))


def _is_other_thing(line: str, found: re.Match[str]) -> bool:
    """Whether the words in front or the address behind say that "#12" numbers no pull request."""
    if _OTHER_THING.search(line, max(0, found.start() - 30), found.start()):
        return True
    return _TO_AN_ISSUE.match(line, found.end()) is not None


def _derives(line: str, found: re.Match[str]) -> bool:
    """Whether the sentence says, before or right after the number, that the work descends from it."""
    before = line[max(0, found.start() - _BEFORE) : found.start()]
    sentence = before[before.rfind(". ") + 1 :]
    return _DERIVED.search(sentence) is not None or _IS_BASE.match(line, found.end()) is not None


def _around(line: str, position: int) -> str:
    start = max(0, position - _PHRASE // 2)
    return line[start : start + _PHRASE].strip()
