"""Settings that a script takes from outside: environment variables and command-line options.

Fed by the pass of `rules.analysis.indexing`, call by call.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from rules.analysis.expressions import dotted
from rules.analysis.scopes import Call, EnvironmentRead, Option, Scope, ScopeKind

_ENVIRONS = {"os.environ", "environ"}
_ACCESSORS = {"get": "get", "pop": "get", "setdefault": "setdefault"}


class EnvironmentReader:
    """Collects reads and options; `settle` adds those that go through small helper functions of the script."""

    def __init__(self) -> None:
        self.reads: list[EnvironmentRead] = []
        self.options: list[Option] = []
        self._loud: list[tuple[Call, str, str]] = []  # calls that name something in capitals, and what they bind

    def call(self, call: Call, text: str, bound: str) -> None:
        """Take a call whose first argument is the string `text`."""
        if call.name == "getenv" or (call.name in _ACCESSORS and _is_environ(call.node.func)):
            self._add(call, text, bound, _ACCESSORS.get(call.name, "get"))
        elif call.name == "add_argument":
            self.options.append(_option(call))
        elif text.isupper() and text.isidentifier():
            self._loud.append((call, text, bound))

    def item(self, scope: Scope, node: ast.Subscript, bound: str) -> None:
        """Take `os.environ["X"]` where it is read."""
        self._item(scope, node, None, bound, "index")

    def stored(self, scope: Scope, node: ast.Subscript, value: ast.expr | None) -> None:
        """Take `os.environ["X"] = value`."""
        self._item(scope, node, value, "", "stored")

    def _item(self, scope: Scope, node: ast.Subscript, value: ast.expr | None, bound: str, how: str) -> None:
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and dotted(node.value) in _ENVIRONS:
            self.reads.append(EnvironmentRead(key.value, value, bound, node.lineno, scope.qualname, node, how))

    def _add(self, call: Call, name: str, bound: str, how: str) -> None:
        default = call.argument(1, "default")
        self.reads.append(EnvironmentRead(name, default, bound, call.line, call.inside, call.node, how))

    def settle(self, scopes: Sequence[Scope]) -> None:
        """Take calls like `env_int("X", 8)`, where `env_int` looks its first parameter up in the environment."""
        if not self._loud:
            return
        helpers = {name for scope in scopes for name in _helpers(scope)}
        for call, text, bound in self._loud:
            if call.name in helpers:
                self._add(call, text, bound, "get")


def _is_environ(func: ast.expr) -> bool:
    return isinstance(func, ast.Attribute) and dotted(func.value) in _ENVIRONS


def _helpers(scope: Scope) -> list[str]:
    """Names that read the environment here: a function, a lambda or `env = os.environ.get`."""
    found = []
    if scope.kind is ScopeKind.FUNCTION and scope.args and _looks_up(scope.calls, scope.args[0]):
        found.append(scope.name)
    for bound in scope.bindings:
        value = bound.value
        if isinstance(value, ast.Attribute) and dotted(value) in ("os.environ.get", "environ.get", "os.getenv"):
            found.append(bound.name)
        elif isinstance(value, ast.Lambda) and value.args.args:
            found += [bound.name] if _looks_up(scope.calls, value.args.args[0].arg) else []
    return found


def _looks_up(calls: Sequence[Call], parameter: str) -> bool:
    """Whether one of the calls reads the environment variable that `parameter` names."""
    for call in calls:
        if call.name == "getenv" or (call.name in _ACCESSORS and _is_environ(call.node.func)):
            key = call.argument(0)
            if isinstance(key, ast.Name) and key.id == parameter:
                return True
    return False


def _option(call: Call) -> Option:
    """Read one `add_argument("--use-xsa", action="store_true")`."""
    words = [a.value for a in call.node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    flag = next((word for word in words if word.startswith("--")), words[0])
    destination, action = call.argument(-1, "dest"), call.argument(-1, "action")
    name = flag.lstrip("-").replace("-", "_")
    if isinstance(destination, ast.Constant):
        name = str(destination.value)
    switch = isinstance(action, ast.Constant) and action.value == "store_true"
    return Option(flag, name, call.argument(-1, "default"), call.line, switch)
