"""What a COMMAND job is about, as text in its row and back: a comment, a check to be run again, a button."""

from __future__ import annotations

import re
from dataclasses import dataclass

RERUN, HUMAN_REVIEW, REPRODUCE = "rerun", "human-review", "reproduce"
BUTTONS = frozenset({RERUN, HUMAN_REVIEW, REPRODUCE})
MOST_SUBJECT = 160  # characters of a job's subject


@dataclass(frozen=True, slots=True)
class InComment:
    """A comment that may hold commands."""

    repository_id: int
    comment_id: int

    @property
    def subject(self) -> str:
        """As in the job's row."""
        return f"{self.repository_id}:{self.comment_id}"


@dataclass(frozen=True, slots=True)
class Again:
    """GitHub's own "Re-run" at a check of a pull request."""

    repository_id: int
    number: int

    @property
    def subject(self) -> str:
        """As in the job's row."""
        return f"{self.repository_id}#{self.number}!rerun"


@dataclass(frozen=True, slots=True)
class Press:
    """One of our buttons at the check of a commit, and who pressed it. The number tells who; a login may be borrowed.

    A login that does not fit is left out: it can only be needed to ask what its account may do.
    """

    repository_id: int
    head_sha: str
    button: str
    user_id: int
    login: str

    @property
    def subject(self) -> str:
        """As in the job's row."""
        before = f"{self.repository_id}!{self.head_sha}!{self.button}!{self.user_id}!"
        return before + (self.login if len(before + self.login) <= MOST_SUBJECT else "")


Asked = InComment | Again | Press

_COMMENT = re.compile(r"(\d+):(\d+)")
_AGAIN = re.compile(r"(\d+)#(\d+)!rerun")
_PRESS = re.compile(r"(\d+)!([0-9a-f]{40,64})!([a-z-]{1,20})!(\d+)!([^!]*)")


def parse(subject: str) -> Asked:
    """What the subject says. Raises ValueError."""
    if match := _COMMENT.fullmatch(subject):
        return InComment(int(match[1]), int(match[2]))
    if match := _AGAIN.fullmatch(subject):
        return Again(int(match[1]), int(match[2]))
    if match := _PRESS.fullmatch(subject):
        return Press(int(match[1]), match[2], match[3], int(match[4]), match[5])
    raise ValueError(f"{subject!r} is nothing that can be asked")
