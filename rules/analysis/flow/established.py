"""What was established of a submission's evaluation, in short sentences with places.

A reviewer trusts a checker that shows what it understood. Sentences are ours throughout: places of a participant's
code stand beside them, never its text within them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.flow.calibration import Calibration, calibrations_of
from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.events import Event, Kind, Round
from rules.analysis.flow.labels import GEN, RAND, TRAIN, VAL, Read
from rules.analysis.flow.order import Order, relation, repeats
from rules.analysis.flow.protocol import Adaptation, Learning, Protocol, protocol_of
from rules.analysis.flow.unfollowed import unfollowed_of
from rules.rule import Location
from rules.submission import Submission

MOST = 3  # facts of one subject
SCORE_FIRST = "score first"  # the subject of learning that no score depends on: what it stands at is legal
_DATA = {GEN: "text that the model generated", TRAIN: "training data", RAND: "random tokens", VAL: "validation tokens"}
_HOW = {
    Learning.SCORE_FIRST: "score-first: a chunk is scored at {0} and learnt from at {1}{2}",
    Learning.CONTEXT: "the part of each window before what is scored at {0} is learnt from at {1}{2}",
    Learning.LEARN_FIRST: "learn-first: a chunk is scored at {0} after it was learnt from at {1}{2}",
    Learning.EARLIER: "validation tokens are scored at {0} after a pass that learns from them at {1}{2}",
    Learning.RESCORED: "validation tokens are scored again at {0} after a pass that scored and learnt from them at {1}",
    Learning.REPEATED: "validation tokens are scored at {0} and learnt from at {1} in turn, several times over{2}",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence. `text` has {0}, {1} … where `places` are to be shown."""

    subject: str
    text: str
    places: tuple[Location, ...] = ()

    def told(self) -> str:
        """The sentence with its places as plain text, by file name and line."""
        return self.text.format(*(f"{place.name}:{place.unpacked_line or place.line}" for place in self.places))


def established(submission: Submission) -> tuple[Fact, ...]:
    """The facts, most telling first; () where no program can be followed."""
    protocol = protocol_of(submission)
    if protocol is None:
        return ()
    return (
        *_learning(protocol),
        *_calibration(calibrations_of(submission)),
        *_artifact(protocol),
        *_evaluation(protocol, submission),
        *_tables(protocol),
        *_open(submission),
    )


def _learning(protocol: Protocol) -> Iterator[Fact]:
    """How learning on validation tokens stands to their score."""
    seen: set[tuple[object, ...]] = set()
    for found in sorted(protocol.adaptations, key=lambda one: one.claimed is False):
        if found.score is None or found.how not in _HOW:
            continue
        key = (found.how, found.learn.location)
        if key in seen or len(seen) >= MOST:
            continue
        seen.add(key)
        text = _HOW[found.how].replace("{2}", _epochs(found))
        if found.fresh:
            text += ", by a tensor made for the occasion; no weight of the model changes"
        if found.claimed is False:
            text += "; the claimed score is not made of it"
        yield Fact("learning" if found.taints else SCORE_FIRST, text, (found.score.location, found.learn.location))
    if not protocol.adaptations and not protocol.trace.cut:
        yield Fact("learning", "no learning on validation tokens")


def _epochs(found: Adaptation) -> str:
    """How often tokens that were scored are learnt from."""
    if found.score is None or found.how is not Learning.SCORE_FIRST:
        return ""
    shared = {id(loop) for loop in relation(found.score, found.learn).loops}
    for loop in found.learn.loops():
        rounds = loop.detail
        if id(loop) not in shared and isinstance(rounds, Round) and rounds.number and repeats(loop, found.learn):
            times = f"{rounds.times} " if rounds.times else "several "
            return f", {times}epochs on tokens already scored"
    return ""


def _calibration(found: tuple[Calibration, ...]) -> Iterator[Fact]:
    """What the quantiser is calibrated on."""
    seen: set[Location] = set()
    for one in found:
        named = [
            words for label, words in _DATA.items() if label in one.data and not (label == RAND and GEN in one.data)
        ]
        if named and one.asked.location not in seen and len(seen) < MOST:
            seen.add(one.asked.location)
            yield Fact("calibration", f"calibration on {' and '.join(named)} at {{0}}", (one.asked.location,))


def _artifact(protocol: Protocol) -> Iterator[Fact]:
    """Where the artifact is written and read again before the claimed score."""
    score = next(iter(protocol.claimed), None) or next(reversed(protocol.scores), None)
    if score is None:
        return
    loads = [load for load in protocol.trace.all(Kind.LOAD) if _is_before(load, score)]
    files = [load for load in loads if load.name.rpartition(".")[2] in ("load", "decompress", "load_file")]
    saves = [save for save in protocol.trace.all(Kind.SAVE) if files and _is_before(save, files[-1])]
    if saves and files:
        yield Fact(
            "artifact",
            "the artifact is written at {0} and read again at {1} before the last evaluation",
            (saves[-1].location, files[-1].location),
        )
    else:
        yield Fact("artifact", "no artifact is seen to be written and read again before the last evaluation")


def _is_before(event: Event, other: Event) -> bool:
    how = relation(event, other)
    return how.order is Order.BEFORE and not how.in_turn


def _evaluation(protocol: Protocol, submission: Submission) -> Iterator[Fact]:
    """Where the claimed score is summed up and printed."""
    shown = claimed_print(protocol.trace, submission)
    if shown is not None and protocol.claimed:
        places = tuple(dict.fromkeys(score.location for score in protocol.claimed))[:MOST]
        listed = " and ".join(f"{{{place}}}" for place in range(len(places)))
        text = f"the claimed score is summed up at {listed} and printed at {{{len(places)}}}"
        yield Fact("score", text, (*places, shown.location))
    elif protocol.scores:
        text = "validation losses are last summed up at {0}; no log tells whether that is the claimed score"
        yield Fact("score", text, (protocol.scores[-1].location,))


def _tables(protocol: Protocol) -> Iterator[Fact]:
    """Tables whose look-ups go into the claimed score."""
    numbers = {label.number for score in protocol.claimed for label in score.labels if isinstance(label, Read)}
    reads = [event for number, event in enumerate(protocol.trace.reads) if number in numbers]
    places = tuple(dict.fromkeys(event.location for event in reads))
    if places:
        text = "look-ups in tables go into the claimed score: " + ", ".join(
            f"{{{place}}}" for place in range(min(len(places), MOST))
        )
        more = f" and {len(places) - MOST} more" if len(places) > MOST else ""
        yield Fact("tables", text + more, places[:MOST])


def _open(submission: Submission) -> Iterator[Fact]:
    """What could not be followed."""
    for one in unfollowed_of(submission)[:MOST]:
        yield Fact("not followed", f"not followed here: {one.what}" + (" at {0}" if one.places else ""), one.places)
