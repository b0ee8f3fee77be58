"""Write the demo's repository, offer it on a stand-in for GitHub, and show what Fairway says there.

The stand-in sends signed webhooks for every pull request to `fairway serve`, which runs as it would for an organizer;
shown are the checks, labels and comments that arrive, and what changes when an organizer rules in a comment.

python -m demo [OUT] [--keep]
"""

from __future__ import annotations

from pathlib import Path

import click

from demo import arrived
from demo.folder import write_folder
from demo.repository import ORGANIZER, DemoRepository, build
from demo.site import DemoError, Site, site
from demo.table import next_steps

OUT = Path(__file__).parent / "out"
SHOWN = 25  # the pull request whose comment is printed, and which is ruled on
RULING = "/fairway needs-changes Run both seeds with the same settings, please"


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path), default=OUT)
@click.option("--keep", is_flag=True, help="Keep everything running until Ctrl-C.")
def main(out: Path, keep: bool) -> None:
    """Write, serve, open, show."""
    demo = build(out)
    try:
        with site(demo, out / "site") as running:
            _show(demo, running, out)
            if keep:
                click.echo("\nStill running; Ctrl-C ends it.")
                click.pause("")
    except DemoError as error:
        raise click.ClickException(str(error)) from None


def _show(demo: DemoRepository, running: Site, out: Path) -> None:
    title = demo.competition.title
    click.echo(f"{title}: Fairway runs at {running.fairway_url}, its GitHub at {running.github_url}\n")
    _open(demo, running)
    pulls = running.pulls()
    seconds = running.wait(lambda: all(running.is_judged(pull) for pull in pulls), "a check of every pull request")
    click.echo(f"{len(pulls)} pull requests opened; all are judged {seconds:.1f} s after the last one:\n")
    for line in arrived.arrivals(running):
        click.echo(line)
    click.echo(f"\nThe comment on pull request {SHOWN}:\n\n{arrived.comment(running, SHOWN)}")
    _rule(running)
    click.echo("Where to look while it runs (python -m demo --keep):\n")
    for address in arrived.addresses(running, SHOWN):
        click.echo(f"    {address}")
    click.echo("\nThe same rules without GitHub:\n")
    sample = next(s for s in demo.samples if s.number == SHOWN)
    folder = write_folder(sample, demo.competition, out / "folder")
    for command in next_steps(demo, SHOWN, folder):
        click.echo(f"    {command}")


def _open(demo: DemoRepository, running: Site) -> None:
    """Open the pull requests in order of creation; each sends its webhook."""
    for sample in demo.samples:
        with running.state.lock:  # nobody sees it before its time of creation is that of the story
            opened = running.people.open_pull_request(
                running.repository, sample.author, demo.heads[sample.number], sample.title, number=sample.number
            )
            opened.issue.created_at = sample.created_at
    running.state.hooks.flush()


def _rule(running: Site) -> None:
    """An organizer rules in a comment; labels and comment follow."""
    pull = running.repository.pulls[SHOWN]
    click.echo(f"{ORGANIZER} comments on it: {RULING}")
    running.people.comment(running.repository, SHOWN, ORGANIZER, RULING)
    running.wait(lambda: "fairway:needs-changes" in pull.issue.labels, "the label of the ruling")
    running.wait(lambda: "needs changes" in arrived.comment(running, SHOWN), "the ruling in the comment")
    click.echo(f"Its labels now: {arrived.labels(running, SHOWN)}. Its comment now begins:\n")
    shown = [line for line in arrived.comment(running, SHOWN).splitlines() if line and not line.startswith("<!--")]
    click.echo("\n".join(f"    {line}" for line in shown[:6]) + "\n")


if __name__ == "__main__":
    main(prog_name="python -m demo")
