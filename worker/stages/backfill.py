"""Bring in the open pull requests of a repository that were there before us, or that we missed, slowly.

First they are listed, page by page, and each gets a row; a page is kept in one transaction with the number up to which
everything is listed, so that the work goes on there after a crash. Then a second job asks for their fetching, oldest
first, a few at a time. It holds back while GitHub's limits are used up, and always leaves a part of each hour's
creations to pull requests that people push to meanwhile.

With "quiet" they get a check, and no comment and labels, until their authors push.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from worker import subjects
from worker.clients.gateway import AbsentError, PullRequestFacts, Repo, UnavailableError
from worker.pipeline import Context, Superseded
from worker.store import audit, backfills, jobs, repositories
from worker.store.backfills import LOUD_CREATIONS, QUIET_CREATIONS, Wish
from worker.store.jobs import Lease
from worker.store.models import Repository, Stage

ACTOR = "fairway"
PER_PAGE = 100
PAGES_AT_ONCE = 20
MOST_STEPS = 1_000
AT_ONCE = 20
SHARE = 0.75
"""What part of an hour's creations a backfill may use up."""

MOST_BACKLOG = 60.0
STAGGER = 0.5
"""Seconds between the fetches that are asked for at once: what people push meanwhile goes in between."""

LEAST_PAUSE, LONGEST_PAUSE, SPENT_PAUSE = AT_ONCE * STAGGER, 120.0, 180.0


@dataclass(frozen=True, slots=True)
class _Found:
    """The open pull requests that follow a number, without a gap. `more`: others follow them."""

    items: Sequence[PullRequestFacts]
    page: int
    more: bool


def run(context: Context, lease: Lease) -> None:
    """List, or feed the pipeline, as the lease's subject says."""
    repository_id = int(lease.subject.partition("!")[0])
    with context.scope() as session:
        repository = repositories.active_repository(session, repository_id)
        if repository is None:
            backfills.forget_cursor(session, repository_id)
        others = [s for s in backfills.under_way(session, repository_id) if s != lease.subject]
    if repository is None:
        raise Superseded
    if lease.subject == backfills.feeding(repository_id):
        _feed(context, lease, repository)
        return
    wish = Wish.of(lease.subject)
    if wish.is_plain and any(s != backfills.feeding(repository_id) for s in others):
        raise Superseded  # somebody wished for something particular, which goes on
    try:
        _list(context, lease, repository, wish)
    except AbsentError:  # the repository is gone, or not for us any more
        raise Superseded from None


def _list(context: Context, lease: Lease, repository: Repository, wish: Wish) -> None:
    """List a number of pages, beginning where the last run ended."""
    repo = subjects.repo_of(repository)
    cursor = repository.backfill_cursor or 0
    with context.scope() as session:
        page = backfills.listed_before(session, repository.id, cursor) // PER_PAGE + 1
    for _ in range(PAGES_AT_ONCE):
        found = _after(context, repo, cursor, page)
        with context.scope() as session:
            jobs.hold(session, lease)
            _keep(session, repository.id, wish, cursor, found)
            if not found.more:
                jobs.finish(session, lease)
                return
        cursor, page = max(facts.number for facts in found.items), found.page + 1
    with context.scope() as session:
        jobs.finish(session, lease)
        jobs.request(session, Stage.BACKFILL, lease.subject)


def _after(context: Context, repo: Repo, cursor: int, page: int) -> _Found:
    """What follows the number, on about that page.

    Where pull requests close meanwhile, later ones move to earlier pages: a page is trusted if it shows one up to the
    number too, or if the page before shows nothing else.
    """
    for _ in range(MOST_STEPS):
        found = context.github.open_pull_requests(repo, page=page)
        new = [facts for facts in found.items if facts.number > cursor]
        if page == 1 or len(new) < len(found.items):
            if new or not found.more:
                return _Found(new, page, found.more)
            page += 1
            continue
        before = context.github.open_pull_requests(repo, page=page - 1)
        moved = [facts for facts in before.items if facts.number > cursor]
        if not moved:
            return _Found(new, page, found.more)
        page -= 1
    raise UnavailableError("the list of open pull requests changes faster than it can be read")


def _keep(session: Session, repository_id: int, wish: Wish, cursor: int, found: _Found) -> None:
    """Rows for these, and how far the list is read."""
    listed = [_listed(facts) for facts in found.items]
    backfills.keep(session, wish, cursor, listed, last_page=not found.more)
    repository = session.get_one(Repository, repository_id)
    repository.backfill_cursor = max(one.number for one in listed) if found.more else None
    jobs.request(session, Stage.BACKFILL, backfills.feeding(repository_id))
    if not found.more:
        audit.note(session, ACTOR, "backfill-listed", repository.full_name, wish=wish.subject)


def _listed(facts: PullRequestFacts) -> backfills.Listed:
    rest = {"author": facts.author[:100], "author_id": facts.author_id, "base_sha": facts.base_sha}
    return backfills.Listed(facts.number, facts.head_sha, facts.draft, facts.title, facts.created_at, rest)


def _feed(context: Context, lease: Lease, repository: Repository) -> None:
    """Ask for the next fetches, as many as may be, and come again as long as there are more."""
    backlog = context.backlog(repository.installation_id)
    with context.scope() as session:
        jobs.hold(session, lease)
        under_way = backfills.fetching(session, repository.id)
        rows = backfills.waiting(session, repository.id, AT_ONCE)
        room, pause = _room(context, session, repository, under_way, backlog)
        for place, row in enumerate(rows[: max(0, AT_ONCE - under_way)]):
            room -= QUIET_CREATIONS if row.quiet else LOUD_CREATIONS
            if room < 0:
                break
            subject = subjects.of_pull_request(repository.id, row.number)
            jobs.request(session, Stage.FETCH, subject, delay_seconds=place * STAGGER)
        jobs.finish(session, lease)
        if rows:
            jobs.request(session, Stage.BACKFILL, lease.subject, delay_seconds=pause)


def _room(
    context: Context, session: Session, repository: Repository, under_way: int, backlog: float
) -> tuple[float, float]:
    """How many creations may be asked for now, and in how many seconds to come again."""
    if backlog > MOST_BACKLOG:
        return 0, min(max(backlog - MOST_BACKLOG, LEAST_PAUSE), LONGEST_PAUSE)
    of_hour = SHARE * context.settings.creations_per_hour
    left = of_hour - backfills.spent(session, repository.installation_id) - under_way * LOUD_CREATIONS
    return left, LEAST_PAUSE if left >= LOUD_CREATIONS else SPENT_PAUSE
