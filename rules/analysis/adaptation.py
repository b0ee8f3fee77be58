"""Functions that train on the tokens that they evaluate: test-time training of any kind.

The protocol tells, where the walk of the program saw learning on validation tokens beside a score of them. Elsewhere
names and the order of lines must do.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rules.analysis.expressions import dotted
from rules.analysis.flow.order import relation
from rules.analysis.flow.protocol import Adaptation as Learnt
from rules.analysis.flow.protocol import Learning, protocol_of
from rules.analysis.live import Program, Sighting, Unit
from rules.analysis.scopes import Call, ScopeKind
from rules.analysis.words import words_of

_LEVELS = 3  # calls deep that a step of training is looked for
_EVALUATES = {"ttt", "eval", "evaluate", "validate", "adapt", "val"}
_SUMS = {"sum", "total", "tot", "count", "cum", "acc", "accum", "all"}
_SCORES = {"loss", "nll", "ce", "byte", "bytes", "token", "tokens", "bits", "bpb"}
_TOO_COMMON = {"main", "forward", "__init__"}  # names that say nothing about who is called
_PER_SAMPLE = {"slot", "etlb"}  # optimise a delta for each sample; no weight is trained


@dataclass(frozen=True, slots=True)
class Adaptation:
    """A function that evaluates and trains. `score_first`: each chunk is scored before it is trained on."""

    unit: Unit
    trained: Sighting
    score_first: bool
    names: frozenset[str]  # what the function and those it calls read or call

    def mentions(self, *words: str) -> bool:
        """Whether a name of the function, or of those that it calls, holds one of the words."""
        return any(word in words for name in self.names for word in words_of(name))


def adaptations(program: Program) -> list[Adaptation]:
    """Live functions that evaluate and train, as they happen or, where names tell, as the script defines them."""
    return program.remember(_find)


def _find(program: Program) -> list[Adaptation]:
    return _walked(program) or _named(program)


def _walked(program: Program) -> list[Adaptation]:
    """What the protocol holds: weights that learn from validation tokens whose score is seen."""
    protocol = None if program.submission is None else protocol_of(program.submission)
    found = []
    for one in protocol.adaptations if protocol is not None else ():
        unit = None if one.score is None or one.fresh else _home(one, program)
        if unit is not None:
            first = one.how is Learning.SCORE_FIRST
            trained = Sighting(one.learn.source, one.learn.line)
            found.append(Adaptation(unit, trained, first, _names(unit, program)))
    return found


def _home(found: Learnt, program: Program) -> Unit | None:
    """The function with the loop in which it is scored and learnt, else the one in which it is learnt."""
    loops = relation(found.score, found.learn).loops if found.score is not None else ()
    source, name = (loops[-1].source, loops[-1].name) if loops else (found.learn.source, found.learn.function)
    units = program.functions.get(name, ()) if name else (u for u in program.units if u.scope.kind is ScopeKind.MODULE)
    return next((unit for unit in units if unit.source is source), None)


def _named(program: Program) -> list[Adaptation]:
    trainers = _trainers(program)
    found = []
    for units in program.functions.values():
        for unit in units:
            words = set(words_of(unit.scope.name))
            if words & _EVALUATES and not words & _PER_SAMPLE and ("ttt" in words or "train" not in words):
                trained, scored = _first_training(unit, trainers), _first_score(unit)
            else:
                trained, scored = _inline(unit)
            if trained is not None:
                first = scored is not None and scored < trained
                found.append(Adaptation(unit, unit.at(trained), first, _names(unit, program)))
    return found


def _inline(unit: Unit) -> tuple[int | None, int | None]:
    """Lines of test-time training amid other code, told by names: `ttt_opt.step()`, `ttt_loss_sum += …`."""
    steps = [c.line for c in unit.calls if c.name in ("step", "backward") and "ttt" in words_of(_receiver(c))]
    sums = [b.line for b in unit.bindings if b.value is None and _is_sum(b.name) and "ttt" in words_of(b.name)]
    return min(steps, default=None), min(sums, default=None)


def _trainers(program: Program) -> set[str]:
    """Names of live functions that take a step of training, or call one that does."""
    users = [unit for name in ("backward", "grad") for unit, _ in program.calls.get(name, ())]
    found: set[str] = set()
    for _ in range(_LEVELS):
        fresh = {u.scope.name for u in users if u.scope.kind is ScopeKind.FUNCTION} - found - _TOO_COMMON
        found |= fresh
        users = [unit for name in fresh for unit, _ in program.calls.get(name, ())]
    return found


def _first_training(unit: Unit, trainers: set[str]) -> int | None:
    lines = [c.line for c in unit.calls if c.name == "backward" or c.name in trainers or _is_gradient(c)]
    return min(lines, default=None)


def _is_gradient(call: Call) -> bool:
    return call.name == "grad" and call.text.endswith("autograd.grad")


def _first_score(unit: Unit) -> int | None:
    """The first line that adds to a sum of losses, bytes or tokens, in place or by a helper named so."""
    lines = [b.line for b in unit.bindings if b.value is None and _is_sum(b.name)]
    lines += [c.line for c in unit.calls if _adds_to_sum(c) or {"accumulate", "score"} & set(words_of(c.name))]
    return min(lines, default=None)


def _adds_to_sum(call: Call) -> bool:
    """`loss_sum.add_(…)`."""
    return call.name == "add_" and _is_sum(_receiver(call))


def _receiver(call: Call) -> str:
    """The last name of what a method is called on: "opt" for `self.opt.step()`."""
    func = call.node.func
    return dotted(func.value).rsplit(".", 1)[-1] if isinstance(func, ast.Attribute) else ""


def _is_sum(name: str) -> bool:
    words = set(words_of(name))
    return bool(words & _SUMS and words & _SCORES)


def _names(unit: Unit, program: Program) -> frozenset[str]:
    """Names of the function and of the functions that it calls directly."""
    found = set(unit.names)
    for call in unit.calls:
        for callee in program.functions.get(call.name, ()):
            found |= callee.names.keys()
    return frozenset(found)
