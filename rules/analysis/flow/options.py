"""Options of the command line: what `argparse` gives in the claimed run is a setting of that run.

An option that no run is known to give has its default; one that a command gives, or a log prints as a number or a
switch, has that. A word in a log under an option's name may be the beginning of any line, and gives nothing.
"""

from __future__ import annotations

from typing import Any

from rules.analysis.configuration import Configuration, Origin
from rules.analysis.flow.base import Asked
from rules.analysis.flow.files import of_file, text_labels
from rules.analysis.flow.objects import Array, Class, Function, Instance, Options
from rules.analysis.flow.plain import read_setting
from rules.analysis.flow.values import NOTHING, UNKNOWN, Value, constant

PARSERS = frozenset({"ArgumentParser"})
GROUPS = frozenset({"add_argument_group", "add_mutually_exclusive_group"})
PARSED = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args"})
_SWITCHES = {"store_true": False, "store_false": True}


def options_of(asked: Asked) -> Options | None:
    """The parser that a method is called on."""
    ref = asked.arguments[0].ref if asked.is_method and asked.arguments else None
    return ref if isinstance(ref, Options) else None


def declare(asked: Asked, configuration: Configuration, *, doubt: bool) -> None:
    """Take in `add_argument`; an option whose name is not plain stays unknown."""
    options = options_of(asked)
    name = _name(asked)
    if options is not None and name:
        options.names[name] = _given(name, _default(asked), configuration, doubt=doubt)


def parsed(asked: Asked) -> Value | None:
    """The namespace that a parser gives, with what is left over where the call gives that too."""
    options = options_of(asked)
    if options is None:
        return None
    made = Value(ref=Instance(Class("Namespace", dict(options.names))))
    return Value(items=(made, NOTHING)) if asked.last == "parse_known_args" else made


def as_dictionary(asked: Asked, array: Array) -> Value | None:
    """`vars(options)`: the attributes of an object by name."""
    owner = asked.arguments[0].ref if len(asked.arguments) == 1 else None
    if not isinstance(owner, Instance):
        return None
    names = {**owner.cls.names, **owner.names}
    array.fields = {name: value for name, value in names.items() if not isinstance(value.ref, Function)}
    return Value(ref=array)


def _name(asked: Asked) -> str:
    """The attribute that an option becomes: `dest`, else its first long name, else its first name."""
    dest = asked.named.get("dest", NOTHING).const
    if isinstance(dest, str):
        return dest
    flags = [one.const for one in asked.arguments[1:] if isinstance(one.const, str)]
    chosen = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    return chosen.lstrip("-").replace("-", "_")


def _default(asked: Asked) -> Value:
    default = asked.named.get("default")
    if default is not None:
        return default
    action = asked.named.get("action", NOTHING).const
    if action in _SWITCHES:
        return constant(_SWITCHES[action])
    flags = [one.const for one in asked.arguments[1:]]
    optional = all(isinstance(flag, str) and flag.startswith("-") for flag in flags)
    return constant(None) if optional and "required" not in asked.named else NOTHING


def _given(name: str, default: Value, configuration: Configuration, *, doubt: bool) -> Value:
    setting, origin = configuration.value(name), configuration.origin(name)
    if setting is None or origin is Origin.SCRIPT:
        off = default.known and not isinstance(default.const, str) and not default.const
        return Value(default.labels) if doubt and off else default
    read = read_setting(setting.value)
    if not _fits(read, default, origin):
        return default
    return Value(of_file(default.labels, text_labels(setting.value)), read)


def _fits(read: Any, default: Value, origin: Origin | None) -> bool:
    """Whether a value is one of the option: a log's words are none, nor a number where the default is a text."""
    if read is UNKNOWN:
        return False
    if origin is not Origin.LOG:
        return True
    return not isinstance(read, str) and not isinstance(default.const, str)
