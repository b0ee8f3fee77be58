"""What of a program runs under the settings of a submission, as far as constants and settings decide it.

A branch is dead when its condition cannot hold: after `xsa_last_n = int(os.environ.get("XSA_LAST_N", 0))`, and no log
or command that says otherwise, `if args.xsa_last_n > 0:` guards nothing. A function is dead when nothing live names it.
Names stand for all variables and attributes of that name together, so what is called dead is dead, while something
live may yet never run. Calls, loops and the order of statements are left to the call graph.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from rules.analysis.configuration import Configuration
from rules.analysis.evaluation import may_be
from rules.analysis.expressions import dotted
from rules.analysis.index import SourceIndex
from rules.analysis.names import CALLED_BY_LIBRARIES, Names
from rules.analysis.scopes import Scope, ScopeKind
from rules.reading.logs.openings import opening_of

_ROUNDS = 24  # after so many rounds, branches that are still undecided count as live
_LOOKED_AT = 200  # scopes whose texts are looked at to tell what one branch prints
_HARMLESS_DECORATORS = {"autocast", "autotune", "cache", "cached_property", "classmethod", "compile", "contextmanager"}
_HARMLESS_DECORATORS |= {"custom_op", "dataclass", "disable", "enable_grad", "heuristics", "inference_mode", "jit"}
_HARMLESS_DECORATORS |= {"lru_cache", "no_grad", "property", "script", "setter", "staticmethod", "wraps"}


@dataclass(frozen=True, slots=True)
class Live:
    """The scopes of each file that may run, the module first, and what names may hold in them."""

    scopes: tuple[tuple[Scope, ...], ...]
    names: Names


def live_parts(indexes: Sequence[SourceIndex], configuration: Configuration) -> Live:
    """Find what of one program may run, given the indexes of its files."""
    analysis = _Liveness(indexes, configuration)
    analysis.run([index.module for index in indexes])
    found = tuple(tuple(scope for scope in index.scopes if scope in analysis.live) for index in indexes)
    return Live(found, analysis.names)


def heads_of(text: str) -> list[str]:
    """How a line may begin that prints `text`: up to a colon, up to a score, or its first words."""
    head = text[:80].lstrip()
    found = [opening_of(head)]
    if ":" in head:
        found.append(head.split(":", 1)[0])
    if " val_" in head:
        found.append(head.split(" val_", 1)[0].rstrip())
    return [words for words in found if words]


class _Liveness:
    """Grows the set of live scopes until nothing more can be reached."""

    def __init__(self, indexes: Sequence[SourceIndex], configuration: Configuration) -> None:
        self.live: set[Scope] = set()
        self.names = Names(indexes, configuration)
        self._inside = {scope: inner for index in indexes for scope, inner in index.inside.items()}
        self._printed = configuration.printed
        self._undecided: list[Scope] = []
        self._unnamed: dict[str, list[Scope]] = {}  # functions and classes that nothing live has named so far

    def run(self, modules: Sequence[Scope]) -> None:
        """Start at the modules; go on until neither a condition nor a log says that more may run."""
        self._enter(list(modules))
        for _ in range(_ROUNDS):
            self.names.forget()
            waiting, self._undecided = self._undecided, []
            reached: list[Scope] = []
            for scope in waiting:
                taken = may_be(self.names.values(scope.test), scope.holds)
                (reached if taken else self._undecided).append(scope)
            reached = reached or self._witnessed()
            if not reached:
                return
            self._enter(reached)
        while self._undecided:
            waiting, self._undecided = self._undecided, []
            self._enter(waiting)

    def _witnessed(self) -> list[Scope]:
        """Branches that did run, whatever the settings say: a log has a line that nothing else prints."""
        if not self._printed:
            return []
        said = [(scope, self._heads(scope) & self._printed) for scope in self._undecided]
        words = {word for _, heads in said for word in heads}
        if words:
            words -= {head for scope in self.live for text in scope.strings for head in heads_of(text.value)}
        found = [scope for scope, heads in said if heads & words]
        self._undecided = [scope for scope in self._undecided if scope not in found]
        return found

    def _heads(self, branch: Scope) -> set[str]:
        """How lines begin that the branch prints, or a function that it alone calls."""
        found: set[str] = set()
        seen, stack = {branch}, [branch]
        while stack and len(seen) < _LOOKED_AT:
            scope = stack.pop()
            found.update(head for text in scope.strings for head in heads_of(text.value))
            inner = [s for s in self._inside.get(scope, ()) if s.kind is ScopeKind.BRANCH]
            if scope.kind is ScopeKind.BRANCH:
                inner += [f for call in scope.calls for f in self._unnamed.get(call.name, ())]
            stack += [s for s in inner if s not in seen]
            seen.update(inner)
        return found

    def _enter(self, stack: list[Scope]) -> None:
        """Make scopes live, and every function and class that they name."""
        while stack:
            scope = stack.pop()
            self.live.add(scope)
            for name in self.names.take(scope):
                stack.extend(self._unnamed.pop(name, ()))
            for child in self._inside.get(scope, ()):
                if child.kind is ScopeKind.BRANCH:
                    self._undecided.append(child)
                elif self.names.mentioned(child.name) or _called_from_outside(child):
                    stack.append(child)
                else:
                    self._unnamed.setdefault(child.name, []).append(child)


def _called_from_outside(scope: Scope) -> bool:
    """Whether a library calls the function by its name, or a decorator may have handed it to one."""
    name = scope.name
    if scope.class_name and (name in CALLED_BY_LIBRARIES or (name.startswith("__") and name.endswith("__"))):
        return True
    decorators: list[ast.expr] = getattr(scope.node, "decorator_list", [])
    plain = [d.func if isinstance(d, ast.Call) else d for d in decorators]
    return any(dotted(d).rsplit(".", 1)[-1] not in _HARMLESS_DECORATORS for d in plain)
