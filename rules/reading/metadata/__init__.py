"""submission.json in all its dialects → the claims that it makes, each with its key path and line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from rules.reading.metadata.claims import claims_of
from rules.reading.metadata.scan import MAX_DEPTH, Scan, scan
from rules.reading.metadata.track import named_track, normalise_track
from rules.reading.text import decode
from rules.rule import Location
from rules.submission import Metadata, Problem, ProblemKind

__all__ = ["MAX_BYTES", "named_track", "normalise_track", "read_metadata"]

MAX_BYTES = 1_000_000
_MEND = "check it with: python -m json.tool"
_NAME_KEYS = ("name", "title", "run_name", "submission_name")
_AUTHOR_KEYS = ("author", "authors", "author_name")
_GITHUB_KEYS = ("github_id", "github", "github_user", "github_username", "github_handle", "author_github")
_TRACK_KEYS = ("track", "challenge_track", "category")
_HANDLE = re.compile(r"(?:https?://)?(?:www\.)?(?:github\.com/)?@?([A-Za-z0-9][A-Za-z0-9-]{0,38})/?\s*")


def read_metadata(path: str, data: bytes) -> tuple[Metadata, tuple[Problem, ...]]:
    """Read submission.json. Never raises.

    A file that is nearly JSON is read as far as it can be understood, and the problem is named all the same.
    """
    if len(data) > MAX_BYTES:
        detail = f"{len(data):,} bytes; up to {MAX_BYTES:,} are read. Keep the file to the submission's own figures"
        return Metadata(path, {}), (Problem(ProblemKind.LIMIT, Location(path), detail),)
    decoded = decode(data)
    if not decoded.text.strip():
        detail = "the file holds no text; fill it in" if data else "the file is empty; fill it in"
        return Metadata(path, {}, text=decoded.text), (Problem(ProblemKind.EMPTY, Location(path), detail),)
    found = scan(decoded.text)
    values, problems = _values(path, decoded.text, found)
    metadata = Metadata(
        path=path,
        data=values,
        claims=claims_of(path, found.leaves) if values else (),
        track=_track(values),
        author=_text(values, _AUTHOR_KEYS),
        github_id=_handle(values),
        name=_text(values, _NAME_KEYS),
        text=decoded.text,
    )
    return metadata, (*decoded.problems_at(path), *problems)


def _values(path: str, text: str, found: Scan) -> tuple[Mapping[str, object], list[Problem]]:
    """The outermost object, by the strict reader where it takes the file, and what is wrong with it."""
    problems: list[Problem] = []
    if found.limit:
        problems.append(Problem(ProblemKind.LIMIT, Location(path), found.limit))
    root = found.root
    error = None if found.limit and found.limit.startswith("nested") else _strict_error(path, text)
    if error is not None:
        problems.append(error)
    if isinstance(root, dict):
        return root, problems
    if error is None:
        detail = f"an object in braces is expected at the top, not {type(root).__name__}"
        problems.append(Problem(ProblemKind.NOT_AN_OBJECT, Location(path, 1), detail))
    return {}, problems


def _strict_error(path: str, text: str) -> Problem | None:
    """Why the file is no JSON, None where it is."""
    words: list[str] = []
    try:
        json.loads(text, parse_constant=words.append, parse_int=float, parse_float=float)
    except json.JSONDecodeError as error:
        detail = f"column {error.colno}: {error.msg}; {_MEND} {path.rsplit('/', 1)[-1]}"
        return Problem(ProblemKind.INVALID_JSON, Location(path, error.lineno), detail)
    except RecursionError:
        return Problem(ProblemKind.LIMIT, Location(path), f"nested more than {MAX_DEPTH} deep")
    if words:
        line = text.count("\n", 0, text.find(words[0])) + 1
        detail = f"JSON has no {words[0]}; write a number, or null where there is none"
        return Problem(ProblemKind.INVALID_JSON, Location(path, line), detail)
    return None


def _text(values: Mapping[str, object], keys: tuple[str, ...]) -> str | None:
    """The first of the keys that holds a text, or several of them in a list or an object."""
    for key in keys:
        value = values.get(key)
        if isinstance(value, Mapping):
            value = _text(value, keys) or _text(value, _NAME_KEYS)
        elif isinstance(value, list):
            value = ", ".join(item for item in value if isinstance(item, str))
        if isinstance(value, str) and value.strip():
            return value.strip()[:500]
    return None


def _track(values: Mapping[str, object]) -> str | None:
    spelled = _text(values, _TRACK_KEYS)
    return None if spelled is None else normalise_track(spelled) or None


def _handle(values: Mapping[str, object]) -> str | None:
    """The account's name, without the at sign or the address around it."""
    author = values.get("author")
    given = _text(values, _GITHUB_KEYS) or (_text(author, _GITHUB_KEYS) if isinstance(author, Mapping) else None)
    found = None if given is None else _HANDLE.fullmatch(given)
    return given if found is None else found[1]
