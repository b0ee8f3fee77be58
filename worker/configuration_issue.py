"""What the issue about a broken configuration says."""

from __future__ import annotations

import re

from rules.report.escape import code, prose, url_path
from worker.configuration import PATH

MARK = "<!-- fairway:configuration -->"
TITLE = f"{PATH} cannot be used"
MOST_MESSAGE = 600

_FAULT = re.compile(rf"{re.escape(PATH)}(?::(\d+))?: (.*)")
_BROKEN = """{mark}
Fairway cannot use [`{path}`]({link}) as it is on {branch}:

{faults}

**Until this is mended** pull requests are judged by {instead}.

**To mend it**, correct the file on that branch. Fairway reads it again with each push and closes this issue by itself.
"""
_LAST_GOOD = "the last version of the file that could be used"
_DEFAULT = "the default competition of this installation of Fairway, since no version of the file could be used yet"
_MENDED = "Fairway can use it again, and judges pull requests by it. Thank you for mending it."
_REMOVED = "the file is gone, and pull requests are judged by the default competition of this installation of Fairway."


def broken(fault: str, page: str, branch: str, *, has_good_one: bool) -> str:
    """The text for a fault, whose lines begin with the file's path; `page` is the repository's address."""
    link = f"{page}/blob/{url_path(branch)}/{PATH}"
    return _BROKEN.format(
        mark=MARK,
        path=PATH,
        link=link,
        branch=code(branch),
        faults="\n".join(_item(line, link) for line in fault.splitlines()),
        instead=_LAST_GOOD if has_good_one else _DEFAULT,
    )


def mended(removed: bool) -> str:
    """The text once nothing is wrong any more."""
    return f"{MARK}\n`{PATH}`: {_REMOVED if removed else _MENDED}\n"


def _item(fault: str, link: str) -> str:
    told = _FAULT.fullmatch(fault)
    line, message = (told[1], told[2]) if told else (None, fault)
    place = f"[line {line}]({link}#L{line}): " if line else ""
    return f"- {place}{prose(message, MOST_MESSAGE)}"
