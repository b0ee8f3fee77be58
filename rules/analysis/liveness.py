"""What of a program runs under the settings of a submission, as far as constants and settings decide it.

A branch is dead when its condition cannot hold: after `xsa_last_n = int(os.environ.get("XSA_LAST_N", 0))`, and no log
or command that says otherwise, `if args.xsa_last_n > 0:` guards nothing. A function is dead when nothing live names it.
Names stand for all variables and attributes of that name together, so what is called dead is dead, while something
live may yet never run. Calls, loops and the order of statements are left to the call graph.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from rules.analysis.configuration import Configuration
from rules.analysis.evaluation import may_be
from rules.analysis.expressions import dotted
from rules.analysis.index import SourceIndex
from rules.analysis.names import CALLED_BY_LIBRARIES, Names
from rules.analysis.scopes import Scope, ScopeKind

_ROUNDS = 24  # after so many rounds, branches that are still undecided count as live
_HARMLESS_DECORATORS = {"autocast", "autotune", "cache", "cached_property", "classmethod", "compile", "contextmanager"}
_HARMLESS_DECORATORS |= {"custom_op", "dataclass", "disable", "enable_grad", "heuristics", "inference_mode", "jit"}
_HARMLESS_DECORATORS |= {"lru_cache", "no_grad", "property", "script", "setter", "staticmethod", "wraps"}


def live_scopes(indexes: Sequence[SourceIndex], configuration: Configuration) -> list[list[Scope]]:
    """For each file of one program, the scopes that may run, the module first."""
    analysis = _Liveness(indexes, configuration)
    analysis.run([index.module for index in indexes])
    return [[scope for scope in index.scopes if scope in analysis.live] for index in indexes]


class _Liveness:
    """Grows the set of live scopes until nothing more can be reached."""

    def __init__(self, indexes: Sequence[SourceIndex], configuration: Configuration) -> None:
        self.live: set[Scope] = set()
        self._names = Names(indexes, configuration)
        self._undecided: list[Scope] = []
        self._unnamed: dict[str, list[Scope]] = {}  # functions and classes that nothing live has named so far

    def run(self, modules: Sequence[Scope]) -> None:
        self._enter(list(modules))
        for _ in range(_ROUNDS):
            self._names.forget()
            waiting, self._undecided = self._undecided, []
            reached: list[Scope] = []
            for scope in waiting:
                taken = may_be(self._names.values(scope.test), scope.holds)
                (reached if taken else self._undecided).append(scope)
            if not reached:
                return
            self._enter(reached)
        while self._undecided:
            waiting, self._undecided = self._undecided, []
            self._enter(waiting)

    def _enter(self, stack: list[Scope]) -> None:
        """Make scopes live, and every function and class that they name."""
        while stack:
            scope = stack.pop()
            self.live.add(scope)
            for name in self._names.take(scope):
                stack.extend(self._unnamed.pop(name, ()))
            for child in scope.children:
                if child.kind is ScopeKind.BRANCH:
                    self._undecided.append(child)
                elif self._names.mentioned(child.name) or _called_from_outside(child):
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
