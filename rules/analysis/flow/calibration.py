"""What the calibration of a quantiser is fed with, and when.

Calibration asks the network so that hooks or sums may see what flows through it: nothing is learnt by steps, nothing
is scored. It is known by what its functions are called, by the hooks that they hang into the network, or by the
gradients that they read and do not step with.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from rules.analysis.configuration import Configuration, configuration_of
from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.gradients import gradient_loop, takes_gradients, trained_with
from rules.analysis.flow.labels import DATA, NLL, VAL, Labels
from rules.analysis.flow.learning import of_network
from rules.analysis.flow.objects import Function
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.walk import trace_of
from rules.analysis.nodes import nodes_of
from rules.analysis.once import once
from rules.submission import SourceFile, Submission
from rules.syntax import walk

_WORDS = re.compile(r"hess|calib|gptq|awq|smoothquant|act(?:ivation)?_?(?:stat|scale|range|order)", re.I)
_NO_QUANTIZER = re.compile(r"temperature|(?:^|_)temp(?:_|$)", re.I)  # what is fitted is a number that divides logits
_RESULTS = ("json.", "_json.")  # figures are written, no weights
_QUANTIZES = re.compile(r"quant|gptq|awq|serialize|export|compress|pack", re.I)
_HOOKS = frozenset({"register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook"})
_RANK = re.compile(r"rank|master|main_process|distributed|is_main|world_size", re.I)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The network is asked for calibration. `data`: which of val, train, gen, rand it is asked with.

    `home` is the call that takes the statistics; `branches` are those around it whose test is not known;
    `training` is the last gradient on training tokens before it, `during` says that it happens in the turns of a loop
    that learns from them; `score` is the last score on validation tokens after it, `use` what is quantised or saved.
    """

    asked: Event
    home: Block
    data: Labels
    branches: tuple[Block, ...]
    training: Event | None
    during: bool
    score: Event | None
    use: Block | Event | None


@once
def calibrations_of(submission: Submission) -> tuple[Calibration, ...]:
    """All calibrations in order; () where no program can be followed."""
    trace = trace_of(submission)
    if trace is None:
        return ()
    learnt = trained_with(trace)
    scores = [e for e in trace.all(Kind.SCORE) if {VAL, NLL} <= e.labels]
    found: list[Calibration] = []
    for asked in trace.all(Kind.MODEL):
        home = home_of(asked)
        if home is not None and asked.labels & DATA:
            training = _before(asked, learnt)
            if training is None and not _is_told(home, asked):
                continue  # gradients before any training are training that was not followed
            found.append(
                Calibration(
                    asked,
                    home,
                    frozenset(asked.labels & DATA),
                    tuple(_branches(asked, home)),
                    training,
                    any(relation(event, asked).in_turn for event in learnt),
                    _after(asked, scores),
                    _use(asked, trace),
                )
            )
    return tuple(found)


def open_branches(calibration: Calibration, submission: Submission) -> list[Block]:
    """The branches around a calibration of which the settings do not say whether they are taken."""
    settings = configuration_of(submission)
    return [block for block in calibration.branches if not _is_taken(block, settings)]


def _is_taken(branch: Block, settings: Configuration) -> bool:
    """Whether every name that the test of a branch asks is a setting that is on."""
    statement, which = branch.detail
    names = {node.attr for node in ast.walk(statement.test) if isinstance(node, ast.Attribute)}
    negated = any(isinstance(node, ast.Not) for node in ast.walk(statement.test))
    return which == 0 and not negated and bool(names) and all(settings.is_on(name) for name in names)


def home_of(asked: Event) -> Block | None:
    """The outermost call around an event that takes statistics and neither steps nor scores; None where none does.

    Where no call does, the loop that asks the network right after hooks were hung into it, or that reads gradients.
    """
    for place, block in enumerate(asked.trail):
        if block.what != "call" or not _takes_statistics(block, asked.trail[place:]):
            continue
        if not any(event.kind in (Kind.STEP, Kind.SCORE) for event in block.events()):
            return block
    return _hooked_loop(asked) or gradient_loop(asked)


def _takes_statistics(block: Block, inner: tuple[Block, ...]) -> bool:
    return _is_named(block.name) or _hooks(block, inner) or takes_gradients(block)


def _is_told(home: Block, asked: Event) -> bool:
    """Whether a name or hooks tell that it is a calibration, and not its gradients alone."""
    if home.what != "call":
        return _hooked_loop(asked) is not None
    return _is_named(home.name) or _hooks(home, asked.trail[asked.trail.index(home) :])


def _is_named(name: str) -> bool:
    return _WORDS.search(name) is not None and _NO_QUANTIZER.search(name) is None


def _hooked_loop(asked: Event) -> Block | None:
    """The outermost loop of the innermost function that asks a network with hooks in it, and neither learns nor scores.

    The hooks are hung earlier in that function, and not yet removed.
    """
    calls = [place for place, block in enumerate(asked.trail) if block.what == "call"]
    loops = [block for block in asked.trail[calls[-1] + 1 if calls else 0 :] if block.what == "loop"]
    if not loops or not any(name in asked.source.code for name in _HOOKS):
        return None
    if any(event.kind in (Kind.STEP, Kind.SCORE, Kind.LEARN) for event in loops[0].events()):
        return None
    function = asked.trail[calls[-1]].detail if calls else None
    own = function.node if isinstance(function, Function) else None
    before = [node for node in nodes_of(asked.source, ast.Attribute) if node.lineno < loops[0].line]
    hung = _last(before, _HOOKS, own, asked.source)
    return loops[0] if hung > _last(before, frozenset({"remove"}), own, asked.source) else None


def _last(nodes: list[ast.Attribute], names: frozenset[str], own: ast.AST | None, source: SourceFile) -> int:
    """The last line on which a function itself, or the program at its top, asks for one of the names; 0 for none."""
    lines = [node.lineno for node in nodes if node.attr in names]
    return max((line for line in lines if _function_at(line, source) is own), default=0)


def _function_at(line: int, source: SourceFile) -> ast.AST | None:
    """The innermost function that a line is in."""
    around = [node for node in nodes_of(source, ast.FunctionDef) if node.lineno <= line <= (node.end_lineno or 0)]
    return max(around, key=lambda node: node.lineno, default=None)


def _hooks(block: Block, inner: tuple[Block, ...]) -> bool:
    """Whether the function that is called hangs hooks into the network, and the network is asked in it directly.

    A helper may hang them for it: a class that takes what flows through layers, say.
    """
    if any(other.what == "call" and not of_network(other) for other in inner[1:]):
        return False
    function = block.detail
    if not isinstance(function, Function):
        return False
    if function.hooks is None:
        function.hooks = _hangs_hooks(function)
    return function.hooks


def _hangs_hooks(function: Function) -> bool:
    """Whether a function hangs hooks into a network, itself or by a helper."""
    source = function.scope.source
    if not any(name in source.code for name in _HOOKS):
        return False
    if _hangs(function.node):
        return True
    called = {getattr(one.func, "id", getattr(one.func, "attr", "")) for one in walk(function.node) if _is_call(one)}
    helpers: list[ast.FunctionDef | ast.ClassDef] = [
        *nodes_of(source, ast.FunctionDef),
        *nodes_of(source, ast.ClassDef),
    ]
    return any(helper.name in called and helper is not function.node and _hangs(helper) for helper in helpers)


def _hangs(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr in _HOOKS for one in walk(node))


def _is_call(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call)


def _branches(asked: Event, home: Block) -> Iterator[Block]:
    """Branches around the calibration whose test is about something else than which process this is."""
    for block in asked.trail[: asked.trail.index(home)]:
        statement = block.detail[0] if block.what == "branch" and isinstance(block.detail, tuple) else None
        if isinstance(statement, ast.If) and not _RANK.search(ast.unparse(statement.test)):
            yield block


def _before(asked: Event, events: list[Event]) -> Event | None:
    """The last of the events that happens before, and not in the same turns of a loop."""
    for event in reversed(events):
        how = relation(event, asked)
        if how.order is Order.BEFORE and not how.in_turn:
            return event
    return None


def _after(asked: Event, events: list[Event]) -> Event | None:
    """The last of the events that happens after."""
    return next((e for e in reversed(events) if relation(e, asked).order is Order.AFTER), None)


def _use(asked: Event, trace: Trace) -> Block | Event | None:
    """What is quantised, else saved, after the calibration."""
    for around in reversed(asked.trail):
        for part in _following(around, asked):
            if isinstance(part, Block) and part.what == "call" and _QUANTIZES.search(part.name):
                return part
    return _after(asked, [event for event in trace.all(Kind.SAVE) if not event.name.startswith(_RESULTS)])


def _following(around: Block, asked: Event) -> Iterator[Block | Event]:
    """What happens in a block after the part of it that holds the event."""
    parts = {id(part) for part in (*asked.trail, asked)}
    seen = False
    for child in around.children:
        if seen:
            yield child
        seen = seen or id(child) in parts
