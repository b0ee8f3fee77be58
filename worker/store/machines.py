"""Machines that work on runs: when each was last heard of, and why its runner cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.store.models import Machine
from worker.store.repositories import upsert
from worker.store.types import now_plus

SILENT_SECONDS = 180.0


def see(session: Session, name: str, runner: str) -> None:
    """A machine works on the queue of runs."""
    upsert(session, Machine, ["name"], {"name": name, "runner": runner, "seen_at": now_plus()})


def note(session: Session, name: str, runner: str, fault: str | None) -> None:
    """What its runner said of itself: why it cannot be used, or None where it can."""
    values = {"name": name, "runner": runner, "fault": fault, "seen_at": now_plus(), "checked_at": now_plus()}
    upsert(session, Machine, ["name"], values)


def is_checked(session: Session, name: str, seconds: float) -> bool:
    """Whether its runner was looked at within so many seconds."""
    statement = select(Machine.name).where(Machine.name == name, Machine.checked_at >= now_plus(-seconds))
    return session.scalars(statement).first() is not None


def all_of(session: Session) -> Sequence[Machine]:
    """Every machine that was ever heard of, by name."""
    return session.scalars(select(Machine).order_by(Machine.name)).all()


def heard_of(session: Session) -> Sequence[Machine]:
    """Those that were heard of lately."""
    lately = Machine.seen_at >= now_plus(-SILENT_SECONDS)
    return session.scalars(select(Machine).where(lately).order_by(Machine.name)).all()
