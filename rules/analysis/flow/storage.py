"""What calls give that read and write files, load modules, or leave Python."""

from __future__ import annotations

import ast
from dataclasses import replace

from rules.analysis.flow.base import Asked
from rules.analysis.flow.events import Kind
from rules.analysis.flow.files import every_split, folder_labels, in_folder, narrowed, of_file, some_of
from rules.analysis.flow.labels import (
    BYTES,
    DATA,
    LENGTH,
    LOGITS,
    NLL,
    NONE,
    STORED,
    TOKENS,
    TRAIN,
    TRAIN_FILE,
    VAL,
    VAL_FILE,
)
from rules.analysis.flow.leftout import left_out
from rules.analysis.flow.loading import FROM_SPEC, by_path, from_spec
from rules.analysis.flow.marks import packed
from rules.analysis.flow.objects import (
    Array,
    Foreign,
    Function,
    Instance,
    ModuleOf,
    Scope,
    array_of,
    owners,
)
from rules.analysis.flow.ordinary import Ordinary
from rules.analysis.flow.plain import is_script
from rules.analysis.flow.prints import template
from rules.analysis.flow.values import NOTHING, UNKNOWN, Value

_NOTES = frozenset({"json", "yaml", "toml", "tomllib", "configparser"})  # settings are read by them, no tokens
_FOREIGN = frozenset({"CDLL", "LoadLibrary", "load_inline", "load_library", "PyDLL"})


class Storage(Ordinary):
    """Files, modules, and what is not followed."""

    def _read(self, asked: Asked) -> Value | None:
        if asked.last == "load" and not asked.is_method:
            self.note(Kind.LOAD, asked.node, asked.name, asked.labels)
        found = asked.labels - {VAL_FILE, TRAIN_FILE}
        if VAL_FILE in asked.labels:
            found |= {VAL}
        if TRAIN_FILE in asked.labels:
            found |= {TRAIN}
        if asked.is_method and asked.last == "fromfile":  # of Python's own arrays, which grow by it
            grown = array_of(asked.arguments[0].ref)
            if grown is not None:
                grown.labels |= found
            elif isinstance(asked.node, ast.Call):
                self.mixed_in(getattr(asked.node.func, "value", None), found)
        is_note = asked.name.partition(".")[0] in _NOTES
        return Value(found - {STORED} if is_note or found & {VAL, TRAIN} else found | {STORED})

    def _read_into(self, asked: Asked) -> Value | None:
        """`file.readinto(array)`: the array holds what stands in the file."""
        array = array_of(asked.arguments[1].ref) if asked.is_method and len(asked.arguments) > 1 else None
        if array is not None:
            found = self._read(replace(asked, labels=asked.arguments[0].all_labels()))
            array.labels |= NONE if found is None else found.labels
        return NOTHING

    def _path(self, asked: Asked) -> Value | None:
        """A path out of its parts: the last part that names a split tells it."""
        if not asked.name.endswith("path.join") and (asked.last == "join" or asked.is_method):
            return None
        labels = NONE
        for part in asked.arguments:
            own = part.labels | (folder_labels(part.const) if len(asked.arguments) > 1 else NONE)
            labels = of_file(labels | own, own, labels)
        last = asked.arguments[-1] if asked.arguments else NOTHING
        alone = len(asked.arguments) == 1 and isinstance(last.const, str) and last.const != ""
        return Value(labels, last.const if alone or is_script(last) else UNKNOWN)

    def _globbed(self, asked: Asked) -> Value | None:
        """Files of a folder by a pattern, or all of them."""
        folder = asked.argument(0)
        if asked.last in ("listdir", "scandir", "iterdir"):
            whole = in_folder(folder.const) if isinstance(folder.const, str) else NONE
            return Value(of_file(asked.labels | whole, whole, folder.labels))
        if not asked.is_method or len(asked.arguments) < 2:
            return None
        pattern = asked.arguments[1]
        whole = pattern.labels
        if isinstance(folder.const, str) and isinstance(pattern.const, str):
            whole |= every_split(f"{folder.const.rstrip('/')}/{pattern.const}")
        return Value(of_file(asked.labels | whole, whole, folder.labels))

    def _filtered(self, asked: Asked) -> Value | None:
        """`filter(test, names)`: names of fewer splits, where the test is of their names."""
        if asked.is_method or len(asked.arguments) != 2:
            return None
        if asked.name.startswith("fnmatch."):
            names, pattern = asked.arguments
            return Value(of_file(asked.labels, pattern.labels, names.labels))
        test, over = asked.arguments[0].ref, asked.arguments[1]
        inner = self.element(over)
        plain = isinstance(test, Function) and isinstance(test.node, ast.Lambda)
        labels = narrowed(inner.labels, test.node.body, self.texts_in) if plain else some_of(inner.labels)
        return Value(labels, ref=self.array(asked.node, element=Value(labels, place=inner.place), container=True))

    def _named_beside(self, asked: Asked) -> Value | None:
        """`Path(__file__).with_name("helper.py")`."""
        return asked.arguments[-1] if asked.is_method and is_script(asked.arguments[-1]) else None

    def _saved(self, asked: Asked) -> Value | None:
        given = (*asked.arguments, *asked.named.values())
        kept = set[Instance]().union(*map(owners, given))
        tokens = frozenset({TOKENS}) if VAL in asked.labels and any(map(_beside_tokens, given)) else NONE
        self.note(Kind.SAVE, asked.node, asked.name, asked.labels | tokens, detail=frozenset(kept))
        return NOTHING

    def _loaded(self, asked: Asked) -> Value | None:
        taken = owners(asked.arguments[0]) if asked.is_method and asked.arguments else set()
        self.note(Kind.LOAD, asked.node, asked.name, left_out(asked), detail=frozenset(taken))
        return None

    def _module(self, asked: Asked) -> Value | None:
        if asked.last in FROM_SPEC:
            return from_spec(asked)
        found = by_path(self, asked)
        return found if found is not None or asked.last != "import_module" else self._escaped(asked)

    def _module_made(self, asked: Asked) -> Value | None:
        """`types.ModuleType(name)`: what is run in it can be imported by its name."""
        name = asked.argument(0).const
        if asked.is_method or not isinstance(name, str):
            return None
        return self.made.setdefault(name, Value(ref=ModuleOf(Scope(self.scope.source))))

    def _escaped(self, asked: Asked) -> Value | None:
        if asked.is_method and asked.last in ("eval",):
            return None
        if asked.last == "exec_module" and from_spec(asked) is not None:
            return NOTHING  # it was walked when its specification was made
        text = asked.argument(0).const
        if asked.name == "exec" and isinstance(text, str) and self.executed(text, asked.argument(1)):
            return NOTHING
        self.note(Kind.ESCAPE, asked.node, asked.name, asked.labels)
        return Value(asked.labels, ref=Foreign(asked.last) if asked.last in _FOREIGN else None)

    def _pointer(self, asked: Asked) -> Value | None:
        """A pointer into an array stands for the array."""
        array = next((found for one in asked.arguments if (found := array_of(one.ref)) is not None), None)
        return None if array is None else Value(asked.labels, ref=array)

    def _encoded(self, asked: Asked) -> Value | None:
        return Value(asked.labels | {BYTES})

    def _packed(self, asked: Asked) -> Value | None:
        """`lzma.compress(raw)`; numpy's gives the entries that a mask leaves, which are no bytes."""
        if len(asked.arguments) > 1 and asked.arguments[1].all_labels() & DATA:
            return None
        return Value(packed(asked.labels))

    def _logged(self, asked: Asked) -> Value | None:
        return self._printed(asked) if asked.is_method or asked.name.startswith("logging.") else None

    def _printed(self, asked: Asked) -> Value | None:
        self.note(
            Kind.PRINT,
            asked.node,
            template(asked.node, self.value, asked.arguments),
            asked.labels,
            detail=asked.arguments,
        )
        return NOTHING


def _beside_tokens(value: Value) -> bool:
    """Whether several things are put together of which some, and not all, are tokens of the validation text."""
    array = value.ref
    parts = value.items or (tuple(array.fields.values()) if isinstance(array, Array) else ())
    are = [bool(VAL in labels and not labels & {NLL, LOGITS, LENGTH}) for labels in map(Value.all_labels, parts)]
    return (any(are) and not all(are)) or any(map(_beside_tokens, parts))
