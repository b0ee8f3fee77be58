"""`fairway queue`: what waits for a person, and the person's rulings, on the operator's own machine.

Whoever reaches the database may rule here; the audit says that it was done on the command line and by which account.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from bot.command_line import options

F = TypeVar("F", bound=Callable[..., Any])


def _inherited(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """`--repository` may stand before or behind the subcommand's name."""
    return context.obj if value is None else value


_of_repository = click.option(
    "--repository",
    metavar="OWNER/NAME",
    callback=_inherited,
    help="Which repository; needed only where the App has several.",
)
_by = click.option("--as", "login", metavar="LOGIN", help="Who asks.  [default: this machine's account]")


def _ruling(command: F) -> F:
    """The options of every ruling."""
    for option in (
        click.option("--head", metavar="SHA", help="Only if this is still the head; for a single pull request."),
        _by,
        _of_repository,
        click.option("--reason", default="", metavar="TEXT", help="Why; it is shown to the author."),
        click.option("--dry-run", is_flag=True, help="Only tell what it would do and whom it would touch."),
    ):
        command = option(command)
    return command


@click.group("queue", invoke_without_command=True)
@_of_repository
@click.option("--limit", type=click.IntRange(1, 1000), default=30, show_default=True, help="How many to list.")
@options.json_file
@click.pass_context
def command(context: click.Context, repository: str | None, limit: int, json_file: str | None) -> int:
    """List what waits for a person, worst first, and rule on it.

    A ruling is for the head commit that is there now; check, comment and labels follow it.
    """
    context.obj = repository
    if context.invoked_subcommand is not None:
        return 0
    from bot.command_line import output, queue_inputs
    from bot.command_line.queue_list import listing

    with queue_inputs.transaction() as session:
        chosen = None if repository is None else queue_inputs.repository(session, repository).id
        page = listing(session, chosen, limit, queue_inputs.settings())
    output.write_json(json_file, page.as_json())
    if json_file != options.STDOUT:
        page.print(output.page())
    return 0


@command.command("show")
@click.argument("number", type=click.IntRange(min=1), metavar="N")
@_of_repository
@options.json_file
def show(number: int, repository: str | None, json_file: str | None) -> int:
    """Show one submission: findings with evidence, rulings, what was published."""
    from bot.command_line import output, queue_inputs
    from bot.command_line.queue_detail import detail

    with queue_inputs.transaction() as session:
        chosen = queue_inputs.repository(session, repository)
        found = queue_inputs.submission(session, chosen, number)
        page = detail(session, found, queue_inputs.settings())
    output.write_json(json_file, page.as_json())
    if json_file != options.STDOUT:
        page.print(output.page())
    return 0


@command.command("accept")
@click.argument("words", nargs=-1, required=True, metavar="N...")
@_ruling
def accept(words: Sequence[str], **how: Any) -> int:
    """Accept submissions."""
    return _rule("accepted", words, **how)


@command.command("reject")
@click.argument("words", nargs=-1, required=True, metavar="N... CODE...")
@_ruling
def reject(words: Sequence[str], **how: Any) -> int:
    """Reject submissions under the rules of these codes; say why with --reason."""
    return _rule("rejected", words, **how)


@command.command("needs-changes")
@click.argument("words", nargs=-1, required=True, metavar="N...")
@_ruling
def needs_changes(words: Sequence[str], **how: Any) -> int:
    """Say that the author has to change something first."""
    return _rule("needs-changes", words, **how)


@command.command("waive")
@click.argument("words", nargs=-1, required=True, metavar="N... CODE...")
@_ruling
def waive(words: Sequence[str], **how: Any) -> int:
    """Let findings of these codes not count; say why with --reason."""
    return _rule("waived", words, **how)


@command.command("hold")
@click.argument("words", nargs=-1, required=True, metavar="N...")
@_ruling
def hold(words: Sequence[str], **how: Any) -> int:
    """Put pull requests on hold until the next ruling: no automatic step goes on."""
    return _rule("held", words, **how)


@command.command("reproduce")
@click.argument("number", type=click.IntRange(min=1), metavar="N")
@click.argument("kind", type=click.Choice(["smoke", "probe", "seed", "full"]), default="smoke")
@click.option("--head", metavar="SHA", help="Only if this is still the head.")
@_by
@_of_repository
def reproduce(number: int, kind: str, head: str | None, login: str | None, repository: str | None) -> int:
    """Run a submission at the head that is there now, with the steps below that are missing."""
    from bot.command_line import queue_inputs, queue_runs
    from worker import rulings

    person = queue_inputs.person(login)
    try:
        with queue_inputs.transaction() as session:
            chosen = queue_inputs.repository(session, repository)
            found = queue_inputs.submission(session, chosen, number, head)
            asked = rulings.request_reproduction(session, found, kind, person)
            standing = queue_runs.standing(session, queue_inputs.settings(), found)
    except rulings.RulingError as error:
        raise click.ClickException(f"{error}; nothing was asked for") from None
    said = "asked for" if asked.new else f"asked for before: {asked.status.value}"
    click.echo(f"#{number} {kind} run at {found.head_sha[:10]} {said}.")
    for line in standing:
        click.echo(f"  {line}")
    return 0


@command.command("costs")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many runs to list.")
@_of_repository
@options.json_file
def costs(limit: int, repository: str | None, json_file: str | None) -> int:
    """Show what runs cost, per day and per run."""
    from bot.command_line import output, queue_inputs, queue_runs

    with queue_inputs.transaction() as session:
        chosen = queue_inputs.repository(session, repository)
        page = queue_runs.costs(session, queue_inputs.settings(), chosen, limit)
    output.write_json(json_file, page.as_json())
    if json_file != options.STDOUT:
        page.print(output.page())
    return 0


@command.command("retry")
@click.argument("words", nargs=-1, metavar="[N]...")
@click.option("--all", "everything", is_flag=True, help="Everything that was set aside.")
@_by
@_of_repository
def retry(words: Sequence[str], everything: bool, login: str | None, repository: str | None) -> int:
    """Try again what was set aside, and read these pull requests anew."""
    if bool(words) == everything:
        raise click.UsageError("name pull requests by their numbers, or give --all")
    from bot.command_line import queue_inputs
    from worker import subjects
    from worker.store import audit, jobs, queue
    from worker.store.models import Stage

    person = queue_inputs.person(login)
    asked = queue_inputs.numbers(words) if words else []
    with queue_inputs.transaction() as session:
        chosen = queue_inputs.repository(session, repository).id if words or repository else None
        found = queue.set_aside(session, repository_id=chosen, limit=1000)
        wanted = {(one.job.stage, one.job.subject) for one in found if everything or one.number in asked}
        wanted |= {(Stage.FETCH, subjects.of_pull_request(chosen, number)) for number in asked if chosen is not None}
        for stage, subject in sorted(wanted):
            jobs.request(session, stage, subject)
            audit.note(session, person.login, "asked to try again", f"{stage} {subject}", way=person.way)
    click.echo(f"{len(wanted)} asked for again; a running worker takes them up.")
    return 0


def _rule(
    outcome: str,
    words: Sequence[str],
    *,
    repository: str | None,
    reason: str,
    login: str | None,
    head: str | None,
    dry_run: bool,
) -> int:
    """Rule on all of them, or on none where something is wrong with one."""
    from uuid import uuid4

    from bot.command_line import queue_inputs
    from worker import precedents, rulings
    from worker.commands import answers
    from worker.store.models import Outcome

    kind = Outcome(outcome)
    with_codes = kind in rulings.WITH_CODES
    numbers, codes = queue_inputs.numbers_and_codes(words) if with_codes else (queue_inputs.numbers(words), [])
    if head is not None and len(numbers) > 1:
        raise click.UsageError("--head is for a single pull request")
    person, origin = queue_inputs.person(login), f"command-line:{uuid4()}"
    ruled = []
    try:
        rulings.validated(kind, codes, reason)  # before the database is asked
        with queue_inputs.transaction() as session:
            chosen = queue_inputs.repository(session, repository)
            for number in numbers:
                found = queue_inputs.submission(session, chosen, number, head)
                if dry_run:
                    effect = precedents.foresee(session, found, kind, rulings.known_codes(codes), alike=True)
                    ruled.append(
                        f"#{number} would be {outcome} at {found.head_sha[:10]}.{answers.effect(effect, foreseen=True)}"
                    )
                    continue
                done = rulings.rule(session, found, kind, codes=codes, reason=reason, person=person, origin=origin)
                ruled.append(_told(number, done))
    except rulings.RulingError as error:
        raise click.ClickException(f"{error}; nothing was ruled") from None
    click.echo("\n".join(ruled))
    return 0


def _told(number: int, ruled: Any) -> str:
    codes = f" ({', '.join(ruled.codes)})" if ruled.codes else ""
    vain = f"; no finding of {', '.join(ruled.absent)} is there to be waived" if ruled.absent else ""
    from worker.commands import answers

    effect = answers.effect(ruled.effect)
    return f"#{number} {ruled.outcome} at {ruled.head_sha[:10]}{codes}{vain}{f'.{effect}' if effect else ''}"
