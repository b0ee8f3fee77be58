"""With which settings a submission's run was made, and how we know.

What the logs print is what ran. Where they are silent, run commands in the folder's shell scripts come first, then
those in the README's code blocks, then the script's own defaults.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from rules.analysis.commands import Given, settings_in_markdown, settings_in_shell
from rules.analysis.expressions import constant_text, number_of
from rules.analysis.index import SourceIndex, index_of
from rules.analysis.program import program_sources
from rules.analysis.scopes import EnvironmentRead
from rules.rule import Location
from rules.submission import Language, Setting, SourceFile, Submission, TrainLog

_OFF = {"", "0", "0.0", "false", "off", "no", "none", "null", "disabled", "[]", "()", "{}"}
_ON = {"1", "true", "on", "yes", "enabled"}


class Origin(StrEnum):
    """Where the value of a setting is from, most trusted first."""

    LOG = "log"
    COMMAND = "command"
    README = "readme"
    SCRIPT = "script"


class Configuration:
    """Settings of one submission by name, whatever the case of its letters.

    A variable of the environment and the name that the script gives its value are one setting: after
    `last_n = int(os.environ.get("XSA_LAST_N", 0))` both `XSA_LAST_N` and `last_n` may be asked for.
    """

    def __init__(
        self,
        layers: Mapping[Origin, Mapping[str, Setting]],
        aliases: Mapping[str, Iterable[str]],
        printed: Iterable[str] = (),
        stored: Iterable[str] = (),
    ) -> None:
        self._layers = [(origin, layers.get(origin, {})) for origin in Origin]
        self._aliases = {name: tuple(others) for name, others in aliases.items()}
        self._stored = frozenset(stored)
        self.printed = frozenset(printed)  # words that lines of the logs begin with, and labels of scores

    def value(self, name: str) -> Setting | None:
        """The setting of that name from the most trusted place that gives it; None where nothing does."""
        found = self._find(name)
        return None if found is None else found[1]

    def origin(self, name: str) -> Origin | None:
        """Where `value(name)` is from."""
        found = self._find(name)
        return None if found is None else found[0]

    def is_default(self, name: str) -> bool:
        """Whether nothing but the default of a read gives it: neither a run, a command, nor a store of the script."""
        return self.origin(name) is Origin.SCRIPT and name.lower() not in self._stored

    def number(self, name: str) -> float | None:
        """The value as a number; truth values count as 1 and 0. None where it is unknown or no number."""
        setting = self.value(name)
        if setting is None:
            return None
        text = _plain(setting.value)
        if text in ("true", "false"):
            return float(text == "true")
        try:
            return float(text.replace("_", ""))
        except ValueError:
            return None

    def flag(self, name: str) -> bool | None:
        """Whether a switch is on. None where it is unknown or says something else than on or off."""
        setting = self.value(name)
        if setting is None:
            return None
        text = _plain(setting.value)
        if text in _OFF:
            return False
        if text in _ON:
            return True
        number = self.number(name)
        return None if number is None else number != 0

    def is_off(self, *names: str) -> bool:
        """Whether one of the settings is known and switches its subject off: 0, false, none, nothing, or negative."""
        return any(_is_off(setting.value) for name in names if (setting := self.value(name)) is not None)

    def is_on(self, *names: str) -> bool:
        """Whether one of the settings is known and does not switch its subject off."""
        return any(not _is_off(setting.value) for name in names if (setting := self.value(name)) is not None)

    def settings(self) -> Iterator[Setting]:
        """The settings in force, one for each name."""
        seen: set[str] = set()
        for _, layer in self._layers:
            yield from (setting for name, setting in layer.items() if name not in seen)
            seen |= layer.keys()

    def names(self) -> frozenset[str]:
        """All names in lower case, from every place."""
        return frozenset(name for _, layer in self._layers for name in layer)

    def _find(self, name: str) -> tuple[Origin, Setting] | None:
        key = name.lower()
        keys = (key, *self._aliases.get(key, ()))
        for origin, layer in self._layers:
            for candidate in keys:
                if candidate in layer:
                    return origin, layer[candidate]
        return None


_last: list[tuple[Submission, Configuration]] = []


def configuration_of(submission: Submission) -> Configuration:
    """The settings of a submission. That of the submission asked for last is kept: rules ask one after the other."""
    if not (_last and _last[0][0] is submission):
        _last[:] = [(submission, _gather(submission))]
    return _last[0][1]


def _gather(submission: Submission) -> Configuration:
    sources = program_sources(submission)
    readme = submission.readme
    entry = submission.script.path.rsplit("/", 1)[-1] if submission.script else ""
    defaults = _from_scripts(sources)
    layers = {
        Origin.LOG: _that_fit(_from_logs(submission.logs), defaults),
        Origin.COMMAND: _from_shell([s for s in submission.sources if s.language is Language.SHELL], entry),
        Origin.README: {} if readme is None else _from_readme(readme.path, readme.text, entry),
        Origin.SCRIPT: defaults,
    }
    reads = [read for source in sources for read in index_of(source).environment]
    stored = {read.name.lower() for read in reads if read.how in ("stored", "setdefault")}
    return Configuration(layers, _aliases(index_of(s).environment for s in sources), _printed(submission), stored)


def _from_logs(logs: tuple[TrainLog, ...]) -> dict[str, Setting]:
    """What the logs print; a log with a headline score speaks first."""
    found: dict[str, Setting] = {}
    for log in sorted(logs, key=lambda log: not log.final_scores):
        for name, setting in log.settings.items():
            found.setdefault(name.lower(), setting)
    return found


def _that_fit(printed: dict[str, Setting], defaults: Mapping[str, Setting]) -> dict[str, Setting]:
    """Without words where the script has a number: `resume:start` is a line about what begins, no setting."""
    return {
        name: setting
        for name, setting in printed.items()
        if name not in defaults or not _is_number(defaults[name].value) or not _is_word(setting.value)
    }


def _is_number(text: str) -> bool:
    plain = _plain(text)
    return plain in ("true", "false") or plain.replace(".", "", 1).isdecimal()


def _is_word(text: str) -> bool:
    plain = _plain(text)
    return plain.isidentifier() and plain not in _OFF | _ON


def _printed(submission: Submission) -> set[str]:
    return {
        *(word for log in submission.logs for word in (*log.prefixes, *log.openings)),
        *(score.label for log in submission.logs for score in log.scores if score.label),
    }


def _from_shell(sources: Iterable[SourceFile], entry: str) -> dict[str, Setting]:
    given = [(one, source.locate(one.line)) for source in sources for one in settings_in_shell(source.code)]
    return _first_given(given, entry)


def _from_readme(path: str, text: str, entry: str) -> dict[str, Setting]:
    return _first_given([(one, Location(path, one.line)) for one in settings_in_markdown(text)], entry)


def _first_given(given: list[tuple[Given, Location]], entry: str) -> dict[str, Setting]:
    """A command that runs the entry speaks before a mere export, and that before a command that runs another file."""
    ranks = {entry: 0, "": 1}
    found: dict[str, Setting] = {}
    for one, place in sorted(given, key=lambda pair: ranks.get(pair[0].script, 2)):
        found.setdefault(one.name.lower(), Setting(one.name, one.value, place))
    return found


def _from_scripts(sources: Iterable[SourceFile]) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for source in sources:
        for name, text, line in _defaults(index_of(source)):
            found.setdefault(name.lower(), Setting(name, text, source.locate(line)))
    return found


_SPEAKS = {"stored": 0, "setdefault": 1, "get": 2, "index": 3}


def _defaults(index: SourceIndex) -> Iterable[tuple[str, str, int]]:
    """Names with what the script itself gives them: what it stores, defaults of reads and options, constants."""
    for read in sorted(index.environment, key=lambda r: (_SPEAKS[r.how], r.line)):
        text = read.default_text
        if text is not None:
            yield read.name, text, read.line
    for read in _bound_once(index.environment):
        text = read.default_text
        if text is not None:
            yield read.bound, text, read.line
    for option in index.options:
        if option.default_text is not None:
            yield option.name, option.default_text, option.line
    for bound in index.class_defaults:
        if bound.value is not None and _is_constant(bound.value):
            yield bound.name, constant_text(bound.value), bound.line
    for name, (number, line) in index.numeric_constants.items():
        yield name, f"{number:g}", line


def _bound_once(reads: Iterable[EnvironmentRead]) -> list[EnvironmentRead]:
    """Reads whose value goes to a name that receives no other variable of the environment."""
    sources: dict[str, set[str]] = {}
    for read in reads:
        if read.bound:
            sources.setdefault(read.bound.lower(), set()).add(read.name)
    return [read for read in reads if read.bound and len(sources[read.bound.lower()]) == 1]


def _aliases(environments: Iterable[Iterable[EnvironmentRead]]) -> dict[str, list[str]]:
    """Lower-case names that mean the same setting."""
    found: dict[str, list[str]] = {}
    for reads in environments:
        for read in _bound_once(reads):
            one, other = read.name.lower(), read.bound.lower()
            if one != other:
                found.setdefault(one, []).append(other)
                found.setdefault(other, []).append(one)
    return found


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or number_of(node) is not None


def _plain(text: str) -> str:
    """A value without quotes, in lower case."""
    return text.strip().strip("\"'").strip().lower()


def _is_off(text: str) -> bool:
    plain = _plain(text)
    if plain in _OFF:
        return True
    try:
        return float(plain) <= 0
    except ValueError:
        return False
