from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from worker.tables import TableError, read_pull_requests, read_rulings

HEADER = "number,created_at,author,title,head_sha\n"


def test_pull_requests_come_in_order_of_creation_not_of_number(tmp_path: Path) -> None:
    path = tmp_path / "pulls.csv"
    path.write_text(
        HEADER + "9,2026-03-18T10:00:00Z,b,Late,bb\n3,2026-03-18T12:00:00+01:00,a,x,aa\n8,2026-03-17,c,y,cc\n"
    )
    found = read_pull_requests(path)
    assert [p.number for p in found] == [8, 9, 3]
    assert found[2].created_at == datetime(2026, 3, 18, 11, tzinfo=UTC)


def test_titles_may_hold_commas_quotes_and_newlines(tmp_path: Path) -> None:
    path = tmp_path / "pulls.csv"
    path.write_text(HEADER + '1,2026-03-18T10:00:00Z,a,"x, ""y""\nz",aa\n')
    assert read_pull_requests(path)[0].title == 'x, "y"\nz'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("number,author\n1,a\n", "pulls.csv:1: columns missing: created_at, title, head_sha"),
        (HEADER + "x,2026-03-18T10:00:00Z,a,t,aa\n", "pulls.csv:2: invalid literal"),
        (HEADER + "1,yesterday,a,t,aa\n", "pulls.csv:2: Invalid isoformat"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pulls.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=message):
        read_pull_requests(path)


def test_a_missing_table_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        read_rulings(tmp_path / "none.csv")


def test_rulings_hold_several_reasons(tmp_path: Path) -> None:
    path = tmp_path / "rulings.csv"
    path.write_text(
        "number,outcome,reasons,ruled_on\n5,invalid,over-time;over-cap,2026-03-24\n6,accepted,,2026-03-25\n"
    )
    first, second = read_rulings(path)
    assert first.reasons == ("over-time", "over-cap")
    assert first.ruled_on == date(2026, 3, 24)
    assert second.reasons == ()
