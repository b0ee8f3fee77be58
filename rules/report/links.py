"""Where evidence can be looked at: addresses of files at the head commit, and of the rules' pages."""

from __future__ import annotations

from dataclasses import dataclass

from rules.report import escape
from rules.report.sections import shortened
from rules.rule import Location
from rules.submission import Submission

PATH_AT_MOST = 1_000  # characters of a percent-encoded path; a longer one is shown without a link
ARCHIVED = "!/"  # stands between a packed script and the name of a file in it


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses without a slash at the end.

    `repository` is the one that holds the head commit ("https://github.com/owner/name"), `rules` the folder of the
    rules' pages, None where none is public.
    """

    repository: str
    rules: str | None = None

    def blob(self, head_sha: str, path: str, line: int | None) -> str | None:
        """The address of a line of a file at a commit, None for a path too long to be one."""
        encoded = escape.url_path(path)
        if len(encoded) > PATH_AT_MOST:
            return None
        return f"{self.repository}/blob/{head_sha}/{encoded}" + (f"#L{line}" if line else "")

    def rule(self, code: str) -> str | None:
        """The address of a rule's page."""
        return f"{self.rules}/{escape.url_path(code)}.md" if self.rules else None


class Places:
    """Writes locations of one submission in Markdown: relative to its folder, linked where the file exists."""

    def __init__(self, submission: Submission, links: Links | None) -> None:
        self._submission = submission
        self._links = links if submission.pull_request.head_sha else None
        self._known = {file.path for file in submission.files}

    def __call__(self, location: Location) -> str:
        """A code span such as `train_gpt.py:12`, as a link where there is something to open."""
        line = f":{location.line}" if location.line is not None else ""
        inner = f", unpacked line {location.unpacked_line}" if location.unpacked_line is not None else ""
        text = escape.path(self._submission.inside(location.path) + line)
        target = self._target(location)
        return (f"[{text}]({target})" if target else text) + inner

    def shortened(self, text: str) -> str:
        """A message in which paths look as they do here."""
        return shortened(text, self._submission)

    def _target(self, location: Location) -> str | None:
        if self._links is None:
            return None
        shipped = location.path if location.path in self._known else location.path.partition(ARCHIVED)[0]
        if shipped not in self._known:
            return None
        return self._links.blob(self._submission.pull_request.head_sha, shipped, location.line)
