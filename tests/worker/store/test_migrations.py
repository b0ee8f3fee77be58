from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from migrations.apply import downgrade, is_current, upgrade
from worker.store.models import AuditEvent, Base
from worker.store.session import SessionScope, session_scope


def test_the_migrations_make_what_the_models_say(empty_engine: Engine) -> None:
    upgrade(empty_engine)
    assert is_current(empty_engine)
    with empty_engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_up_down_and_up_again(empty_engine: Engine) -> None:
    upgrade(empty_engine)
    downgrade(empty_engine)
    assert inspect(empty_engine).get_table_names() == ["alembic_version"]
    assert not is_current(empty_engine)
    upgrade(empty_engine)
    assert is_current(empty_engine)


@pytest.mark.parametrize("change", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_what_was_audited_can_be_neither_changed_nor_deleted(scope: SessionScope, change: str) -> None:
    with scope() as session:
        session.add(AuditEvent(actor="a", action="ruled", subject="s", detail={}))
    with pytest.raises(DatabaseError, match="append-only"), scope() as session:
        session.execute(text(change))
    with scope() as session:
        assert session.query(AuditEvent).one().actor == "a"


def test_a_time_without_a_zone_is_refused(empty_engine: Engine) -> None:
    from datetime import datetime

    upgrade(empty_engine)
    with pytest.raises(Exception, match="without a zone"), session_scope(empty_engine)() as session:
        session.add(AuditEvent(actor="a", action="b", subject="c", detail={}, at=datetime(2026, 1, 1)))
