"""A source file's bytes → SourceFile: decoded, unpacked without running anything, parsed. Never raises."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rules.reading.source.archives import zip_members
from rules.reading.source.files import VirtualFiles
from rules.reading.source.grammar import Fault, parse, uninterrupted
from rules.reading.source.language import language_of
from rules.reading.source.launches import Failure, Run
from rules.reading.source.unpack import may_launch, unpack
from rules.reading.source.values import Budget, ExhaustedError
from rules.reading.text import LATIN1, Decoded, decode
from rules.rule import Location
from rules.submission import Language, Layer, Problem, ProblemKind, SourceFile

LAYER_LIMIT = 8
MEMBER_LIMIT = 100
_HEAD = 256
_ZIP, _ZIP_MAIN = b"PK\x03\x04", "__main__.py"
_COOKIE = re.compile(rb"(?:[ \t\f]*#[^\n]{0,500}\n)?[ \t\f]*#[^\n]{0,500}?coding[:=][ \t]*([-\w.]{1,40})")
_LATIN1 = (b"latin-1", b"iso-8859-1", b"latin1")


def read_source(
    path: str,
    content_id: str,
    data: bytes,
    siblings: Mapping[str, bytes] | None = None,
    *,
    trees: bool = True,
    follow: bool = True,
) -> tuple[SourceFile, ...]:
    """Read a source file; behind it come texts that it packs beside the main one, as `<path>!/<name>`.

    Where a launcher does more than to unpack, it comes along itself as `<path>!/(launcher)`. Such extra files have
    size 0, for their bytes are those of the file. `siblings` are the other files of its folder by name; only those
    that a launcher names are asked for. Without `trees` a text that launches nothing is not parsed, without `follow`
    it is known of the file that it launches nothing.
    """
    language = language_of(path, data[:_HEAD]) or Language.OTHER
    reading = _Reading(path, content_id, data, {} if siblings is None else siblings, trees=trees, follow=follow)
    with uninterrupted():
        return tuple(reading.files(language))


@dataclass(frozen=True, slots=True)
class _Member:
    """A text that comes along, and the layers around the text that holds it."""

    name: str
    run: Run
    around: tuple[Layer, ...]


@dataclass(slots=True)
class _Text:
    """A text on its way through its layers."""

    code: str
    tree: ast.Module | None = None
    layers: list[Layer] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    members: list[_Member] = field(default_factory=list)
    launcher: ast.Module | None = None


class _Reading:
    """Reads one shipped file; its budget covers all layers and members."""

    def __init__(
        self, path: str, content_id: str, data: bytes, siblings: Mapping[str, bytes], *, trees: bool, follow: bool
    ) -> None:
        self._path = path
        self._content_id = content_id
        self._data = data
        self._trees = trees
        self._follow = follow
        self._files = VirtualFiles(path, data, siblings)
        self._budget = Budget()
        self._unfolded: list[str | bytes] = []

    def files(self, language: Language) -> Iterator[SourceFile]:
        """The file itself, then what comes along with it."""
        decoded = decode(self._data)
        text = _Text(decoded.text)
        if language is Language.PYTHON and self._data.startswith(_ZIP) and self._opened(text):
            self._unfold(text)
        else:
            text.problems += () if _declared(self._data, decoded) else decoded.problems_at(self._path)
            if language is Language.PYTHON:
                self._unfold(text)
        yield self._file(self._path, text, language, decoded.text, len(self._data))
        if text.launcher is not None:
            own = _Text(decoded.text, text.launcher)
            yield self._file(f"{self._path}!/(launcher)", own, language, decoded.text, 0)
        yield from self._members(text)

    def _opened(self, text: _Text) -> bool:
        """Take the main file out of a zip archive, which Python runs like a script; the others come along."""
        try:
            members = zip_members(self._data, self._budget)
        except (ValueError, ExhaustedError):
            return False
        layer = Layer("zip", 1, sum(len(content) for content in members.values()))
        for name, content in members.items():
            if name != _ZIP_MAIN and language_of(name, b"") is not None:
                text.members.append(_Member(name, Run(content, 1, "zip", name, main=False, shipped=False), ()))
        if _ZIP_MAIN not in members:
            return False
        text.layers.append(layer)
        text.code, problems = _as_text(members[_ZIP_MAIN], self._path)
        text.problems += problems
        return True

    def _file(self, path: str, text: _Text, language: Language, shipped: str, size: int) -> SourceFile:
        return SourceFile(
            path=path,
            content_id=self._content_id if path == self._path else f"{self._content_id}{path[len(self._path) :]}",
            size=size,
            language=language,
            text=shipped,
            code=text.code,
            layers=tuple(text.layers),
            tree=text.tree,
            problems=tuple(text.problems),
        )

    def _members(self, text: _Text) -> Iterator[SourceFile]:
        """What the file brings along, each text once and unfolded in its turn."""
        known = set(self._unfolded)
        taken = {"(launcher)"}
        for member in text.members:
            if member.run.content in known or len(taken) > MEMBER_LIMIT:
                continue
            known.add(member.run.content)
            name = _free(member.name, taken)
            taken.add(name)
            yield self._member(member, name)

    def _member(self, member: _Member, name: str) -> SourceFile:
        run, path = member.run, f"{self._path}!/{name}"
        content, problems = _as_text(run.content, path)
        text = _Text(content, layers=[*member.around, Layer(run.form, run.line, _size(run.content))], problems=problems)
        language = language_of(name, content[:_HEAD].encode("utf-8", "replace")) or Language.PYTHON
        if language is Language.PYTHON:
            self._unfold(text, path)
        return self._file(path, text, language, content, 0)

    def _unfold(self, text: _Text, path: str | None = None) -> None:
        """Parse a text, and go on with what it launches until something launches nothing."""
        place = path or self._path
        while self._trees or may_launch(text.code):
            text.tree, fault = parse(text.code)
            if text.tree is None or fault is not None:
                text.problems += [_problem(place, text, fault)] if fault else []
                return
            if not self._follow:
                return
            step = unpack(text.code, text.tree, self._files, self._budget)
            for failure in step.failures:
                text.problems += _failures(place, text, failure)
            text.members += [_Member(name, run, tuple(text.layers)) for name, run in step.members]
            if step.main is None:
                return
            if len(text.layers) >= LAYER_LIMIT:
                fault = Fault(ProblemKind.LIMIT, step.main.line, f"packed more than {LAYER_LIMIT} times")
                text.problems.append(_problem(place, text, fault))
                return
            if step.effects and not text.layers:
                text.launcher = text.tree
            layer = Layer(step.main.form, step.main.line, _size(step.main.content))
            text.layers.append(layer)
            self._unfolded.append(step.main.content)
            text.code, problems = _as_text(step.main.content, place)
            text.problems += problems


def _declared(data: bytes, decoded: Decoded) -> bool:
    """Whether the bytes that are no UTF-8 are what the script's own declaration says."""
    found = _COOKIE.match(data)
    return decoded.encoding == LATIN1 and found is not None and found[1].lower().replace(b"_", b"-") in _LATIN1


def _as_text(content: str | bytes, path: str) -> tuple[str, list[Problem]]:
    if isinstance(content, str):
        return content.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff"), []
    decoded = decode(content)
    return decoded.text, list(decoded.problems_at(path))


def _size(content: str | bytes) -> int:
    return len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "replace"))


def _place(path: str, text: _Text, line: int | None) -> Location:
    if not text.layers or line is None:
        return Location(path, line)
    return Location(path, text.layers[0].line, unpacked_line=line)


def _problem(path: str, text: _Text, fault: Fault) -> Problem:
    return Problem(fault.kind, _place(path, text, fault.line), fault.detail)


def _failures(path: str, text: _Text, failure: Failure) -> Iterator[Problem]:
    place = _place(path, text, failure.line)
    yield Problem(ProblemKind.UNPACK_FAILED, place, failure.detail)
    if failure.limit:
        yield Problem(ProblemKind.LIMIT, place, failure.detail)


def _free(name: str, taken: set[str]) -> str:
    """A name that is not taken, printable and of bounded length."""
    name = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name[:200]).lstrip("/")
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}~{count}"
    return free
