"""The script at the top of the repository, which stands for the submission's where its folder holds none."""

from __future__ import annotations

from collections.abc import Iterable

from rules.submission import ChangedFile, Status


def top_scripts(changed: Iterable[ChangedFile], inside: Iterable[str], script: str) -> tuple[ChangedFile, ...]:
    """The changed script at the top, where no file of the submission folder is Python; else none.

    `inside` are the paths of the folder's files, none where there is no folder; `script` is the required name. Whoever
    lists a pull request, from a repository or from GitHub, reads this file too.
    """
    if any(path.casefold().endswith(".py") for path in inside):
        return ()
    return tuple(file for file in changed if file.path == script and file.status is not Status.DELETED)
