"""What is told of runs, a line each: why one waits, how far one is, what one came to, and what it cost.

Plain words, not escaped; whoever publishes them escapes what a log or a person said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from rules.competition import Competition
from worker.reproduction import beside, waiting
from worker.reproduction.records import parsed
from worker.store import machines, runs
from worker.store.models import Machine, Run, RunStatus
from worker.store.runs import INCUMBENT, RUNGS

REASON = 400  # characters
NOT_RELEASED = "it waits for the {} run"
TURN = "candidate and record are run in turn, and its turn has not come"
ABOUT_TO = "it is about to start"
WISHED = "{} wished for by {}; it waits for somebody who rules"
UNUSABLE = "no machine can run it: {}"


def of_submission(session: Session, submission_id: UUID, competition: Competition) -> tuple[str, ...]:
    """The newest attempt of each run that was asked for or wished for."""
    found = runs.of_submission(session, submission_id)
    if not found:
        return ()
    known = machines.all_of(session)
    heard = machines.heard_of(session)
    return tuple(told(run, found, competition, known, heard) for run in found)


def told(
    run: Run, others: Sequence[Run], competition: Competition, known: Sequence[Machine], heard: Sequence[Machine]
) -> str:
    """One run in a line."""
    name = name_of(run)
    match run.status:
        case RunStatus.WISHED:
            return WISHED.format(name, run.requested_by)
        case RunStatus.REQUESTED:
            return f"{name} asked for by {run.requested_by}: {why(run, others, competition, known, heard)}"
        case RunStatus.RUNNING:
            return f"{name} runs on {run.machine or run.runner}: {progress(run)}"
        case RunStatus.FINISHED:
            return f"{name} {run.verdict}: {result(run, competition)}"
        case RunStatus.LOST:
            return f"{name} could not be made in {run.attempt} attempts, by a fault of ours: {run.reason[:REASON]}"
        case _:
            return f"{name} {run.status.value}: {run.reason[:REASON]}"


def name_of(run: Run) -> str:
    """Such as "full run 2, seed 4711,"."""
    if run.rung == INCUMBENT:
        return f"run {run.ordinal + 1} of the record ({run.head_sha[:10]}) beside it, seed {run.seed},"
    number = f" {run.ordinal + 1}" if run.rung == RUNGS[-1] else ""
    return f"{run.rung} run{number}, seed {run.seed},"


def why(
    run: Run, others: Sequence[Run], competition: Competition, known: Sequence[Machine], heard: Sequence[Machine]
) -> str:
    """Why a run that was asked for does not run yet."""
    wanted = competition.reproduction.runner
    if not competition.reproduction.runs:
        return waiting.NOT_WANTED
    below = _below(run)
    if below is not None and not all(one.passed for one in others if one.rung == below):
        return NOT_RELEASED.format(below)
    if below == RUNGS[-2] and run not in beside.released(others):
        return TURN
    if not heard:
        last = max((one.seen_at for one in known), default=None)
        said = "".join(f"; {one.name} said: {one.fault}" for one in known if one.fault)
        return waiting.NOBODY.format(("" if last is None else f" since {_moment(last)}") + said[:REASON])
    faults = [f"{one.name}: {one.fault}" for one in heard if one.runner == wanted and one.fault]
    if faults and all(one.fault for one in heard if one.runner == wanted):
        return UNUSABLE.format("; ".join(faults)[:REASON])
    return run.waits_for or ABOUT_TO


def _below(run: Run) -> str | None:
    """The step that has to pass before; the record is run where the candidate's full runs are."""
    rung = beside.FULL if run.rung == INCUMBENT else run.rung
    return RUNGS[RUNGS.index(rung) - 1] if rung != RUNGS[0] else None


def progress(run: Run) -> str:
    """How far it is, by its log."""
    seen: dict[str, Any] = run.progress or {}
    step, steps, loss = seen.get("step"), seen.get("steps"), seen.get("loss")
    parts = [str(seen.get("phase") or seen.get("state") or "starting")]
    if step is not None:
        parts.append(f"step {step}" + (f" of {steps}" if steps else ""))
    if loss is not None:
        parts.append(f"loss {loss:.4f}")
    expected = seen.get("expected_seconds")
    parts.append(f"{seen.get('seconds') or 0:.0f} s" + (f" of about {expected:.0f} s" if expected else ""))
    return ", ".join(parts)


def result(run: Run, competition: Competition) -> str:
    """What it measured and cost."""
    record = {} if run.evidence is None else parsed(run.evidence.record)
    claimed = (record.get("request", {}).get("claimed") or {}).get(competition.metric.name)
    parts = [f"{one['name']} {one['value']:.6g}" for one in record.get("measured", ())[:6]]
    parts += [f"{one['name']} {one['value']:.6g} on the second slice" for one in record.get("second_slice", ())[:2]]
    if claimed is not None and parts:
        parts.append(f"claimed {claimed:.6g}")
    parts += [f"{one['probe']} {one['result']}" for one in record.get("probes", ())]
    if record.get("artifact_bytes") is not None:
        parts.append(f"artifact {record['artifact_bytes']:,} bytes")
    if run.reason:
        parts.append(run.reason[:REASON])
    return ", ".join([*parts, cost(run, competition)])


def cost(run: Run, competition: Competition) -> str:
    """GPU time, and money where the machine has a price."""
    return _priced(run.seconds, run.mills, competition)


def reserved(run: Run, competition: Competition) -> str:
    """What a run under way may come to; "" for one that is over or waits."""
    if not run.reserved_seconds:
        return ""
    return f"at most {_priced(run.reserved_seconds, run.reserved_mills, competition)}"


def _priced(seconds: int, mills: int, competition: Competition) -> str:
    time = f"{seconds / 60:,.1f} GPU minutes"
    return f"{time}, {mills / 1000:,.2f} {competition.reproduction.budget.currency}" if mills else time


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
