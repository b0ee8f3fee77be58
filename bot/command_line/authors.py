"""`fairway authors`: for organizers, who submitted what and whose techniques others took up; from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.command_line import options

if TYPE_CHECKING:
    from worker.boards.authors import Author

MOST_USES = 6


@click.command("authors")
@click.argument("login", required=False, metavar="[LOGIN]")
@click.option("--repository", metavar="OWNER/NAME", help="Which repository; needed only where the App has several.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, show_default=True, help="How many to list.")
@options.json_file
def command(login: str | None, repository: str | None, limit: int, json_file: str | None) -> int:
    """List authors, or show one: submissions, outcomes, first uses of techniques that others took up.

    A first use says when something was seen first in code here, not who thought of it. Disclosed coding agents are
    listed as what they are: disclosures.
    """
    from bot.command_line import output, queue_inputs
    from bot.command_line.deployment import settings_as_given
    from worker.boards import stored
    from worker.boards.authors import authors
    from worker.boards.week import weeks
    from worker.configuration import competition_of

    with queue_inputs.transaction() as session:
        row = queue_inputs.repository(session, repository)
        parameters = competition_of(row.configuration, settings_as_given().competition)
        everyone = stored.candidates(session, row.id)
    found = authors(everyone, lower_is_better=parameters.metric.better == "lower")
    if login is not None:
        found = [one for one in found if one.login.lower() == login.lower()]
        if not found:
            raise click.ClickException(f"{row.full_name} has no submission by {login}; `fairway authors` lists all")
    told: dict[str, Any] = {"authors": [one.as_json() for one in found]}
    told["weeks"] = [week.as_json() for week in weeks(everyone)]
    output.write_json(json_file, told)
    if json_file != options.STDOUT:
        for one in found[:limit]:
            click.echo(_line(one))
        if len(found) > limit:
            click.echo(f"… and {len(found) - limit} more; --limit shows them")
    return 0


def _line(author: Author) -> str:
    """One author on one line; names come from participants."""
    from rules.report.escape import visible

    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in sorted(author.outcomes.items()))
    uses = "; ".join(
        f"{use.technique} (#{use.number}, then {use.taken_up_by})" for use in author.first_uses[:MOST_USES]
    )
    parts = [
        f"{len(author.numbers)} submission{'s' if len(author.numbers) > 1 else ''}",
        outcomes,
        f"first use: {uses}" if uses else "",
        f"discloses {', '.join(author.agents)}" if author.agents else "",
    ]
    return visible(f"{author.login}: " + ", ".join(part for part in parts if part))
