"""Copies of the script inside a log."""

from __future__ import annotations

import pytest

from rules.reading.logs.dump import fingerprint, strip_dumps
from rules.submission import Quantity
from tests.reading.logs_samples import RUN, SCRIPT, line_of, read

RULER = "=" * 100


def test_a_dump_is_taken_out_and_every_line_keeps_its_number() -> None:
    text = f"{SCRIPT}\n{RULER}\n{RUN}"
    stripped, dump, size = strip_dumps(text)
    assert stripped.count("\n") == text.count("\n")
    assert stripped.strip() == f"{RULER}\n{RUN}".strip()
    assert dump is not None
    assert (dump.first_line, dump.last_line) == (1, SCRIPT.count("\n"))
    assert size == len(SCRIPT.encode())


def test_what_the_dump_prints_is_no_score_no_size_and_no_setting() -> None:
    log = read(f"{SCRIPT}\n{RULER}\n{RUN}")
    assert {s.val_bpb for s in log.scores} == {4.1077, 1.2172, 1.21, 1.2244, 1.2243657}
    assert 99999999 not in {m.value for m in log.all(Quantity.ARTIFACT_BYTES)}
    assert log.seed == 1337


def test_the_fingerprint_is_that_of_the_shipped_file_whatever_its_line_ends() -> None:
    log = read(f"logs/run.txt\n{SCRIPT}\n\n{RULER}\n{RUN}")
    assert log.source_dump is not None
    assert log.source_dump.sha256 == fingerprint(SCRIPT) == fingerprint(SCRIPT.replace("\n", "  \r\n") + "\r\n\r\n")
    assert log.source_dump.first_line == 2


def test_a_dump_without_a_ruler_ends_where_the_output_begins() -> None:
    log = read(f"{SCRIPT}\n{RUN}")
    assert log.source_dump is not None
    assert log.source_dump.last_line == SCRIPT.count("\n")
    assert log.seed == 1337


def test_code_at_module_level_after_the_last_function_belongs_to_the_dump() -> None:
    script = SCRIPT + 'WIDTH = 3\nmodel = build(WIDTH)\nprint(f"seed:{WIDTH}")\n'
    log = read(f"{script}\n{RULER}\n{RUN}")
    assert log.source_dump is not None
    assert log.source_dump.sha256 == fingerprint(script)


def test_each_of_several_dumps_is_taken_out() -> None:
    text = f"{SCRIPT}\n{RULER}\n{RUN}\n{SCRIPT}\n{RULER}\n{RUN}"
    stripped, dump, _ = strip_dumps(text)
    assert "import" not in stripped
    assert dump is not None
    assert dump.first_line == 1
    assert len(read(text).final_scores) == 4


def test_a_script_whose_beginning_was_overwritten_by_output_is_taken_out_too() -> None:
    scrap = SCRIPT[SCRIPT.index("    seed = int") :] + "def helper():\n    return 1\n"
    log = read(f"{RUN}rce\n{scrap}\n{RULER}\nRunning Python 3.11\n")
    assert [s.val_bpb for s in log.final_scores] == [1.2244, 1.2243657]


def test_a_packed_launcher_is_a_dump() -> None:
    launcher = 'import lzma as L,base64 as B\nexec(L.decompress(B.b85decode("' + "x" * 30_000 + '")))'
    stripped, dump, _ = strip_dumps(f"{launcher}\n{RULER}\n{RUN}")
    assert "b85decode" not in stripped
    assert dump is not None
    assert dump.sha256 == fingerprint(launcher)


@pytest.mark.parametrize(
    "text", ["", RUN, "from here on import is a word\nimport failed: no module\n", "def f(): pass\n"]
)
def test_output_alone_has_no_dump(text: str) -> None:
    assert strip_dumps(text) == (text, None, None)


def test_the_line_of_a_score_after_a_dump_is_that_of_the_file() -> None:
    text = f"{SCRIPT}\n{RULER}\n{RUN}"
    assert read(text).final_scores[-1].location.line == line_of(text, "final_int8_zlib_roundtrip_exact")
