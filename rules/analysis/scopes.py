"""The parts of a script that `rules.analysis.index` hands out: scopes, calls, bindings, settings.

A script is cut into scopes: the module, its classes, its functions, and every branch of a condition. Each scope knows
the names that it reads, what it binds, what it calls and which strings it holds, without those of the scopes inside
it. So a reader may ask for the script as a whole, for one function (`SourceIndex.below`), or leave out the branches
that a run never takes (`rules.analysis.liveness`).
"""

from __future__ import annotations

import ast
from enum import StrEnum
from typing import NamedTuple

from rules.analysis.expressions import constant_text, dotted


class ScopeKind(StrEnum):
    """What a scope is in the language."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    BRANCH = "branch"  # statements or an expression under a condition


class Scope:
    """One stretch of a script. Filled by `rules.analysis.indexing`; read-only for everyone else.

    A scope knows the one around it, not those inside it (`SourceIndex.inside`): an index without reference cycles is
    freed as soon as nobody needs it.

    `qualname` is that of the enclosing function or class for a branch ("GPT.forward"), "" for the module. `test` is
    the condition of a branch, which is taken when its truth is `holds`. `names` maps a name or attribute that is read
    (other than as the callee of a call) to its first line. `strings` are constants, f-string pieces among them.
    """

    __slots__ = (
        "args",
        "bindings",
        "calls",
        "holds",
        "kind",
        "line",
        "names",
        "node",
        "parent",
        "qualname",
        "strings",
        "test",
    )

    def __init__(
        self,
        kind: ScopeKind,
        qualname: str,
        node: ast.AST,
        line: int,
        parent: Scope | None,
        test: ast.expr | None = None,
        holds: bool = True,
        args: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self.qualname = qualname
        self.node = node
        self.line = line
        self.parent = parent
        self.test = test
        self.holds = holds
        self.args = args
        self.names: dict[str, int] = {}
        self.calls: list[Call] = []
        self.bindings: list[Binding] = []
        self.strings: list[Text] = []

    def __repr__(self) -> str:
        return f"Scope({self.kind}, {self.qualname!r}, line {self.line})"

    @property
    def name(self) -> str:
        """The last component of the qualified name."""
        return self.qualname.rsplit(".", 1)[-1]

    @property
    def owner(self) -> Scope | None:
        """The function, class or module that a branch lies in; the scope itself where it is none."""
        scope: Scope | None = self
        while scope is not None and scope.kind is ScopeKind.BRANCH:
            scope = scope.parent
        return scope

    @property
    def class_name(self) -> str:
        """The class whose method this is, "" for a plain function."""
        scope = self.parent
        while scope is not None and scope.kind is ScopeKind.BRANCH:
            scope = scope.parent
        return scope.name if scope is not None and scope.kind is ScopeKind.CLASS else ""


class Call(NamedTuple):
    """One call: `name` is the last component of what is called, "" where that has no name (`f()()`).

    `inside` is the qualified name of the function or class around it, "" at the top of the module.
    """

    name: str
    node: ast.Call
    line: int
    inside: str

    @property
    def text(self) -> str:
        """What is called, dotted: "torch.optim.SGD", "self.attn.forward", "().sum" on the result of a call."""
        return dotted(self.node.func)

    def argument(self, position: int, name: str = "") -> ast.expr | None:
        """The argument at that position or of that name."""
        if 0 <= position < len(self.node.args):
            return self.node.args[position]
        return next((k.value for k in self.node.keywords if k.arg == name), None) if name else None


class Binding(NamedTuple):
    """A name or attribute that gets a value: by assignment, as keyword of a call, by import or in a loop.

    `value` is None where the value is no expression of its own (loop variable, import, `x += 1`, unpacking).
    `how` is "name", "attribute", "keyword" or "other".
    """

    name: str
    value: ast.expr | None
    line: int
    how: str


class Text(NamedTuple):
    """A string constant."""

    value: str
    line: int


class Import(NamedTuple):
    """One imported module or one name out of it: `from a.b import c as d` has module "a.b", name "c", alias "d"."""

    module: str
    name: str
    alias: str
    line: int
    inside: str


class EnvironmentRead(NamedTuple):
    """One look at an environment variable, or a value that the script gives it (`stored`).

    `bound` is the name or attribute that receives the value, "" where none does; `default` is None where there is
    none (`os.environ["X"]`). `how` is "get", "index", "setdefault" or "stored".
    """

    name: str
    default: ast.expr | None
    bound: str
    line: int
    inside: str
    node: ast.expr
    how: str

    @property
    def default_text(self) -> str | None:
        """The default as the environment would spell it; the expression where it is no constant."""
        return None if self.default is None else constant_text(self.default)


class Option(NamedTuple):
    """One command-line option of argparse. `flag` is as typed ("--use-xsa"), `name` as read ("use_xsa")."""

    flag: str
    name: str
    default: ast.expr | None
    line: int
    switch: bool

    @property
    def default_text(self) -> str | None:
        """The default as text; "False" for a switch that is off unless named."""
        if self.default is not None:
            return constant_text(self.default)
        return "False" if self.switch else None
