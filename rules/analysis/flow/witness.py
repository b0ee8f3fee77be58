"""Branches that a log shows to have run, whatever the settings that are known say."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from rules.analysis.headline import headlines_of
from rules.analysis.liveness import heads_of
from rules.submission import SourceFile, Submission, TrainLog
from rules.syntax import parts_of, walk

Branch = tuple[ast.If, bool]
MOST_TEXT = 400  # letters of a line that a program prints
_GIVES = re.compile(r"\b([A-Za-z_]\w*) ?[=:]")
MOST_DEPTH = 4  # of functions that are called from one place each


def witnessed(submission: Submission, sources: Iterable[SourceFile]) -> dict[ast.If, bool]:
    """For statements of which a log shows that one side ran: which side it was.

    A log does so by a line that begins as nothing prints but what stands in that side, or in functions that only that
    side names. Where the logs show both sides, the one that printed the claimed score counts, if either did. A text
    that is no more than the name of a setting asks for it: that the logs list it shows nothing. A part of a line that
    is printed where a test holds (`f"{f' rate={lr}' if fits else ''}"`) shows it for statements that ask the same.
    Where lines begin alike that stand in several sides, a switch that all of these ask for was on.
    """
    logs = [run.log for run in headlines_of(submission)] or list(submission.logs)
    printed = {word for log in logs for word in _words(log)}
    if not printed:
        return {}
    program = _Program(printed, frozenset(name for log in logs for name in log.settings))
    for source in sources:
        if source.tree is not None:
            program.read(source.tree.body, (), "")
    claimed = tuple(run.score.quote.strip() for run in headlines_of(submission))
    sure = dict(program.sides(word for word in program.printing if claimed and claimed[0].startswith(word)))
    sides: dict[ast.If, set[bool]] = defaultdict(set)
    for statement, side in (*program.sides(program.printing), *program.shown()):
        sides[statement].add(side)
    return {one: next(iter(ran)) for one, ran in sides.items() if len(ran) == 1} | sure


def _words(log: TrainLog) -> Iterator[str]:
    yield from log.prefixes
    yield from log.openings
    yield from (score.label for score in log.scores if score.label)


class _Program:
    """Where each of some openings is printed, and where each function is named."""

    def __init__(self, printed: set[str], settings: frozenset[str]) -> None:
        self.printed = printed
        self.settings = settings
        self.printing: dict[str, list[tuple[tuple[Branch, ...], str]]] = defaultdict(list)
        self.named: dict[str, list[tuple[tuple[Branch, ...], str]]] = defaultdict(list)
        self.defined: dict[str, int] = defaultdict(int)
        self.given: dict[str, int] = defaultdict(int)  # in how many texts a setting gets its value
        self.chosen: dict[str, list[tuple[ast.expr, bool, str]]] = defaultdict(list)  # those of a side of a choice
        self.asking: dict[str, list[ast.If]] = defaultdict(list)  # by function

    def read(self, statements: Iterable[ast.stmt], place: tuple[Branch, ...], function: str) -> None:
        """Take in statements that stand inside branches of a function."""
        for statement in statements:
            if isinstance(statement, ast.If):
                self.asking[function].append(statement)
                self._texts(statement.test, place, function)
                self.read(statement.body, (*place, (statement, True)), function)
                self.read(statement.orelse, (*place, (statement, False)), function)
            elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.defined[statement.name] += 1
                self.read(statement.body, (), statement.name)
            else:
                self._statement(statement, place, function)

    def _statement(self, statement: ast.stmt, place: tuple[Branch, ...], function: str) -> None:
        for node in parts_of(statement):
            if isinstance(node, ast.stmt):
                self.read([node], place, function)
            elif isinstance(node, (ast.ExceptHandler, ast.match_case)):
                self.read(node.body, place, function)
            else:
                self._texts(node, place, function)

    def _texts(self, part: ast.AST, place: tuple[Branch, ...], function: str) -> None:
        for node in walk(part):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    self.named[node.id].append((place, function))
            elif isinstance(node, ast.Constant):
                if isinstance(node.value, str):
                    self._text(node.value, place, function)
            elif isinstance(node, ast.IfExp):
                self._choice(node, function)

    def _text(self, text: str, place: tuple[Branch, ...], function: str) -> None:
        for name in self._settings_in(text):
            self.given[name] += 1
        lists = text.lower() in self.settings  # what lists settings by name may have printed it anywhere
        for head in heads_of(text):
            if head in self.printed:
                self.printing[head].append(((), "") if lists else (place, function))

    def _choice(self, choice: ast.IfExp, function: str) -> None:
        for side, part in ((True, choice.body), (False, choice.orelse)):
            texts = (node.value for node in walk(part) if isinstance(node, ast.Constant))
            for text in (text for text in texts if isinstance(text, str)):
                for name in self._settings_in(text):
                    self.chosen[name].append((choice.test, side, function))

    def _settings_in(self, text: str) -> list[str]:
        """Settings that a text gives a value, of those that the logs show with one."""
        if len(text) > MOST_TEXT or ("=" not in text and ":" not in text):
            return []
        return [name for one in _GIVES.findall(text) if (name := one.lower()) in self.settings]

    def shown(self) -> Iterator[Branch]:
        """Sides of statements that ask what a choice asked, of which one side alone prints a setting that logs show."""
        for name, choices in self.chosen.items():
            if self.given[name] == len(choices) == 1:
                test, side, function = choices[0]
                asked = ast.dump(test)
                yield from ((one, side) for one in self.asking[function] if ast.dump(one.test) == asked)

    def sides(self, words: Iterable[str]) -> Iterator[Branch]:
        """The sides that printed the words. Of a log that holds several runs both sides of a statement may be told."""
        for word in words:
            places = [self.around(place, name) for place, name in self.printing[word]]
            yield from _common(places)
            if len(places) > 1:
                yield from self._switched([_switches(place) for place in places])

    def _switched(self, places: list[dict[str, bool]]) -> Iterator[Branch]:
        """The sides of statements that ask for one switch, where all places lie behind that switch."""
        for asked, side in places[0].items():
            if all(other.get(asked) is side for other in places[1:]):
                every = (one for found in self.asking.values() for one in found)
                for one in every:
                    known = _switches(((one, True),), alone=True)
                    yield from ((one, side is on) for name, on in known.items() if name == asked)

    def around(self, place: tuple[Branch, ...], function: str, depth: int = 0) -> tuple[Branch, ...]:
        """The branches around a place, and around the one place that its function is named at."""
        if not function or depth > MOST_DEPTH or self.defined[function] != 1 or not self.named[function]:
            return place
        outer = [self.around(*one, depth + 1) for one in self.named[function][:16] if one[1] != function]
        return (*_common(outer), *place)


def _common(places: list[tuple[Branch, ...]]) -> tuple[Branch, ...]:
    """What all places lie in."""
    if not places:
        return ()
    return tuple(branch for branch in places[0] if all(branch in other for other in places[1:]))


def _switches(place: tuple[Branch, ...], *, alone: bool = False) -> dict[str, bool]:
    """The switches that the sides around a place ask for, and whether they are on there. `alone`: for nothing else."""
    found: dict[str, bool] = {}
    for statement, side in place:
        test = statement.test
        parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and side else [test]
        for part in parts if len(parts) == 1 or not alone else ():
            off = isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not)
            asked = part.operand if isinstance(part, ast.UnaryOp) and off else part
            plain = isinstance(asked, ast.Name) and asked.id.isupper()  # other names may be other things elsewhere
            if plain or isinstance(asked, ast.Attribute):
                found[ast.dump(asked)] = side is not off
    return found
