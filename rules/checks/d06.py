"""A gate mixes the last token of a document into the first of the next, while attention keeps documents apart.

## Why it matters
Where each document is attended to by itself, a gate that adds the state of the token before lets the end of one
document reach the start of another. It is causal, yet the documents are no longer apart as training, evaluation and
the description say.

## Flagged
    g = torch.sigmoid(self.gate(x[:, 1:]))
    x = torch.cat([x[:, :1], x[:, 1:] + g * x[:, :-1]], dim=1)     # documents packed, attention by cu_seqlens

## Allowed
The same gate where attention crosses documents too; a gate that is closed at the start of a document
(`g * (tokens[:, 1:] != BOS)`); a gate that the run does not use.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.configuration import Configuration, configuration_of
from rules.analysis.nodes import nodes_of
from rules.analysis.program import program_sources
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import SourceFile, Submission
from rules.syntax import parts_of, walk

RULE = Rule(
    code="D06",
    name="smeargate-across-document-boundary",
    category="boundary-leak",
    severity=Severity.REVIEW,
    doc=__doc__,
)

_APART = ("cu_seqlens", "cu_seqlen", "document_ids", "doc_ids", "block_mask")
_BOUNDARY = ("bos", "doc", "boundary", "mask", "start")
_STEPS = 4  # names between the gate and what closes it

_FIX = "Close the gate where the current token begins a document."


def check(submission: Submission, _competition: Competition) -> Iterator[Finding]:
    """Yield the first open gate of a program whose attention keeps documents apart."""
    settings = configuration_of(submission)
    for source in program_sources(submission):
        if source.tree is None or not any(word in source.code for word in _APART):
            continue
        for method, mixed, tests in _gates(source):
            active = _active(tests, settings)
            if active is False or _is_closed(mixed, method):
                continue
            doubt = "" if active else " Whether the run uses it is open."
            yield RULE.at(
                source.locate(mixed.lineno),
                "The state of the token before is mixed in at every position, across the starts of documents that the "
                f"attention keeps apart.{doubt}",
                fix=_FIX,
                severity=Severity.REVIEW if active else Severity.NOTE,
                evidence=(source.evidence(mixed.lineno, "gate"), source.evidence(_told(method), "documents")),
            )
            return


def _told(method: ast.FunctionDef) -> int:
    """The line of a method that says where documents begin."""
    return next((getattr(n, "lineno", method.lineno) for n in ast.walk(method) if _named(n) in _APART), method.lineno)


def _gates(source: SourceFile) -> Iterator[tuple[ast.FunctionDef, ast.BinOp, list[ast.expr]]]:
    """Sums of a stretch and a product with the stretch one earlier, in methods, with the tests around them."""
    if not any(name in source.code for name in _APART):
        return
    for cls in nodes_of(source, ast.ClassDef):
        for method in cls.body:
            if isinstance(method, ast.FunctionDef) and _keeps_apart(method):
                for node, tests in _walk(method, []):
                    if isinstance(node, ast.BinOp) and _mixes(node):
                        yield method, node, tests


def _keeps_apart(method: ast.FunctionDef) -> bool:
    """Whether the method is told where documents begin."""
    return any(_named(node) in _APART for node in walk(method))


def _walk(node: ast.AST, tests: list[ast.expr]) -> Iterator[tuple[ast.AST, list[ast.expr]]]:
    yield node, tests
    if isinstance(node, ast.If):
        for part in node.body:
            yield from _walk(part, [*tests, node.test])
        for part in node.orelse:
            yield from _walk(part, tests)
        return
    for child in parts_of(node):
        yield from _walk(child, tests)


def _mixes(node: ast.BinOp) -> bool:
    """`x[:, 1:] + g * x[:, :-1]`."""
    if not isinstance(node.op, ast.Add):
        return False
    for one, other in ((node.left, node.right), (node.right, node.left)):
        now = _stretch(one, later=True)
        if now and isinstance(other, ast.BinOp) and isinstance(other.op, ast.Mult):
            return any(_stretch(part, later=False) == now for part in ast.walk(other))
    return False


def _stretch(node: ast.AST, *, later: bool) -> str:
    """The name of what is cut from its second position on, or up to its last but one; "" for anything else."""
    if not isinstance(node, ast.Subscript):
        return ""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for part in parts:
        if isinstance(part, ast.Slice):
            bound, other = (part.lower, part.upper) if later else (part.upper, part.lower)
            if bound is not None and other is None and ast.unparse(bound) == ("1" if later else "-1"):
                return ast.unparse(node.value)
    return ""


def _is_closed(mixed: ast.BinOp, method: ast.FunctionDef) -> bool:
    """Whether something about the starts of documents is a factor of the gate."""
    made: dict[str, list[ast.expr]] = {}
    for node in ast.walk(method):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                made.setdefault(_named(target), []).append(node.value)
    seen: set[str] = set()
    waiting: list[ast.AST] = [mixed]
    for _ in range(_STEPS):
        parts = [part for node in waiting for part in ast.walk(node)]
        if any(isinstance(part, ast.Compare) or _is_boundary(_named(part)) for part in parts):
            return True
        names = {_named(part) for part in parts} - seen - {_stretch_name(mixed)}
        seen |= names
        waiting = [value for name in names for value in made.get(name, ())]
    return False


def _stretch_name(mixed: ast.BinOp) -> str:
    return _stretch(mixed.left, later=True) or _stretch(mixed.right, later=True)


def _is_boundary(name: str) -> bool:
    return any(part.startswith(_BOUNDARY) for part in name.lower().split("_"))


def _named(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return getattr(node, "id", getattr(node, "arg", "")) or ""


def _active(tests: list[ast.expr], settings: Configuration) -> bool | None:
    """Whether the tests around a gate hold in the run; None where the settings do not say."""
    names = {_named(node) for test in tests for node in ast.walk(test)} - {"self", ""}
    if any(settings.is_off(name) for name in names):
        return False
    return True if all(settings.is_on(name) for name in names) else None
