"""The stand-in's memory: one object, one lock.

Everything that changes it holds `lock`: requests do so in `demo.github.front`, people in `demo.github.people`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from random import Random

from demo.github.faults import Faults
from demo.github.hooks import Delivery, Hooks
from demo.github.limits import Limits, Meter
from demo.github.log import Exchange, RequestLog
from demo.github.values import (
    Account,
    AppFacts,
    CheckRun,
    CheckSuite,
    Clock,
    Comment,
    Installation,
    Json,
    Label,
    Repository,
    Token,
    utc_now,
)

PERMISSIONS = {
    "checks": "write",
    "contents": "read",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
}
EVENTS = ("check_run", "check_suite", "issue_comment", "pull_request", "push")
ALWAYS = frozenset({"ping", "installation", "installation_repositories"})


class GitHubState:
    """All that the stand-in knows. `url` is its own address, for links; `serve` sets it."""

    def __init__(
        self,
        public_key: bytes,
        *,
        app_id: int = 4711,
        slug: str = "fairway",
        owner: str = "fairway-makers",
        permissions: Mapping[str, str] | None = None,
        events: tuple[str, ...] = EVENTS,
        clock: Clock = utc_now,
        jwt_clock: Clock | None = None,
        limits: Limits | None = None,
        seed: int = 0,
    ) -> None:
        self.lock = threading.RLock()
        self.clock, self.jwt_clock = clock, jwt_clock or clock
        self.random = Random(seed)  # noqa: S311 - reproducible, no secret
        self.url = "http://127.0.0.1"
        self.log, self.faults = RequestLog(), Faults(Random(seed))  # noqa: S311
        self.meter = Meter(limits or Limits())
        self.hooks = Hooks(clock, Random(seed))  # noqa: S311
        self.ids = count(1_000_001)
        self.accounts: dict[str, Account] = {}
        self.repositories: dict[int, Repository] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.comments: dict[int, Comment] = {}
        self.suites: dict[int, CheckSuite] = {}
        self.suite_of: dict[tuple[int, str], CheckSuite] = {}
        self.runs: dict[int, CheckRun] = {}
        self.tree_limit = 100_000
        makers, bot = self.account(owner, "Organization"), self.account(f"{slug}[bot]", "Bot")
        granted = dict(PERMISSIONS if permissions is None else permissions)
        name = slug.replace("-", " ").title()
        self.app = AppFacts(app_id, slug, name, makers, bot, public_key, granted, events, self.now())

    def now(self) -> datetime:
        """The time, in whole seconds as GitHub tells it."""
        return self.clock().replace(microsecond=0)

    def account(self, login: str, kind: str | None = None) -> Account:
        """The account of a login, made when it is first named. A login that ends in `[bot]` is a bot."""
        known = self.accounts.get(login.lower())
        if known is None:
            kind = kind or ("Bot" if login.endswith("[bot]") else "User")
            known = self.accounts[login.lower()] = Account(next(self.ids), login, kind)
        return known

    def add_repository(
        self,
        full_name: str,
        git: Path,
        *,
        roles: Mapping[str, str] | None = None,
        default_branch: str = "main",
        private: bool = False,
    ) -> Repository:
        """A repository with the objects of a bare one; `roles` says what each login may do, `admin` down to `read`."""
        owner, name = full_name.split("/")
        with self.lock:
            made = Repository(
                next(self.ids), self.account(owner, "Organization"), name, git, default_branch, self.now(), private
            )
            made.collaborators = {self.account(login).id: role for login, role in (roles or {}).items()}
            self.repositories[made.id] = made
        return made

    def repository(self, full_name: str) -> Repository | None:
        """A repository by its name, without case."""
        wanted = full_name.lower()
        return next((r for r in self.repositories.values() if r.full_name.lower() == wanted), None)

    def installation_of(self, repository: Repository) -> Installation | None:
        """The installation that covers a repository."""
        covering = (i for i in self.installations.values() if repository.id in i.repository_ids)
        return next(covering, None)

    def repositories_of(self, installation: Installation) -> list[Repository]:
        """What an installation covers, in order of its making."""
        return [self.repositories[number] for number in sorted(installation.repository_ids)]

    def label(self, repository: Repository, name: str) -> Label:
        """A repository's label, made when it is first used."""
        known = repository.labels.get(name.lower())
        if known is None:
            known = repository.labels[name.lower()] = Label(next(self.ids), name)
        return known

    def runs_of(self, repository: Repository, head_sha: str) -> Iterator[CheckRun]:
        """The App's check runs of a commit, oldest first."""
        suite = self.suite_of.get((repository.id, head_sha))
        yield from () if suite is None else (self.runs[number] for number in suite.runs)

    def too_early(self) -> list[Exchange]:
        """Requests of an installation that had been told to wait, within the time that it was told."""
        return [
            exchange
            for window in self.faults.windows
            for exchange in self.log.between(window.start, window.end)
            if exchange.installation_id == window.installation_id
        ]

    def emit(
        self, event: str, action: str | None, payload: Json, *, to: Installation | None, about: Repository | None = None
    ) -> Delivery | None:
        """Send a webhook, if the App hears of such events. Apps hear of nothing where they are not installed."""
        if event not in ALWAYS and (to is None or to.suspended_at is not None or event not in self.app.events):
            return None
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return self.hooks.post(
            event,
            action,
            body,
            installation_id=None if to is None else to.id,
            repository_id=None if about is None else about.id,
        )
