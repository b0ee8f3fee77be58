"""`fairway rules`: the catalogue, and the page of one rule."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import click

from bot.command_line import options
from rules.rule import Rule


@click.command("rules")
@click.argument("code", required=False, metavar="[CODE]")
@options.json_file
def command(code: str | None, json_file: str | None) -> int:
    """List the rules, or show the page of the one with this code or name."""
    from bot.command_line import output
    from rules.docs import documented

    known = documented()
    chosen = known if code is None else (_find(code, known),)
    listed = [_as_json(rule) for rule in chosen]
    output.write_json(json_file, listed if code is None else listed[0])
    if json_file == options.STDOUT:
        return 0
    if code is None:
        _list(chosen)
    else:
        _show(chosen[0])
    return 0


def _find(code: str, known: Sequence[Rule]) -> Rule:
    """The rule of that code or name. Raises ClickException with the nearest ones."""
    from worker.reproduction.codes import shown_by_runs

    for rule in (*known, *shown_by_runs()):
        if code.upper() == rule.code or code.lower() == rule.name:
            return rule
    names = [text for rule in known for text in (rule.code, rule.name)]
    near = get_close_matches(code.lower(), names) or get_close_matches(code.upper(), names)
    hint = f"did you mean {' or '.join(near)}?" if near else "`fairway rules` lists them"
    raise click.ClickException(f"there is no rule {code!r}; {hint}")


def _as_json(rule: Rule) -> dict[str, Any]:
    from rules.docs import sections, summary

    return {
        "code": rule.code,
        "name": rule.name,
        "category": rule.category,
        "severity": rule.severity.value,
        "summary": summary(rule),
        "sections": sections(rule),
    }


def _list(known: Sequence[Rule]) -> None:
    from rich.table import Table
    from rich.text import Text

    from bot.command_line import output
    from rules.docs import summary
    from rules.report.console import SEVERITY_COLOURS

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in ("code", "severity", "name", "what it finds"):
        table.add_column(head)
    for rule in known:
        severity = Text(rule.severity.value, SEVERITY_COLOURS[rule.severity])
        table.add_row(rule.code, severity, Text(rule.name), Text(summary(rule)))
    output.page().print(table)


def _show(rule: Rule) -> None:
    """On a terminal the page is laid out; elsewhere it stays Markdown."""
    from rich.markdown import Markdown

    from bot.command_line import output
    from rules.docs import documented, page

    console, text = output.page(), page(rule, with_origin=rule in documented())
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        click.echo(text, nl=False)
