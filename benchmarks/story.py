"""What people do while everything breaks: pull requests, pushes, edits, comments and commands, from a seed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from benchmarks.deployment import ORGANIZER, Hub, sample_files
from demo.github.values import PullRequest

SAMPLES = ("wider-mlp", "one-seed", "no-log", "over-cap", "target-in-key", "window-ttt", "slow-training")
MOST_COMMANDS = 25
"""Of one person: who gives many in an hour is not listened to."""


@dataclass(slots=True)
class Story:
    """Acts on the stand-in. Every submission has files of its own, so that no verdict depends on another's."""

    hub: Hub
    random: Random
    pulls_at_most: int
    pushes_at_most: int
    heads: dict[int, list[str]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    _files: Counter[int] = field(default_factory=Counter)

    def act(self) -> None:
        """Do the next thing."""
        kinds: list[tuple[Callable[[], None], int]] = [
            (self._open, 12 if len(self.heads) < self.pulls_at_most else 0),
            (self._push, 8 if self.done["push"] < self.pushes_at_most else 0),
            (self._retitle, 60),
            (self._comment, 12),
            (self._command, 2 if self.done["command"] < MOST_COMMANDS else 0),
            (self._close_or_reopen, 6),
            (self._draft_or_ready, 4),
            (self._rerun, 4),
        ]
        [(chosen, _)] = self.random.choices(kinds, [weight for _, weight in kinds])
        (chosen if self.heads else self._open)()

    def settle(self) -> None:
        """Open all but a few again and make them ready, so that there is much to compare at the end."""
        for number in self.heads:
            pull = self.hub.repository.pulls[number]
            if pull.issue.closed_at is not None and self.random.random() < 0.8:
                self.hub.people.reopen(self.hub.repository, pull)
            if pull.draft and self.random.random() < 0.8:
                self.hub.people.set_draft(self.hub.repository, pull, draft=False)

    def _any(self) -> PullRequest:
        return self.hub.repository.pulls[self.random.choice(list(self.heads))]

    def _head(self, number: int) -> str:
        """A commit with the submission of that pull request as it is now."""
        self._files[number] += 1
        version = f"{number}.{self._files[number]}"
        files = sample_files(SAMPLES[number % len(SAMPLES)], f"2026-06-{number:05d}")
        for path, data in files.items():
            if path.endswith(".json"):
                files[path] = json.dumps({**json.loads(data), "note": version}).encode()
            else:
                files[path] = data + f"\n# {version}\n".encode()
        return self.hub.people.commit(self.hub.repository, self._author(number), files)

    def _author(self, number: int) -> str:
        return f"author-{number % 40}"

    def _open(self) -> None:
        number = self.hub.repository.next_number
        pull = self.hub.people.open_pull_request(
            self.hub.repository, self._author(number), self._head(number), f"Submission {number}"
        )
        self.heads[pull.number] = [pull.head_sha]
        self.done["open"] += 1

    def _push(self) -> None:
        pull = self._any()
        head = self._head(pull.number)
        self.hub.people.push(self.hub.repository, pull, head)
        self.heads[pull.number].append(head)
        self.done["push"] += 1

    def _retitle(self) -> None:
        pull = self._any()
        self.hub.people.retitle(self.hub.repository, pull, f"Submission {pull.number}, take {self.done['retitle']}")
        self.done["retitle"] += 1

    def _comment(self) -> None:
        number = self._any().number
        self.hub.people.comment(self.hub.repository, number, f"reader-{self.done['comment'] % 50}", "Nice numbers!")
        self.done["comment"] += 1

    def _command(self) -> None:
        number = self._any().number
        text = self.random.choice(["/fairway accept", "/fairway needs-changes say more", "/fairway waive F04 agreed"])
        self.hub.people.comment(self.hub.repository, number, ORGANIZER, text)
        self.done["command"] += 1

    def _close_or_reopen(self) -> None:
        pull = self._any()
        if pull.issue.closed_at is None:
            self.hub.people.close(self.hub.repository, pull)
        else:
            self.hub.people.reopen(self.hub.repository, pull)
        self.done["close or reopen"] += 1

    def _draft_or_ready(self) -> None:
        pull = self._any()
        self.hub.people.set_draft(self.hub.repository, pull, draft=not pull.draft)
        self.done["draft or ready"] += 1

    def _rerun(self) -> None:
        run = self.hub.check(self._any())
        if run is not None:
            self.hub.people.rerun(run, "reader-1")
            self.done["rerun"] += 1
