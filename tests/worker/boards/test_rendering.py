from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import pytest

from rules.competition import builtin
from tests.worker.boards.cases import candidate
from worker.boards import rendering
from worker.boards.readme import ReadmeError, patch
from worker.boards.values import Board, Candidate, board

COMPETITION = builtin()
WEB = "https://github.com/thimble/sprint"
HEAD = "| Run | Score | Author | Summary | Date | Info |\n|-----|------:|--------|---------|------|------|\n"
README = f"""# Sprint

## Leaderboard

{HEAD}| Third | 1.1000 | pat | ours | 2026-04-01 | [info]({WEB}/pull/3) |
| First | 1.2000 | pat | base | 2026-04-01 | [info]({WEB}/pull/1) |

## Beyond

{HEAD}| Free | 1.3000 | pat | free | 2026-04-01 | [info]({WEB}/pull/5) |

That is all.
"""


def made(*candidates: Candidate, track: int = 0) -> Board:
    return board(candidates, COMPETITION, COMPETITION.tracks[track])


def test_markdown_is_a_table_of_the_readmes_shape() -> None:
    found = made(candidate(1, 1.2, author="quin"), candidate(2, 1.1, 1.12, parents=[(1, True)], agents=["Codex"]))
    assert rendering.as_markdown(found, WEB) == (
        HEAD + "| `Entry 2` | 1.1100 | `pat` | 2 runs ± 0.01414; on `#1`; with `Codex` | 2026-04-01 "
        f"| [info]({WEB}/pull/2) |\n"
        f"| `Entry 1` | 1.2000 | `quin` | 1 run | 2026-04-01 | [info]({WEB}/pull/1) |\n"
    )


@pytest.mark.parametrize("title", ["a | b", "[x](http://evil.example)", "@everyone", "<img src=x>", "a\nb", "`", ""])
def test_a_title_cannot_act_in_the_table(title: str) -> None:
    text = rendering.as_markdown(made(candidate(1, 1.2, title=title, author="<b>|@x")), WEB)
    assert len(text.splitlines()) == 3
    row = text.splitlines()[2]
    assert row.count(" | ") == 5
    assert row.startswith("| `")
    assert "[x](" not in row.replace("`[x](http://evil.example)`", "")


def test_csv_holds_a_line_for_each_row_and_no_formula() -> None:
    text = rendering.as_csv(made(candidate(1, 1.2, title='=HYPERLINK("x")'), candidate(2, 1.3, title="a,b\nc")), WEB)
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["title"], first["place"], first["score"]) == ('\'=HYPERLINK("x")', "1", "1.2")
    assert second["title"] == "a,b\\nc"
    assert second["url"] == f"{WEB}/pull/2"


def test_json_names_what_is_shown_and_what_has_no_score() -> None:
    told = rendering.as_json(made(candidate(1, 1.2), candidate(2)), WEB)
    assert (told["track"], told["unit"], told["frontier"], told["without_score"]) == (
        "record",
        "bits per byte",
        [1],
        [2],
    )
    assert told["rows"][0]["files"] == f"{WEB}/tree/{'a' * 40}/records/1"


def test_a_patch_adds_the_missing_rows_of_the_frontier_where_their_score_belongs(tmp_path: Path) -> None:
    found = made(candidate(1, 1.2), candidate(2, 1.15), candidate(3, 1.1), candidate(4, 1.05), candidate(6, 1.5))
    (tmp_path / "README.md").write_text(README)
    text = patch(README, found, WEB)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=text.encode(), check=True)
    lines = (tmp_path / "README.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith(("| `", "| F", "| T"))]
    assert [line.split("/pull/")[1].split(")")[0] for line in rows] == ["4", "3", "2", "1", "5"]
    assert patch("\n".join(lines) + "\n", found, WEB) == ""


def test_the_other_track_has_the_second_table() -> None:
    text = patch(README, made(candidate(7, 1.4, track="non-record"), track=1), WEB)
    assert "+| `Entry 7` | 1.4000 " in text
    assert text.count("\n+|") == 1


def test_a_readme_without_the_table_is_refused_with_what_is_missing() -> None:
    with pytest.raises(ReadmeError, match=r"no table with the columns Run, Score, Author, Summary, Date, Info"):
        patch("# Nothing\n\n| a | b |\n|---|---|\n", made(candidate(1, 1.2)), WEB)
