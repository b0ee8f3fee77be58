"""What the names of a program may hold, from bindings in live code and from the settings of a submission.

All variables, attributes and parameters of one name are taken together, whatever object or function they belong to.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from rules.analysis.configuration import Configuration, Origin
from rules.analysis.evaluation import ANYTHING, Evaluator, Values, merge
from rules.analysis.index import SourceIndex
from rules.analysis.scopes import Binding, EnvironmentRead, Option, Scope, ScopeKind

CALLED_BY_LIBRARIES = frozenset(
    {"forward", "backward", "step", "setup_context", "extra_repr", "reset_parameters", "jvp", "vmap"}
)

_NESTING = 16  # names that one value may be looked up through
_CALLS = 500  # of one function that are looked through
_BUDGET = 20_000  # look-ups in one program; beyond it every name may hold anything
# Attributes that libraries set as well, and variables that a launcher sets.
_FOREIGN = frozenset(
    {"requires_grad", "training", "grad", "data", "shape", "dtype", "device", "ndim", "bias", "weight"}
)
_LAUNCHER = frozenset({"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"})
_MUTABLE = (ast.List, ast.Dict, ast.Set)  # what such a display holds later is not known
_WORDS: dict[str, object] = {"true": True, "false": False, "none": None, "null": None}


class Names(Evaluator):
    """Answers what a name may hold, given the scopes taken so far."""

    def __init__(self, indexes: Sequence[SourceIndex], configuration: Configuration) -> None:
        self._configuration = configuration
        self._reads = {id(read.node): read for index in indexes for read in index.environment}
        self._imported = {item.alias for index in indexes for item in index.imports}
        self._options: dict[str, Option] = {option.name: option for index in indexes for option in index.options}
        self._received: dict[str, list[EnvironmentRead]] = {}
        self._stored: dict[str, list[EnvironmentRead]] = {}
        for read in self._reads.values():
            if read.bound:
                self._received.setdefault(read.bound, []).append(read)
            if read.how in ("stored", "setdefault"):
                self._stored.setdefault(read.name, []).append(read)
        self._everywhere = set(_all_names(indexes)) - _FOREIGN
        self._bindings: dict[str, list[Binding]] = {}
        self._parameters: dict[str, list[Scope]] = {}
        self._read: set[str] = set()
        self._called: dict[str, list[ast.Call]] = {}
        self._known: dict[str, Values] = {}
        self._asked: set[str] = set()
        self._cut = False  # whether a value was asked for while it was being worked out
        self._budget = _BUDGET

    def take(self, scope: Scope) -> list[str]:
        """Take in a scope that has become live; return the names that no scope has mentioned before."""
        fresh = [name for name in scope.names if name not in self._read and name not in self._called]
        self._read.update(scope.names)
        for binding in scope.bindings:
            self._bindings.setdefault(binding.name, []).append(binding)
        for call in scope.calls:
            if call.name not in self._called:
                self._called[call.name] = []
                fresh.append(call.name)
            self._called[call.name].append(call.node)
        if scope.kind is ScopeKind.FUNCTION:
            for name in scope.args:
                self._parameters.setdefault(name, []).append(scope)
        return fresh

    def mentioned(self, name: str) -> bool:
        """Whether a scope that was taken reads or calls the name."""
        return name in self._read or name in self._called

    def forget(self) -> None:
        """Answer anew: more scopes may have become live."""
        self._known.clear()

    def name(self, name: str) -> Values:
        """What a name or attribute may hold; nothing where only code that is not live gives it a value."""
        if name in self._known:
            return self._known[name]
        if name in self._asked:
            self._cut = True
            return ()
        self._budget -= 1
        if self._budget < 0 or len(self._asked) >= _NESTING or not self._bound_somewhere(name):
            return ANYTHING
        outer, self._cut = self._cut, False
        self._asked.add(name)
        result = self._work_out(name)
        self._asked.discard(name)
        if not self._cut or not self._asked:  # else the value is right only for who asked
            self._known[name] = result
        self._cut = (self._cut or outer) and bool(self._asked)
        return result

    def setting(self, node: ast.expr) -> EnvironmentRead | None:
        """The setting that the expression reads from the environment."""
        return self._reads.get(id(node))

    def setting_values(self, read: EnvironmentRead, depth: int) -> Values:
        """What such a read gives: text as a command or log has it, else the script's default."""
        if read.name in _LAUNCHER:
            return ANYTHING
        given = self._given(read.name)
        if given is not None:
            return ({"true": "1", "false": "0"}.get(given.lower(), given),)
        stored = self._stored.get(read.name, ())
        result: Values = ()
        for other in stored:
            result = merge(result, self.values(other.default, depth))
        if stored or read.how == "index":
            return result if stored else ANYTHING
        return (None,) if read.default is None else self.values(read.default, depth)

    def attribute_or(self, node: ast.Call, name: str, default: Values) -> Values:
        """What `getattr(x, name, default)` may give."""
        if self._bound_somewhere(name):
            return merge(default, self.name(name))
        root = node.args[0]
        return ANYTHING if isinstance(root, ast.Name) and root.id in self._imported else default

    def default_may_hold(self, scope: Scope, name: str) -> bool:
        """Whether a live call, or one that cannot be told, may leave the parameter at its default."""
        calls = self._calls_of(scope)
        if calls is None:
            return True
        position = self._position(scope, name)
        return any(not _starred(call) and not _given_in(call, name, position) for call in calls)

    def _position(self, scope: Scope, name: str) -> int | None:
        """The place of a parameter among the arguments of a call, None where it takes a keyword alone."""
        function = scope.node
        assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        plain = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        if name not in plain:
            return None
        return plain.index(name) - (1 if scope.class_name and plain[0] in ("self", "cls") else 0)

    def _bound_somewhere(self, name: str) -> bool:
        return name in self._everywhere or name in self._options

    def _given(self, name: str) -> str | None:
        """The text that a log, command or README gives a setting."""
        setting = self._configuration.value(name)
        return None if setting is None or self._configuration.origin(name) is Origin.SCRIPT else setting.value

    def _work_out(self, name: str) -> Values:
        result: Values = ()
        if name in self._options:
            result = self._option_values(self._options[name])
        for binding in self._bindings.get(name, ()):
            if result is None:
                return ANYTHING
            result = merge(result, self._binding_values(binding))
        for scope in self._parameters.get(name, ()):
            if result is None:
                return ANYTHING
            result = merge(result, self._parameter_values(name, scope))
        return result

    def _option_values(self, option: Option) -> Values:
        given = self._given(option.name)
        if given is not None:
            return (literal(given),)
        if option.default is None:
            return (False,) if option.switch else (None,)
        return self.values(option.default)

    def _binding_values(self, binding: Binding) -> Values:
        value = binding.value
        if value is None or isinstance(value, _MUTABLE):
            return ANYTHING
        if isinstance(value, (ast.Name, ast.Attribute)) and _last(value) == binding.name:
            return ()  # `self.x = x` adds nothing: the name stands for both
        for read in self._received.get(binding.name, ()):
            inside = value.lineno <= read.line <= (value.end_lineno or value.lineno)
            if inside and self._configuration.origin(read.name) is Origin.LOG:
                shown = literal(self._given(read.name) or "")
                # A log may print what the variable holds or what the script makes of it.
                return merge((shown,), self.values(value)) if isinstance(shown, str) else (shown,)
        return self.values(value)

    def _parameter_values(self, name: str, scope: Scope) -> Values:
        """What a parameter may receive by position or by default; keywords are bindings of their own."""
        function = scope.node
        assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        starred = {a.arg for a in (function.args.vararg, function.args.kwarg) if a is not None}
        calls = self._calls_of(scope)
        if calls is None or name in starred:
            return ANYTHING
        position = self._position(scope, name)
        result: Values = ()
        omitted = not calls
        for call in calls:
            if _starred(call):
                return ANYTHING
            if position is not None and 0 <= position < len(call.args):
                result = merge(result, self.values(call.args[position]))
            omitted = omitted or not _given_in(call, name, position)
        default = _default_of(function.args, name)
        if omitted:
            unknown = default is None or isinstance(default, _MUTABLE)
            result = ANYTHING if unknown else merge(result, self.values(default))
        return result

    def _calls_of(self, scope: Scope) -> list[ast.Call] | None:
        """Calls of a function that can be told by name; None where there may be others."""
        name = scope.name
        if name == "__init__":
            made = self._called.get(scope.class_name, [])
            made = made and made + self._called.get("__init__", [])
            return made if 0 < len(made) <= _CALLS else None
        if name.startswith("__") or name in CALLED_BY_LIBRARIES or name in self._read:
            return None
        calls = self._called.get(name)
        return None if calls is None or len(calls) > _CALLS else calls


def _starred(call: ast.Call) -> bool:
    """Whether `*rest` or `**rest` hide what a call hands on."""
    return any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)


def _given_in(call: ast.Call, name: str, position: int | None) -> bool:
    by_place = position is not None and 0 <= position < len(call.args)
    return by_place or any(k.arg == name for k in call.keywords)


def literal(text: str) -> object:
    """A value as a log prints it."""
    plain = text.strip().strip("\"'")
    if plain.lower() in _WORDS:
        return _WORDS[plain.lower()]
    if plain in ("[]", "()", "{}"):
        return ()
    for convert in (int, float):
        try:
            return convert(plain)
        except ValueError:
            continue
    return plain


def _all_names(indexes: Iterable[SourceIndex]) -> Iterator[str]:
    for index in indexes:
        for scope in index.scopes:
            yield from scope.args
            for binding in scope.bindings:
                if binding.how != "keyword":  # `Linear(a, b, bias=False)` does not tell what `x.bias` is
                    yield binding.name


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _default_of(arguments: ast.arguments, name: str) -> ast.expr | None:
    plain = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(reversed(plain), reversed(arguments.defaults), strict=False))
    pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None]
    return next((default for argument, default in pairs if argument.arg == name), None)
