"""Writing to GitHub what has changed, and remembering it at once.

Before each write a short transaction makes sure that the lease is ours and that the head still counts; after it another
one keeps what was written. What a crash between the two leaves open is found out from GitHub before anything is
written again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from worker.clients.gateway import AbsentError, Annotation, Check, RefusedError, Repo
from worker.pipeline import Context, Superseded
from worker.publishing.comment import MARKER
from worker.publishing.labels import difference
from worker.publishing.said import Said, annotation_key, check_digest, digest_of
from worker.store import jobs, publications
from worker.store.jobs import Lease
from worker.store.models import PullRequestRow
from worker.store.publications import AGAIN, CHECK, COMMENT, LABELS, OURS, REPORT

ANNOTATIONS_AT_ONCE = 50


@dataclass(slots=True)
class Writer:
    """Writes about one pull request at one head. `wrote` tells whether anything had to be."""

    context: Context
    lease: Lease
    repo: Repo
    pull_request_id: UUID
    number: int
    head_sha: str
    known: dict[tuple[str, str], Said]
    wrote: bool = field(default=False)

    def check(self, check: Check, *, begin: bool) -> None:
        """Update the check run of a head where it says something else by now; create it only to `begin` one."""
        known = self.said(CHECK, check.head_sha)
        try:
            self._check(check, begin=begin)
        except AbsentError:
            if known.github_id is None:
                raise
            self._keep(CHECK, check.head_sha, Said())  # GitHub forgets check runs after a year or so
            self._check(check, begin=begin)

    def end_check(self, check: Check) -> None:
        """Finish the check run of a head that counts no more. One that cannot be finished is not tried again."""
        try:
            self.check(check, begin=False)
        except (AbsentError, RefusedError):
            said = self.said(CHECK, check.head_sha)
            self._keep(CHECK, check.head_sha, replace(said, said={**said.said, "open": False}))

    def comment(self, body: str, about: dict[str, Any], *, begin: bool) -> None:
        """Edit the comment where it says something else by now; post it only to `begin` one."""
        known, digest = self.said(COMMENT, REPORT), digest_of(body)
        if known.digest == digest and (known.github_id is not None or not begin):
            return
        found = self._find_comment() if known.github_id is None else known.github_id
        self._intend(COMMENT, REPORT, replace(known, digest=""))
        written = self._edited(found, body)
        if written is None and known.github_id is not None:  # somebody deleted it
            written = self._edited(self._find_comment(), body)
        if written is None and begin:
            written = self.context.github.create_comment(self.repo, self.number, body)
        self._keep(COMMENT, REPORT, Said(written, digest, about))

    def labels(self, wanted: Sequence[str]) -> None:
        """Add what is missing of ours, take off what is not wanted any more."""
        known, digest = self.said(LABELS, OURS), digest_of(list(wanted))
        if known.digest == digest:
            return
        github = self.context.github
        add, remove = difference(github.labels(self.repo, self.number), wanted)
        self._intend(LABELS, OURS, replace(known, digest=""))
        github.add_labels(self.repo, self.number, add)
        for label in remove:
            github.remove_label(self.repo, self.number, label)
        self._keep(LABELS, OURS, Said(None, digest, {"labels": list(wanted)}))

    def said(self, kind: str, subject: str) -> Said:
        """What was last said."""
        return self.known.get((kind, subject), Said())

    def _check(self, check: Check, *, begin: bool) -> None:
        subject = check.head_sha
        known = self.said(CHECK, subject)
        digest = digest_of([check_digest(check), self.said(AGAIN, subject).digest])
        if known.digest == digest and (known.github_id is not None or not begin):
            return
        github, check_id = self.context.github, known.github_id
        if check_id is None and (CHECK, subject) in self.known:  # begun, and its number never heard
            check_id = github.find_check(self.repo, subject, check.external_id)
        sent = self._sent(known, check_id)
        about = {"external_id": check.external_id, "open": True}
        if begin or check_id is not None:
            for batch in _batches([one for one in check.annotations if annotation_key(one) not in sent]):
                sending = [annotation_key(one) for one in batch]
                self._intend(CHECK, subject, Said(check_id, "", {**about, "sent": sent, "sending": sending}))
                one = replace(check, annotations=tuple(batch))
                if check_id is None:
                    check_id = github.create_check(self.repo, one)
                else:
                    github.update_check(self.repo, check_id, one)
                sent = [*sent, *sending]
        is_open = check.conclusion is None and check_id is not None
        self._keep(CHECK, subject, Said(check_id, digest, {**about, "sent": sent, "open": is_open}))

    def _find_comment(self) -> int | None:
        return self.context.github.find_comment(self.repo, self.number, MARKER)

    def _edited(self, comment_id: int | None, body: str) -> int | None:
        """The comment's number where it was there to be edited; somebody may have deleted it."""
        if comment_id is None:
            return None
        try:
            self.context.github.update_comment(self.repo, comment_id, body)
        except AbsentError:
            return None
        return comment_id

    def _sent(self, known: Said, check_id: int | None) -> list[str]:
        """Which annotations the check has. GitHub is asked where a request was under way when we stopped."""
        sent, sending = known.words("sent"), known.words("sending")
        if check_id is None:
            return []
        if sending and self.context.github.annotation_count(self.repo, check_id) > len(sent):
            return [*sent, *sending]
        return sent

    def _intend(self, kind: str, subject: str, said: Said) -> None:
        """Note what is about to be written. Raises Superseded where another head counts by now."""
        with self.context.scope() as session:
            jobs.hold(session, self.lease)
            row = session.get(PullRequestRow, self.pull_request_id)
            if row is None or row.head_sha != self.head_sha:
                raise Superseded
            self._save(session, kind, subject, said)

    def _keep(self, kind: str, subject: str, said: Said) -> None:
        """Remember what was written."""
        with self.context.scope() as session:
            jobs.hold(session, self.lease)
            self._save(session, kind, subject, said)
        self.known[kind, subject] = said
        self.wrote = True

    def _save(self, session: Session, kind: str, subject: str, said: Said) -> None:
        publications.keep(
            session,
            self.pull_request_id,
            kind,
            subject,
            github_id=said.github_id,
            digest=said.digest,
            said=said.said,
        )


def _batches(annotations: Sequence[Annotation]) -> Iterator[Sequence[Annotation]]:
    """As many as one request takes; one empty batch where there are none, since the check itself is written too."""
    for start in range(0, max(len(annotations), 1), ANNOTATIONS_AT_ONCE):
        yield annotations[start : start + ANNOTATIONS_AT_ONCE]
