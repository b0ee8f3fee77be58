"""The grammar of commands: a line that begins with `/fairway`, and the one command or mistake that it is.

/fairway help | status | rerun | explain CODE
/fairway accept | needs-changes [reason] | hold [reason] | reproduce [smoke|probe|full]
/fairway reject CODE… reason | waive CODE… reason
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from worker.rulings import KINDS, MOST_REASON

PREFIX = "/fairway"
MOST_LINE = 4_000  # characters of a line that are read
LONGEST_NAME = 80
SHOWN = 40  # characters of a word that a mistake quotes


@dataclass(frozen=True, slots=True)
class Help:
    """What commands there are."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where the submission stands."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """Read and check the pull request again."""


@dataclass(frozen=True, slots=True)
class Explain:
    """What a rule says. `rule` is a code or a name, as it was written."""

    rule: str


@dataclass(frozen=True, slots=True)
class Accept:
    """The submission counts."""


@dataclass(frozen=True, slots=True)
class Reject:
    """The submission does not count, under these rules."""

    codes: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class NeedsChanges:
    """The author has to change something first."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Waive:
    """Findings of these codes do not count."""

    codes: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Reproduce:
    """Run the submission."""

    kind: str = KINDS[0]


@dataclass(frozen=True, slots=True)
class Hold:
    """No automatic step goes on until the next ruling."""

    reason: str = ""


Command = Help | Status | Rerun | Explain | Accept | Reject | NeedsChanges | Waive | Reproduce | Hold


@dataclass(frozen=True, slots=True)
class Mistake:
    """No command. `message` says what is wrong and how to mend it, and may quote the person's words."""

    message: str


_WORDS = re.compile(r"\S+")
_CODE = re.compile(r"([A-Za-z]\d{2})[,;:.]?")
_COMMAND = re.compile(rf"{PREFIX}(?!\S)", re.IGNORECASE)


def is_command(line: str) -> bool:
    """Whether a line begins with the prefix, as a word of its own."""
    return _COMMAND.match(line) is not None


def parse(line: str) -> Command | Mistake:
    """The command of a line that begins with the prefix. Never raises."""
    if len(line) > MOST_LINE:
        return Mistake(f"the command is longer than {MOST_LINE:,} characters; say the rest in words below it")
    words = _WORDS.findall(line)[1:]
    if not words:
        return Mistake("which command? `/fairway help` lists them")
    verb, rest = words[0].lower(), words[1:]
    reader = _READERS.get(verb)
    if reader is None:
        near = get_close_matches(verb[:SHOWN], _READERS, n=1)
        hint = f"did you mean `{PREFIX} {near[0]}`?" if near else f"`{PREFIX} help` lists the commands"
        return Mistake(f"there is no command `{_quoted(words[0])}`; {hint}")
    return reader(verb, rest)


def text_of(command: Command) -> str:
    """The command as it is written."""
    match command:
        case Explain(rule):
            return f"{PREFIX} explain {rule}"
        case Reject(codes, reason):
            return f"{PREFIX} reject {' '.join(codes)} {reason}"
        case Waive(codes, reason):
            return f"{PREFIX} waive {' '.join(codes)} {reason}"
        case NeedsChanges(reason):
            return f"{PREFIX} needs-changes {reason}".rstrip()
        case Hold(reason):
            return f"{PREFIX} hold {reason}".rstrip()
        case Reproduce(kind):
            return f"{PREFIX} reproduce {kind}"
        case _:
            return f"{PREFIX} {type(command).__name__.lower()}"


Reader = Callable[[str, list[str]], Command | Mistake]


def _alone(make: Callable[[], Command]) -> Reader:
    def read(verb: str, rest: list[str]) -> Command | Mistake:
        if rest:
            return Mistake(f"`{PREFIX} {verb}` stands alone on its line; say the rest in words below it")
        return make()

    return read


def _explain(_verb: str, rest: list[str]) -> Command | Mistake:
    if len(rest) != 1 or len(rest[0]) > LONGEST_NAME:
        return Mistake(f"`{PREFIX} explain` takes one rule by its code, such as `{PREFIX} explain F04`")
    return Explain(rest[0])


def _reproduce(_verb: str, rest: list[str]) -> Command | Mistake:
    kind = " ".join(rest).lower() or KINDS[0]
    if kind not in KINDS:
        return Mistake(f"`{PREFIX} reproduce` takes one of {', '.join(f'`{one}`' for one in KINDS)}")
    return Reproduce(kind)


def _reasoned(make: Callable[[str], Command]) -> Reader:
    def read(_verb: str, rest: list[str]) -> Command | Mistake:
        return _too_long(rest) or make(" ".join(rest))

    return read


def _ruled(make: Callable[[tuple[str, ...], str], Command]) -> Reader:
    def read(verb: str, rest: list[str]) -> Command | Mistake:
        found = [_CODE.fullmatch(word) for word in rest]
        count = found.index(None) if None in found else len(found)
        codes = tuple(dict.fromkeys(match[1].upper() for match in found[:count] if match))
        reason = rest[count:]
        if not codes or not reason:
            missing = "why" if codes else "under which rules"
            return Mistake(f"`{PREFIX} {verb}` has to say {missing}: `{PREFIX} {verb} F04 the seeds differ`")
        return _too_long(reason) or make(codes, " ".join(reason))

    return read


def _too_long(words: list[str]) -> Mistake | None:
    length = len(" ".join(words))
    return (
        Mistake(f"the reason has {length:,} characters; at most {MOST_REASON:,} are kept")
        if length > MOST_REASON
        else None
    )


def _quoted(word: str) -> str:
    return word[:SHOWN].replace("`", "'")


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "help": _alone(Help),
        "status": _alone(Status),
        "rerun": _alone(Rerun),
        "explain": _explain,
        "accept": _alone(Accept),
        "reject": _ruled(Reject),
        "needs-changes": _reasoned(NeedsChanges),
        "waive": _ruled(Waive),
        "reproduce": _reproduce,
        "hold": _reasoned(Hold),
    }
)
VERBS = tuple(_READERS)
