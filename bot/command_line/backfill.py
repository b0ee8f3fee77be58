"""`fairway backfill`: judge the pull requests of a repository that are open already."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from bot.command_line.codes import DONE, INTERRUPTED

if TYPE_CHECKING:
    from worker.store.backfills import Asked, Progress, Wish
    from worker.store.session import SessionScope

POLL_SECONDS = 1.0
STALLED_SECONDS = 30.0

UNKNOWN = (
    "Fairway knows no repository {!r}: check the name, or install the App there first; the open pull requests are then "
    "brought in by themselves"
)
NOT_OURS = "the App may not read {!r} any more: install it there again, or lift its suspension"
SET_ASIDE = "the backfill of {} was set aside after three attempts: {}; mend the cause and give the command again"
STALLED = (
    "nothing moves although work is due: is a worker running? Start `fairway serve`, or `fairway worker` and "
    "`fairway beat`; the backfill then goes on by itself"
)
LEFT = "no longer watched; the backfill of {} goes on, and the same command shows how far it is"
FINISHED = "{}: all {:,} open pull requests are judged"
SOME_LEFT = "{}: of {:,} open pull requests {:,} could not be judged; `fairway queue` shows what was set aside"
WORDS = {
    "begun": "{}: its open pull requests are brought in, as fast as GitHub's limits allow; Ctrl-C only stops watching",
    "joined": "{}: a backfill is under way; Ctrl-C only stops watching",
    "replaced": "{}: this replaces the backfill that was under way; Ctrl-C only stops watching",
}


@click.command("backfill")
@click.argument("repository", metavar="OWNER/REPO")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Only what was opened since.")
@click.option("--quiet", "voice", flag_value="quiet", help="Checks only: no comments and labels until authors push.")
@click.option("--loud", "voice", flag_value="loud", help="Comment also where an earlier backfill was quiet.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Watch until all are judged.")
def command(repository: str, since: datetime | None, voice: str | None, *, wait: bool) -> int:
    """Judge the pull requests of a repository that are open already.

    A worker does it, slowly: GitHub allows 500 new comments, checks and labels an hour, and a quarter of them is left
    to what is pushed meanwhile. The command may be left and given again at any time.
    """
    from bot.command_line import database
    from rules.report.escape import visible
    from worker.store.backfills import Voice, Wish

    with database.opened() as scope:
        repository_id = _known(scope, repository)
        wish = Wish(repository_id, Voice(voice or ""), None if since is None else since.date())
        name = visible(repository)
        asked = _ask(scope, wish)
        try:
            click.echo(f"fairway: {WORDS[asked].format(name)}", err=True)
            if not wait:
                return DONE
            found = _watch(scope, wish, name)
        except KeyboardInterrupt:
            click.echo(f"fairway: {LEFT.format(name)}", err=True)
            return INTERRUPTED
    left = found.total - found.judged
    click.echo((FINISHED if left <= 0 else SOME_LEFT).format(name, found.total, left))
    return DONE


def _known(scope: SessionScope, full_name: str) -> int:
    """The repository's number. Raises ClickException where the App is not installed."""
    from worker.store import repositories

    with scope() as session:
        found = repositories.by_name(session, full_name)
    if found is None:
        raise click.ClickException(UNKNOWN.format(full_name))
    if not found.active:
        raise click.ClickException(NOT_OURS.format(full_name))
    return found.id


def _ask(scope: SessionScope, wish: Wish) -> Asked:
    from worker.store import audit, backfills

    with scope() as session:
        asked = backfills.ask(session, wish)
        if asked is not backfills.Asked.JOINED:
            audit.note(session, "command line", "backfill", wish.subject)
        return asked


def _watch(scope: SessionScope, wish: Wish, name: str) -> Progress:
    """Show how far it is until it is done. Raises ClickException when it is set aside."""
    import time

    from bot.command_line.progress import progress

    with progress(f"Judging {name}", total=1) as advance:
        found = watch(scope, wish, advance, sleep=time.sleep, now=time.monotonic)
    if found.fault is not None:
        raise click.ClickException(SET_ASIDE.format(name, found.fault))
    return found


def watch(
    scope: SessionScope,
    wish: Wish,
    advance: Callable[[int, int], None],
    *,
    sleep: Callable[[float], None],
    now: Callable[[], float],
) -> Progress:
    """Read how far it is again and again, until it is done or set aside; says once in each stop that nothing moves."""
    from worker.store import backfills

    before, moved_at, said = None, now(), False
    while True:
        with scope() as session:
            found = backfills.progress(session, wish)
            overdue = backfills.overdue(session, STALLED_SECONDS)
        if found.done or found.fault is not None:
            return found
        if found != before:
            before, moved_at, said = found, now(), False
        advance(found.judged, max(found.total, 1))
        if overdue and not said and now() - moved_at >= STALLED_SECONDS:
            click.echo(f"fairway: {STALLED}", err=True)
            said = True
        sleep(POLL_SECONDS)
