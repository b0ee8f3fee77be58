"""What arrived at GitHub, as the demo shows it: a table of checks and labels, and where to look."""

from __future__ import annotations

from collections.abc import Iterator

from demo.github.values import PullRequest
from demo.site import Site
from demo.table import TITLE_WIDTH, aligned

COLOURS = {"action_required": "red", "neutral": "yellow", "success": "green", "failure": "red"}
HEADINGS = ("#", "title", "check", "labels", "comments")


def arrivals(site: Site) -> Iterator[str]:
    """One line for each pull request."""
    rows = [_cells(site, pull) for pull in site.pulls()]
    colours = [COLOURS.get(row[2].split(":")[0], "white") for row in rows]
    yield from aligned(HEADINGS, rows, 2, colours)


def comment(site: Site, number: int) -> str:
    """Fairway's comment below a pull request."""
    return site.comments(site.repository.pulls[number])[0].body


def labels(site: Site, number: int) -> str:
    """The labels of a pull request."""
    return ", ".join(sorted(site.repository.pulls[number].issue.labels))


def addresses(site: Site, number: int) -> Iterator[str]:
    """Where the same can be looked at while the demo runs."""
    github = f"{site.github_url}/repos/{site.repository.full_name}"
    fairway = site.fairway_url
    yield f"the stand-in for GitHub: {github}"
    yield f"Fairway: {fairway}/healthz, {fairway}/readyz, {fairway}/metrics; what it logged: {site.log}"
    yield f"pull request {number}: {github}/pulls/{number}"


def check_title(title: str | None) -> str:
    """The check's title without its counts."""
    return (title or "").partition(":")[0]


def _cells(site: Site, pull: PullRequest) -> tuple[str, ...]:
    check = site.check(pull)
    title = pull.issue.title if len(pull.issue.title) <= TITLE_WIDTH else pull.issue.title[: TITLE_WIDTH - 1] + "…"
    shown = "-" if check is None else f"{check.conclusion or check.status}: {check_title(check.title)}"
    return str(pull.number), title, shown, " ".join(sorted(pull.issue.labels)) or "-", str(len(site.comments(pull)))
