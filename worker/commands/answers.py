"""What is answered to commands. The words of the bot stand here; whatever a person wrote is escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from rules import docs
from rules.competition import Competition
from rules.report import escape
from rules.rule import Rule
from worker.commands.grammar import PREFIX
from worker.precedents import Effect
from worker.publishing import texts
from worker.publishing.situation import Situation
from worker.reproduction import codes
from worker.rulings import SHORT_SHA, Requested, Ruled
from worker.store.models import Outcome, RunStatus

MARKER = "<!-- fairway:answer {} -->"
HEAD = "In answer to {}'s [comment]({}):"
LINE, LOGIN, MESSAGE, LIMIT = 120, 60, 600, 60_000  # characters

HELP = f"""A command is a line of its own that begins with `{PREFIX}`, outside of quotes, lists, tables and code.

For everybody:
- `{PREFIX} help`: this list
- `{PREFIX} status`: where this submission stands
- `{PREFIX} rerun`: read and check the pull request again
- `{PREFIX} explain F04`: what a rule says

For those who rule in this competition:
- `{PREFIX} accept`: the submission counts
- `{PREFIX} reject F04 E05 the seeds differ`: it does not, under these rules, and why
- `{PREFIX} needs-changes the log of seed 2 is missing`: the author has to change something first
- `{PREFIX} waive F04 agreed in the issue`: findings of these rules do not count, and why
- `{PREFIX} hold waiting for a second opinion`: no automatic step goes on until the next ruling
- `{PREFIX} reproduce smoke`: ask for a run; `probe`, `seed` and `full` are the others

A ruling is for the commit that was there when the comment was written: after a push it takes a new one."""

NO_RULER = "This takes somebody who rules in this competition: {}."
NOT_READ = "Fairway has not read this commit yet. Give the command again in a new comment when its check is there."
MOVED = (
    "The pull request moved on to {} after this comment was written. A ruling is for the commit that was looked at: "
    "look at the new one and give the command in a new comment."
)
EDITED = (
    "This comment was changed, and not, as far as Fairway was told, by its author: others may change it too. Give the "
    "command in a new comment."
)
READING_ANEW = (
    "The pull request has a newer commit than the one that Fairway has read. It is being read now; look at it and give "
    "the command in a new comment."
)
RERUN = "The pull request is read and checked again."
SET_ASIDE = (
    "Fairway failed on it in three attempts. The organizers see that in their queue; `/fairway rerun` tries again."
)
RULED = {
    Outcome.ACCEPTED: "Accepted at {}.",
    Outcome.REJECTED: "Rejected at {} under {}.",
    Outcome.NEEDS_CHANGES: "Needs changes, at {}.",
    Outcome.WAIVED: "Waived at {}: {}.",
    Outcome.HELD: "On hold at {}: no automatic step goes on until the next ruling.",
}
PRECEDENT = "It is a precedent for later pull requests that keep {} guilty statement{} of it."
NO_PRECEDENT = "No finding of these rules quotes code that accepted submissions lack, so it is no precedent for others."
ENDS = "The precedent that stood on this commit ends."
AGAIN = "Screened again because of it: {}."
ALIKE = "Open ones that hold the same lines today, were opened before and are not touched: {}."
NUMBERS_AT_MOST = 12
ABSENT = "Nothing of {} was found at this commit, so the waiver changes nothing for it."
RUN_ASKED = "A {} run of {} is asked for, with the steps below it that are missing."
RUN_KEPT = "No runner is set up for this competition yet: the request is kept until one is."
RUN_KNOWN = "A {} run of {} was asked for before: it is {}."
MEASURED = "**{} {}** (at most *{}*, shown by a run): {}"
NO_RULE = "There is no rule {}; {}"
TOO_MANY = "{} more commands of this comment were not read: one comment may give {}."


def marker(comment_id: int) -> str:
    """What the answer to a comment begins with, by which it is found again."""
    return MARKER.format(comment_id)


def body(comment_id: int, login: str, url: str, parts: Sequence[tuple[str, str]], left_out: int, most: int) -> str:
    """The answer to a comment: each of its commands and what became of it."""
    blocks = [HEAD.format(escape.code(login, LOGIN), url)]
    blocks += [f"**{escape.code(line, LINE)}**\n\n{answer}" for line, answer in parts]
    if left_out:
        blocks.append(TOO_MANY.format(left_out, most))
    return texts.fitted("\n".join([marker(comment_id), "\n\n".join(blocks)]), LIMIT)


def digest(text: str) -> str:
    """What tells one answer from another."""
    return hashlib.sha256(text.encode()).hexdigest()


def message(text: str) -> str:
    """A message for a person as a sentence, whatever it quotes."""
    shown = escape.prose(text, MESSAGE)
    return shown[:1].upper() + shown[1:] + ("" if shown.endswith(("?", ".", "!")) else ".")


def who_rules(permissions: Sequence[str], users: Sequence[str | int]) -> str:
    """The refusal of somebody who does not rule."""
    named = [f"{escape.code(one)} permission on this repository" for one in permissions]
    return NO_RULER.format(" or ".join([*named, *(_account(user) for user in users[:5])]) or "nobody is named")


def _account(user: str | int) -> str:
    return escape.code(user, LOGIN) if isinstance(user, str) else f"the account with the number {user}"


def moved(head_sha: str) -> str:
    """The refusal of a ruling on a commit that nobody can have looked at."""
    return MOVED.format(sha(head_sha))


def ruled(done: Ruled) -> str:
    """What was ruled."""
    codes = ", ".join(escape.code(code) for code in done.codes)
    said = RULED[done.outcome].format(sha(done.head_sha), codes)
    vain = f" {ABSENT.format(', '.join(map(escape.code, done.absent)))}" if done.absent else ""
    return f"{said}{vain}{effect(done.effect)}"


def effect(on: Effect, *, foreseen: bool = False) -> str:
    """What a ruling does to precedents, as sentences that follow others; "" where it does nothing.

    `foreseen`: it is not done yet, and that it makes no precedent is worth a sentence too.
    """
    parts = []
    if on.statements:
        parts.append(PRECEDENT.format(on.statements, "" if on.statements == 1 else "s"))
    elif on.statements == 0 and foreseen:
        parts.append(NO_PRECEDENT)
    if on.ends:
        parts.append(ENDS)
    if on.again:
        parts.append(AGAIN.format(_numbers(on.again)))
    if on.alike:
        parts.append(ALIKE.format(_numbers(on.alike)))
    return "".join(f" {part}" for part in parts)


def _numbers(numbers: Sequence[int]) -> str:
    """Pull requests by number, in code spans: a reference would leave a mark in each of them."""
    named = ", ".join(escape.code(f"#{number}") for number in numbers[:NUMBERS_AT_MOST])
    more = len(numbers) - NUMBERS_AT_MOST
    return named + (f" and {more} more" if more > 0 else "")


def run_asked(requested: Requested, head_sha: str, competition: Competition) -> str:
    """What became of the wish for a run."""
    if requested.new or requested.status is RunStatus.REQUESTED:
        said = RUN_ASKED.format(requested.kind, sha(head_sha))
        return said if competition.reproduction.runs else f"{said} {RUN_KEPT}"
    return RUN_KNOWN.format(requested.kind, sha(head_sha), requested.status.value)


def status(situation: Situation, *, stuck: bool) -> str:
    """Where a submission stands."""
    lines = [f"Commit {sha(situation.head_sha)}: {texts.title(situation)}", texts.summary(situation)]
    return "\n\n".join([*lines, *([SET_ASIDE] if stuck else [])])


def explained(asked: str) -> tuple[str, bool]:
    """What a rule says, by its code or name, and whether there is one."""
    known = docs.documented()
    for rule in known:
        if asked.upper() == rule.code or asked.lower() == rule.name:
            return "\n\n".join(_page(rule)), True
    for rule in codes.shown_by_runs():
        if asked.upper() == rule.code or asked.lower() == rule.name:
            return MEASURED.format(rule.code, rule.name, rule.severity, rule.doc), True
    names = [text for rule in known for text in (rule.code, rule.name)]
    near = get_close_matches(asked.lower(), names) or get_close_matches(asked.upper(), names)
    hint = f"did you mean {' or '.join(map(escape.code, near))}?" if near else "a code looks like `F04`."
    return NO_RULE.format(escape.code(asked, LOGIN), hint), False


def sha(head_sha: str) -> str:
    """A commit as it is named in a sentence."""
    return escape.code(head_sha[:SHORT_SHA])


def _page(rule: Rule) -> Iterator[str]:
    """The rule's page without headings, which would be louder than the thread around."""
    yield f"**{rule.code} {rule.name}** (at most *{rule.severity}*): {docs.summary(rule)}"
    for heading, text in docs.sections(rule).items():
        yield f"**{heading}**\n\n{text}"
