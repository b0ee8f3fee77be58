"""What Python itself looks up by name: the names of a module as a dictionary, attributes, and what an object gives.

`globals()["train"] = other` binds a name of the module as an assignment there does. A class of the program that has
`__iter__`, `__next__` or `__getitem__` says what a loop over its objects gives.
"""

from __future__ import annotations

from rules.analysis.flow.base import Asked
from rules.analysis.flow.objects import Array, Bound, Class, Function, Instance, Library, ModuleOf, Scope
from rules.analysis.flow.settings import Settings
from rules.analysis.flow.values import NOTHING, Value

MODULES = "sys.modules"
_OF_NAMES = frozenset({"get", "update"})  # methods of a dictionary of names


class Namespaces(Settings):
    """Names and attributes that are asked for or bound by a text."""

    def module_here(self) -> Value:
        """The module whose code is walked."""
        scope: Scope = self.scope
        while scope.around is not None:
            scope = scope.around
        return Value(ref=ModuleOf(scope))

    def _names_here(self, asked: Asked) -> Value | None:
        """`globals()`, and `locals()` or `vars()` where a module is walked itself."""
        if asked.is_method or asked.arguments:
            return None
        return self.module_here() if asked.last == "globals" or self.scope.around is None else None

    def _as_names(self, asked: Asked) -> Value | None:
        """`vars()`: the names of a module are the module still."""
        if len(asked.arguments) == 1 and isinstance(asked.arguments[0].ref, ModuleOf):
            return asked.arguments[0]
        return self._as_dictionary(asked) if asked.arguments else self._names_here(asked)

    def _set_by_name(self, asked: Asked) -> Value | None:
        """`setattr(module, "train", other)`."""
        if asked.is_method or len(asked.arguments) != 3:
            return None
        owner, name, value = asked.arguments
        if isinstance(name.const, str):
            self.bind_attribute(owner, name.const, value, asked.node)
        if value.known or not isinstance(name.const, str):  # else it was noted where it is bound
            self.put(asked.node, asked.name, *asked.arguments)
        return NOTHING

    def by_name(self, owner: Value, key: Value) -> Value | None:
        """`globals()["train"]`, `sys.modules[__name__]`, `Split["train"]` of an enumeration; None where it is none."""
        if not isinstance(key.const, str):
            return None
        if isinstance(owner.ref, ModuleOf):
            return owner.ref.scope.names.get(key.const, NOTHING)
        if isinstance(owner.ref, Class):
            return owner.ref.find(key.const) or NOTHING
        is_modules = isinstance(owner.ref, Library) and owner.ref.name == MODULES
        return self.imported(key.const) if is_modules else None

    def bound_in_module(self, asked: Asked) -> Value | None:
        """`globals().update(train=other)`."""
        owner = asked.argument(0)
        if not asked.is_method or not isinstance(owner.ref, ModuleOf):
            return None
        given = [one.ref.fields for one in asked.arguments[1:] if isinstance(one.ref, Array)]
        for name, value in [pair for fields in (*given, asked.named) for pair in fields.items()]:
            if isinstance(name, str):
                self.bind_attribute(owner, name, value, asked.node)
        return NOTHING

    def iterated(self, value: Value) -> Value | None:
        """What a loop over an object of the program gives, None where its class does not say."""
        made = self.called(value, "__iter__")
        if made is not None and made.ref is not value.ref:
            return self.element(made)
        given = self.called(value, "__next__")
        return self.called(value, "__getitem__", NOTHING) if given is None and made is None else given

    def _iterator(self, asked: Asked) -> Value | None:
        """`iter(batches)` and `next(batches)` of an object whose class says what they give."""
        if asked.is_method or not asked.arguments:
            return None
        return self.called(asked.arguments[0], f"__{asked.last}__")

    def called(self, owner: Value, name: str, *given: Value) -> Value | None:
        """What a method that Python calls by itself gives; None for networks, and where there is none."""
        if not isinstance(owner.ref, Instance) or owner.ref.cls.module:
            return None
        found = owner.ref.cls.find(name)
        if found is None or not isinstance(found.ref, Function):
            return None
        return self.apply(Value(ref=Bound(found.ref, (owner, *given))), (), {}, found.ref.node)


def of_names(module: Value, name: str) -> Value:
    """`globals().update`: what a module does not name may be a method of the dictionary of its names."""
    return Value(ref=Bound(Library(f"().{name}"), (module,))) if name in _OF_NAMES else NOTHING
