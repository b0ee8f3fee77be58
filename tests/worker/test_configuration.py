"""What a configuration file is good for, without GitHub: faults with their lines, and notes for a pull request."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.competition import CompetitionError, builtin
from rules.report.contract import finding_entry
from rules.rule import Severity
from rules.submission import ChangedFile, Status
from rules.verdict import Verdict, verdict_of
from worker.configuration import MOST_BYTES, PATH, competition_of, decoded, faults_of, findings_of, proposed

GOOD = b'extends = "parameter-golf"\ntitle = "Spindle"\n'
BROKEN = GOOD + b'[limits]\ntrain_secs = 1.0\n[artifact]\nmax_bytes = "8"\n'


def test_the_shipped_file_and_one_that_extends_it_have_no_fault() -> None:
    shipped = Path("rules/competitions/parameter_golf.toml").read_bytes()
    assert faults_of(shipped) == []
    assert faults_of(GOOD) == []


def test_each_fault_has_its_line_and_says_how_to_mend_it() -> None:
    first, second = sorted(faults_of(BROKEN))
    assert first == f"{PATH}:4: unknown key `limits.train_secs`: remove it or correct its spelling"
    assert second.startswith(f"{PATH}:6: `artifact.max_bytes`: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is missing: add it"),
        (b"\xff\xfe" + "title = 1\n".encode("utf-16-le"), f"{PATH}:1: not UTF-8"),
        (b"title = 1\n# caf\xe9\n", f"{PATH}:2: not UTF-8"),
        (b"title = 'a\x00b'\n", "not valid TOML"),
        (b"#" * (MOST_BYTES + 1), f"more than the {MOST_BYTES:,} that are read"),
        (b"title = [1,\n\n", f"{PATH}:3: not valid TOML"),
        (b"a" + b".a" * 65 + b" = 1\n", f"{PATH}:1: a key of more than 64 parts"),
    ],
)
def test_what_cannot_be_read_is_a_fault(content: bytes, says: str) -> None:
    assert says in faults_of(content)[0]


HOSTILE = {
    "one key of many parts": b"a" + b".a" * (MOST_BYTES // 2 - 10) + b"=1",
    "a deep header above many keys": b"[a"
    + b".a" * 60_000
    + b"]\n"
    + b"".join(b"b%d.c=1\n" % n for n in range(10_000)),
    "quoted names": b'"=" . "\\"" . \'#\'' + b' . "a"' * 40_000 + b"=1",
    "one long name": b"a" * 200_000,
    "many unknown keys": b"".join(b"k%d=1\n" % n for n in range(24_000)),
    "nested lists": b"x=" + b"[" * 200_000,
    "nested tables": b"x=" + b"{a=" * 60_000,
    "many lists of tables": b"[[a]]\n" * 40_000,
    "many quotes": b'"""' * 80_000,
    "a line of names": b"a " * 130_000,
    "a number of many digits": b"x=" + b"9" * 200_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_without_long_work(content: bytes) -> None:
    assert len(content) <= MOST_BYTES
    (*_, last) = faults_of(content)
    assert last.startswith(PATH)


def test_only_a_good_text_is_decoded() -> None:
    assert decoded(b"\xef\xbb\xbf" + GOOD) == GOOD.decode()
    with pytest.raises(CompetitionError):
        decoded(BROKEN)


def test_without_a_configuration_the_default_counts_by_name_or_path() -> None:
    assert competition_of(None, "parameter-golf") == builtin()
    assert competition_of(None, "demo/competition.toml") != builtin()
    assert competition_of(GOOD.decode(), "parameter-golf").title == "Spindle"


def changed(path: str, status: Status = Status.MODIFIED) -> ChangedFile:
    return ChangedFile(path, status, 0o100644, "a" * 40)


def test_only_the_file_itself_is_a_proposal() -> None:
    assert proposed([changed("README.md"), changed(PATH)]) == changed(PATH)
    assert proposed([changed(f"entries/{PATH}"), changed(".github/fairway.toml.bak")]) is None


def test_a_pull_request_that_edits_it_gets_notes_at_the_lines_and_no_verdict() -> None:
    findings = findings_of(BROKEN)
    assert sorted((f.location.path, f.location.line) for f in findings if f.location) == [(PATH, 4), (PATH, 6)]
    assert {f.severity for f in findings} == {Severity.NOTE}
    assert all("last good version" in f.fix for f in findings)
    assert verdict_of(findings) is Verdict.CLEAR
    assert finding_entry(findings[0])["path"] == PATH


def test_a_good_proposal_says_when_it_will_count() -> None:
    (finding,) = findings_of(GOOD)
    assert "once it is on the default branch" in finding.message


def test_taking_the_file_away_is_said() -> None:
    (finding,) = findings_of(None)
    assert "default" in finding.message
