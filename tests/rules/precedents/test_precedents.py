from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from rules import catalog
from rules.analysis.flow.established import SCORE_FIRST, Fact
from rules.precedents import (
    Code,
    Innocents,
    Match,
    Precedent,
    PrecedentIndex,
    code_of,
    findings_of,
    guilt_of,
    matches,
    tempered,
)
from rules.precedents.values import Guilt, Passage
from rules.rule import Finding, Severity, Source
from tests.rules.harness import submission_of

RULED = datetime(2026, 4, 9, 12, tzinfo=UTC)
OPENED = RULED + timedelta(hours=1)
SCRIPT = """import torch


def lookup(cache, context, target):
    key = hash((tuple(context[-4:].tolist()), int(target)))
    found = cache.get(key, 0)
    return found


def main(tokens):
    cache = {}
    for place in range(len(tokens) - 1):
        score = lookup(cache, tokens[:place], tokens[place + 1])
        print(f"val_bpb:{score}")


main(torch.load("val.bin"))
"""
OTHER_LINES = SCRIPT.replace("def main(tokens):", "def main(tokens, more=3):\n    print(more)")
LINE = "    key = hash((tuple(context[-4:].tolist()), int(target)))"
FORMATTED = """    # the key
    key = hash(
        (tuple(
            context[-4:].tolist(),
        ), int(target))
    )"""
RENAMED_AND_FORMATTED = OTHER_LINES.replace(LINE, FORMATTED)
MENDED = SCRIPT.replace(", int(target)))", ",))")


def code(script: str, name: str = "train_gpt.py", **more: Any) -> Code:
    return code_of(submission_of({"files": {name: script}, **more}))


def finding(*lines: int, code: str = "A01", severity: Severity = Severity.BLOCK) -> dict[str, Any]:
    path = submission_of({"files": {"train_gpt.py": ""}}).files[0].path
    places = [{"path": path, "line": line, "unpacked_line": None, "quote": f"line {line}"} for line in lines]
    rest = {"name": "ngram-target-in-lookup-key", "category": "ngram-cache", "severity": severity.value}
    return {"code": code, **rest, **places[0], "evidence": places}


def precedent(script: str = SCRIPT, *findings: dict[str, Any], number: int = 3) -> Precedent:
    found = findings or (finding(5),)
    guilt = guilt_of(found, code(script))
    return Precedent(str(number), number, "invalid", ("A01",), "the key holds the answer", RULED, guilt)


def kept(script: str, *, innocents: Innocents | None = None, of: Precedent | None = None) -> Match | None:
    return matches(of or precedent(), code(script), innocents)


@pytest.mark.parametrize("script", [SCRIPT, OTHER_LINES, RENAMED_AND_FORMATTED])
def test_who_keeps_the_guilty_line_inherits_a_finding_at_its_place(script: str) -> None:
    match = kept(script)
    assert match is not None
    assert (match.whole, match.live, match.severity) == (True, True, Severity.BLOCK)
    (told,) = findings_of([match])
    assert (told.code, told.category, told.source) == ("A01", "ngram-cache", Source.PRECEDENT)
    assert told.message == ("Keeps the line for which #3 was ruled invalid on 2026-04-09: the key holds the answer.")
    assert told.location is not None
    assert told.location.line is not None
    assert script.splitlines()[told.location.line - 1].lstrip().startswith("key = hash(")


def test_who_is_similar_and_changed_the_line_does_not() -> None:
    assert kept(MENDED) is None
    assert (
        kept(SCRIPT.replace("    key = hash((tuple(context[-4:].tolist()), int(target)))\n", "    key = 1\n")) is None
    )


def test_a_renamed_file_keeps_it() -> None:
    renamed = submission_of({"files": {"train_gpt.py": "import helper\n", "helper.py": SCRIPT}})
    match = matches(precedent(), code_of(renamed))
    assert match is not None
    assert match.evidence[0].location.name == "helper.py"


def test_a_packed_script_is_compared_as_it_runs() -> None:
    import base64
    import zlib

    packed = base64.b85encode(zlib.compress(SCRIPT.encode())).decode()
    launcher = f"import base64, zlib\nexec(zlib.decompress(base64.b85decode({packed!r})))\n"
    match = kept(launcher)
    assert match is not None
    place = match.evidence[0].location
    assert (place.line, place.unpacked_line) == (2, 5)


@pytest.mark.parametrize("script", [SCRIPT.replace("lookup(cache, tokens", "max(cache, tokens"), ""])
def test_code_that_never_runs_is_a_note(script: str) -> None:
    files = {"train_gpt.py": script or "print(1)\n", "unused.py": SCRIPT}
    match = matches(precedent(), code_of(submission_of({"files": files})))
    assert match is not None
    assert (match.live, match.severity) == (False, Severity.NOTE)
    assert "Nothing that is scored reaches it." in findings_of([match])[0].message


def test_all_lines_of_a_finding_have_to_be_there() -> None:
    both = precedent(SCRIPT, finding(5, 13))
    assert kept(SCRIPT, of=both) is not None
    assert kept(SCRIPT.replace("tokens[place + 1])", "tokens[place])"), of=both) is None


def test_a_ruling_on_what_was_only_suspicious_is_for_a_person_to_look_at() -> None:
    match = kept(SCRIPT, of=precedent(SCRIPT, finding(5, severity=Severity.REVIEW)))
    assert match is not None
    assert match.severity is Severity.REVIEW


def test_what_accepted_code_holds_is_no_evidence() -> None:
    innocents = Innocents()
    innocents.add(code(SCRIPT))
    assert kept(OTHER_LINES, innocents=innocents) is None


def test_a_line_that_innocent_code_has_elsewhere_tells_only_with_its_neighbours() -> None:
    line = "    key = hash((tuple(context[-4:].tolist()), int(target)))\n"
    innocents = Innocents()
    innocents.add(code(f"def other(context, target):\n{line}    print(key)\n"))
    assert kept(SCRIPT, innocents=innocents) is not None
    assert kept(f"def third(context, target):\n{line}    return key\n", innocents=innocents) is None


def test_a_short_line_tells_only_with_its_neighbours() -> None:
    short = precedent(SCRIPT, finding(6))
    match = kept(SCRIPT, of=short)
    assert match is not None
    assert match.severity is Severity.REVIEW
    assert kept("def other(cache, key):\n    found = cache.get(key, 0)\n    print(found)\n", of=short) is None


def test_a_match_of_which_innocent_code_shares_a_part_is_certain_only_if_that_part_is_there_too() -> None:
    both = precedent(SCRIPT, finding(5, 13))
    (guilt,) = both.evidence
    first, second = guilt.passages
    both = replace(both, evidence=(replace(guilt, passages=(first, replace(second, common=True))),))
    whole, part = kept(SCRIPT, of=both), SCRIPT.replace("score = lookup(", "lookup(")
    assert whole is not None
    assert whole.severity is Severity.BLOCK
    match = kept(part, of=both)
    assert match is not None
    assert match.severity is Severity.REVIEW


def test_a_precedent_is_for_pull_requests_that_were_opened_after_it() -> None:
    index = PrecedentIndex([precedent()])
    assert list(index.matches(code(SCRIPT), RULED - timedelta(seconds=1))) == []
    assert list(index.matches(code(SCRIPT), RULED)) == []
    assert len(list(index.matches(code(SCRIPT), OPENED))) == 1


def test_several_precedents_are_one_finding_at_the_oldest_and_none_is_for_itself() -> None:
    known = [replace(precedent(number=n), ruled_on=RULED + timedelta(hours=n)) for n in (5, 3, 4)]
    found = list(PrecedentIndex(known).matches(code(SCRIPT), OPENED + timedelta(days=1)))
    (told,) = findings_of(found, number=4)
    assert "#3 was ruled invalid" in told.message
    assert told.message.endswith("; likewise #5.")


def test_evidence_outside_of_code_is_none() -> None:
    assert guilt_of([{**finding(1), "path": "README.md", "evidence": []}], code(SCRIPT)) == ()


def test_code_and_precedent_come_back_from_the_store() -> None:
    known = code(SCRIPT)
    again = Code.unpacked(known.packed())
    assert again.places.keys() == known.places.keys()
    assert [list(file.first) for file in again.files] == [list(file.first) for file in known.files]
    (guilt,) = precedent().evidence
    assert Guilt.from_json(guilt.as_json()) == guilt


def test_hundreds_of_precedents_cost_a_submission_little() -> None:
    random = Random(3)
    guilt = [
        Guilt("A01", "x", "ngram-cache", Severity.BLOCK, (Passage(random.getrandbits(64), (1,), (2,), short=False),))
        for _ in range(500)
    ]
    known = [Precedent(str(n), n, "invalid", (), "", RULED, (one,)) for n, one in enumerate(guilt)]
    index, asked = PrecedentIndex(known), Code.unpacked(code(SCRIPT * 100).packed())
    started = time.process_time()
    for _ in range(100):
        assert list(index.matches(asked, OPENED)) == []
    assert (time.process_time() - started) / 100 < 0.01


def told_block(code: str = "A01") -> Finding:
    (found,) = findings_of([match for match in [kept(SCRIPT)] if match is not None])
    return replace(found, code=code)


def test_a_precedent_is_a_block_only_where_its_own_rule_blocks_the_new_program_too() -> None:
    block = replace(told_block(), source=Source.RULE)
    milder = replace(block, severity=Severity.REVIEW)
    assert [one.severity for one in tempered([told_block()], [block])] == [Severity.BLOCK]
    assert [one.severity for one in tempered([told_block()], [milder])] == [Severity.REVIEW]
    assert [one.severity for one in tempered([told_block()], [])] == [Severity.REVIEW]


def test_where_no_rule_of_that_code_is_written_the_ruling_alone_decides() -> None:
    unwritten = next(iter(sorted(set(catalog.categories()) - {rule.code for rule in catalog.rules()} - {"X01"})))
    assert [one.severity for one in tempered([told_block(unwritten)], [])] == [Severity.BLOCK]


def fact(subject: str, finding: Finding) -> Fact:
    return Fact(subject, "", (finding.evidence[0].location,))


def test_lines_that_learn_from_what_was_scored_before_are_noted_only() -> None:
    found = told_block("B01")
    assert [one.severity for one in tempered([found], [], [fact(SCORE_FIRST, found)])] == [Severity.NOTE]
    assert [one.severity for one in tempered([found], [], [fact("learning", found)])] == [Severity.REVIEW]


def test_an_order_that_is_legal_excuses_no_other_fault_and_not_what_the_rule_finds_itself() -> None:
    other, found = told_block("A01"), told_block("B01")
    asked = replace(found, source=Source.RULE, severity=Severity.REVIEW)
    assert [one.severity for one in tempered([other], [], [fact(SCORE_FIRST, other)])] == [Severity.REVIEW]
    assert [one.severity for one in tempered([found], [asked], [fact(SCORE_FIRST, found)])] == [Severity.REVIEW]
