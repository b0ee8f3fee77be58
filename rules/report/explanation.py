"""What was understood of a program, on a terminal and as JSON. Text of a participant passes `cut`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from rules.analysis.flow.explanation import Explanation
from rules.analysis.flow.story import Line
from rules.report.contract import fact_entry
from rules.report.escape import cut, cut_middle
from rules.rule import Location
from rules.submission import Submission

NAME, VALUE, QUOTE, PATH = 80, 80, 160, 100
SETTINGS_AT_MOST = 40


def print_explanation(found: Explanation, console: Console) -> None:
    """Print it as a page."""
    for line in _page(found):
        console.print(line, soft_wrap=True)


def _page(found: Explanation) -> Iterator[Text]:
    submission = found.submission
    yield _heading("Program")
    if not found.sources:
        yield Text("  no script was found")
    for source in found.sources:
        form = f" (unpacked: {', '.join(layer.form for layer in source.layers)})" if source.layers else ""
        yield Text(f"  {_file(source.path, submission)}{form}")
    yield from _settings(found)
    yield _heading("What happens, in order")
    if not found.story:
        yield Text("  nothing that scores, learns, saves or loads was recognised")
    for line in found.story:
        yield from _told(line, submission, 1)
    yield _heading("What was established")
    for fact in found.facts:
        yield Text("  " + fact.text.format(*(_place(where, submission) for where in fact.places)))
    yield from _headline(found)
    yield _heading("Not followed")
    if not found.unfollowed:
        yield Text("  nothing that was met")
    for one in found.unfollowed:
        where = "".join(f" at {_place(place, submission)}" for place in one.places)
        yield Text(f"  {one.what}{where}{'' if one.weighs else ' (what is scored does not depend on it)'}")


def _settings(found: Explanation) -> Iterator[Text]:
    yield _heading("Settings that decide")
    if not found.settings:
        yield Text("  none that is known by name")
    for used in found.settings[:SETTINGS_AT_MOST]:
        setting = used.setting
        where = Text(f"  {used.origin.value}, {_place(setting.location, found.submission)}", "dim")
        yield Text.assemble(f"  {cut(setting.name, NAME)} = {cut(setting.value, VALUE)}", where)
    more = len(found.settings) - SETTINGS_AT_MOST
    if more > 0:
        yield Text(f"  … and {more} more", "dim")


def _headline(found: Explanation) -> Iterator[Text]:
    yield _heading("Headline")
    if not found.headlines:
        yield Text("  no log shows a final score")
    for run in found.headlines:
        sure = "" if run.certain else " (a guess: no claimed number led there)"
        yield Text(f"  {cut(run.score.quote, QUOTE)}{sure}")
        yield Text(f"    {_place(run.score.location, found.submission)}", "dim")


def _told(line: Line, submission: Submission, depth: int) -> Iterator[Text]:
    times = f" ({line.times} times)" if line.times > 1 else ""
    name = f" {cut(line.name, NAME)}" if line.name else ""
    yield Text.assemble(f"{'  ' * depth}{line.text}{name}{times}", (f"  {_place(line.location, submission)}", "dim"))
    for child in line.children:
        yield from _told(child, submission, depth + 1)


def _heading(text: str) -> Text:
    return Text(text, "bold")


def _file(path: str, submission: Submission) -> str:
    return cut_middle(submission.inside(path), PATH)


def _place(location: Location, submission: Submission) -> str:
    line = location.unpacked_line or location.line
    return _file(location.path, submission) + (f":{line}" if line is not None else "")


def explanation_entry(found: Explanation) -> dict[str, Any]:
    """The same for programs."""
    return {
        "number": found.submission.pull_request.number,
        "head_sha": found.submission.pull_request.head_sha,
        "folder": found.submission.folder,
        "program": [
            {"path": source.path, "unpacked": [layer.form for layer in source.layers]} for source in found.sources
        ],
        "settings": [
            {
                "name": used.setting.name,
                "value": used.setting.value,
                "origin": used.origin.value,
                **_where(used.setting.location),
            }
            for used in found.settings
        ],
        "events": [_line_entry(line) for line in found.story],
        "established": [fact_entry(fact) for fact in found.facts],
        "headline": [
            {"quote": run.score.quote, "certain": run.certain, **_where(run.score.location)} for run in found.headlines
        ],
        "not_followed": [
            {"what": one.what, "weighs": one.weighs, "places": [_where(place) for place in one.places]}
            for one in found.unfollowed
        ],
    }


def _line_entry(line: Line) -> dict[str, Any]:
    return {
        "text": line.text,
        "name": line.name,
        "times": line.times,
        **_where(line.location),
        "events": [_line_entry(child) for child in line.children],
    }


def _where(location: Location) -> dict[str, Any]:
    return {"path": location.path, "line": location.line, "unpacked_line": location.unpacked_line}
