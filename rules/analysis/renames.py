"""Scripts that put a validation shard under the name of a training shard."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rules.analysis.expressions import last_bindings
from rules.analysis.flow.files import file_labels
from rules.analysis.flow.labels import TRAIN_FILE, VAL_FILE, Labels
from rules.analysis.nodes import nodes_of
from rules.rule import Evidence
from rules.submission import Language, SourceFile, Submission

_COPIES = frozenset({"copy", "copy2", "copyfile", "move", "rename", "replace", "symlink", "link", "hardlink_to"})
_CALLED = tuple(f"{name}(" for name in sorted(_COPIES - {"replace"} | {"symlink_to", "os.replace"}))
_SHELL = re.compile(r"^\s*(?:cp|mv|ln)\s[^\n;&|]*?(\S*val\S*)\s+(\S*train\S*)\s*$", re.MULTILINE | re.I)
_DEPTH = 6


def renamed_shards(submission: Submission) -> Iterator[Evidence]:
    """The places where it is done, in any file of the folder."""
    for source in submission.sources:
        if source.tree is not None and "val" in source.code and any(name in source.code for name in _CALLED):
            names = last_bindings(nodes_of(source, ast.Assign))
            for node in nodes_of(source, ast.Call):
                if _renames(node, names):
                    yield source.evidence(node.lineno, "copy")
        elif source.language is Language.SHELL:
            yield from _in_shell(source)


def _in_shell(source: SourceFile) -> Iterator[Evidence]:
    for found in _SHELL.finditer(source.code):
        if _of(found[1]) == {VAL_FILE} and _of(found[2]) == {TRAIN_FILE}:
            yield source.evidence(source.code.count("\n", 0, found.start(1)) + 1, "copy")


def _renames(node: ast.Call, names: dict[str, ast.expr]) -> bool:
    func = node.func
    if not isinstance(func, ast.Attribute) or not node.args:
        return False
    if func.attr == "symlink_to":
        return _is_val(node.args[0], names) and _is_train(func.value, names)
    if func.attr not in _COPIES or len(node.args) < 2:
        return False
    return _is_val(node.args[0], names) and _is_train(node.args[1], names)


def _is_val(node: ast.expr, names: dict[str, ast.expr]) -> bool:
    return _of(_text(node, names)) == {VAL_FILE}


def _is_train(node: ast.expr, names: dict[str, ast.expr]) -> bool:
    return _of(_text(node, names)) == {TRAIN_FILE}


def _of(text: str) -> Labels:
    return file_labels(text.strip("'\""))


def _text(node: ast.expr, names: dict[str, ast.expr], depth: int = _DEPTH) -> str:
    """The plain parts of a path, put together."""
    if not depth:
        return ""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name) and node.id in names:
        return _text(names[node.id], names, depth - 1)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, names, depth - 1) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, names, depth - 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Div)):
        between = "/" if isinstance(node.op, ast.Div) else ""
        return f"{_text(node.left, names, depth - 1)}{between}{_text(node.right, names, depth - 1)}"
    if isinstance(node, ast.Call):
        return "/".join(_text(part, names, depth - 1) for part in node.args)
    return ""
