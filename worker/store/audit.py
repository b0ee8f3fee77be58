"""Who did what, when. Only ever added to."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from worker.store.models import AuditEvent


def note(session: Session, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Write down an act. `subject` is what it was done to, such as `owner/name#12@head`."""
    session.add(AuditEvent(actor=actor[:120], action=action[:60], subject=subject[:200], detail=detail))
