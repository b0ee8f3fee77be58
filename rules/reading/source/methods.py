"""Methods of known values that launchers use: (type, name) → what it does, bounded. See `functions`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from rules.reading.source.functions import TEXT_ENCODINGS
from rules.reading.source.values import ITEM_LIMIT, Budget, ExhaustedError, Value, is_scalar

_TABLE_LIMIT = 4_000_000  # characters that are translated one by one
_PATTERN_LIMIT = 1_000  # characters to strip or to look for
_BLANKS = [chr(code) for code in (9, 10, 11, 12, 13, 28, 29, 30, 31, 32)]
_SAME_SIZE = frozenset(
    (
        *("strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "lower", "upper", "swapcase", "title", "hex"),
        *("partition", "rpartition", "count", "find", "rfind", "index", "rindex", "startswith", "endswith", "isdigit"),
    )
)
_PATH_METHODS = frozenset({"with_suffix", "with_name", "with_stem", "joinpath", "relative_to", "as_posix"})
_PATH_FIELDS = frozenset({"parent", "name", "stem", "suffix", "parts"})
_LIST_METHODS = frozenset({"append", "insert", "pop", "index", "reverse", "copy", "count", "clear"})
_DICT_METHODS = frozenset({"get", "copy", "pop", "setdefault"})


def attribute(value: Value, name: str) -> Value:
    """A field of a known path. Raises LookupError for what is no field."""
    if isinstance(value, PurePosixPath):
        if name in _PATH_FIELDS:
            return getattr(value, name)
        if name == "parents":
            return list(value.parents)
    raise LookupError(name)


def call_method(budget: Budget, owner: Value, name: str, args: list[Value], keywords: Mapping[str, Value]) -> Value:
    """Call a pure method of a known value. Raises LookupError for an unknown one, and what the method raises."""
    if isinstance(owner, (str, bytes, bytearray)):
        return _text_method(budget, owner, name, args, keywords)
    if isinstance(owner, list):
        return _list_method(budget, owner, name, args)
    if isinstance(owner, dict):
        return _dict_method(budget, owner, name, args)
    if isinstance(owner, PurePosixPath):
        return _path_method(owner, name, args)
    if isinstance(owner, int) and name == "to_bytes":
        budget.spend(int(args[0]))
        return owner.to_bytes(*args, **keywords)
    raise LookupError(name)


def _text_method(
    budget: Budget, owner: str | bytes | bytearray, name: str, args: list[Value], keywords: Mapping[str, Value]
) -> Value:
    special = _TEXT.get(name)
    if special is not None:
        return special(budget, owner, *args, **keywords)
    if name not in _SAME_SIZE:
        raise LookupError(name)
    if any(hasattr(arg, "__len__") and len(arg) > _PATTERN_LIMIT for arg in args):
        raise ExhaustedError(f"a pattern of more than {_PATTERN_LIMIT:,} characters")
    budget.spend(len(owner))
    return getattr(owner, name)(*args, **keywords)


def _replace(budget: Budget, owner: Value, old: Value, new: Value, count: int = -1) -> Value:
    budget.spend(len(owner) + owner.count(old) * len(new))
    return owner.replace(old, new, count)


def _join(budget: Budget, owner: Value, items: Value) -> Value:
    if len(items) > ITEM_LIMIT:
        raise ExhaustedError(f"a list of more than {ITEM_LIMIT:,} items")
    budget.spend(sum(len(item) for item in items) + len(owner) * len(items))
    return owner.join(items)


def _split(budget: Budget, owner: Value, separator: Value = None, maxsplit: int = -1) -> list[Value]:
    _check_parts(budget, owner, separator, maxsplit)
    return list(owner.split(separator, maxsplit))


def _rsplit(budget: Budget, owner: Value, separator: Value = None, maxsplit: int = -1) -> list[Value]:
    _check_parts(budget, owner, separator, maxsplit)
    return list(owner.rsplit(separator, maxsplit))


def _splitlines(budget: Budget, owner: Value, keepends: bool = False) -> list[Value]:
    _check_parts(budget, owner, None, -1)
    return list(owner.splitlines(keepends))


def _check_parts(budget: Budget, owner: Value, separator: Value, wanted: int) -> None:
    """Refuse a split into too many parts before it is made."""
    budget.spend(len(owner))
    if separator is not None:
        count = owner.count(separator)
    elif owner.isascii():
        blanks = _BLANKS if isinstance(owner, str) else [blank.encode() for blank in _BLANKS]
        count = sum(owner.count(blank) for blank in blanks)
    else:
        count = len(owner) // 2
    if count > ITEM_LIMIT and not 0 <= wanted <= ITEM_LIMIT:
        raise ExhaustedError(f"a list of more than {ITEM_LIMIT:,} items")


def _translate(budget: Budget, owner: Value, table: Value, delete: bytes = b"") -> Value:
    if len(owner) > _TABLE_LIMIT:
        raise ExhaustedError(f"more than {_TABLE_LIMIT:,} characters to translate")
    longest = 1
    if isinstance(table, dict):
        longest = max((len(v) for v in table.values() if isinstance(v, str)), default=1)
    budget.spend(len(owner) * max(longest, 1))
    return owner.translate(table, delete=delete) if delete else owner.translate(table)


def _decode(budget: Budget, owner: bytes, encoding: str = "utf-8", errors: str = "strict") -> str:
    _check_encoding(encoding)
    budget.spend(len(owner))
    return owner.decode(encoding, errors)


def _encode(budget: Budget, owner: str, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    _check_encoding(encoding)
    budget.spend(len(owner))
    return owner.encode(encoding, errors)


def _check_encoding(encoding: str) -> None:
    if encoding.lower().replace("-", "_") not in TEXT_ENCODINGS:
        raise LookupError(encoding)


_TEXT: Mapping[str, Callable[..., Value]] = {
    "replace": _replace,
    "join": _join,
    "split": _split,
    "rsplit": _rsplit,
    "splitlines": _splitlines,
    "translate": _translate,
    "decode": _decode,
    "encode": _encode,
    "tobytes": lambda _budget, owner: owner,
}


def _list_method(budget: Budget, owner: list[Value], name: str, args: list[Value]) -> Value:
    if name == "extend":
        args = [list(args[0])]
    if len(owner) + sum(len(arg) for arg in args if isinstance(arg, list)) > ITEM_LIMIT:
        raise ExhaustedError(f"a list of more than {ITEM_LIMIT:,} items")
    budget.spend(1)
    if name == "extend":
        return owner.extend(args[0])
    if name not in _LIST_METHODS or (name in ("index", "count") and not is_scalar(args[0])):
        raise LookupError(name)
    return getattr(owner, name)(*args)


def _dict_method(budget: Budget, owner: dict[Value, Value], name: str, args: list[Value]) -> Value:
    budget.spend(len(owner))
    if name in ("items", "keys", "values"):
        return [tuple(item) for item in owner.items()] if name == "items" else list(getattr(owner, name)())
    if name == "update":
        return owner.update(*args)
    if name not in _DICT_METHODS or not is_scalar(args[0] if args else None):
        raise LookupError(name)
    return getattr(owner, name)(*args)


def _path_method(owner: PurePosixPath, name: str, args: list[Value]) -> Value:
    if name in ("resolve", "absolute", "expanduser"):
        return PurePosixPath(posixpath.normpath(str(owner)))
    if name not in _PATH_METHODS:
        raise LookupError(name)
    return getattr(owner, name)(*args)
