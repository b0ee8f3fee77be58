"""The words that rows are kept by."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """A step of the pipeline, and the name of its task."""

    RECEIVE = "receive"
    CONFIGURE = "configure"
    BACKFILL = "backfill"
    BULLETIN = "bulletin"
    FETCH = "fetch"
    SCREEN = "screen"
    REVIEW = "review"
    REPRODUCE = "reproduce"
    DECIDE = "decide"
    PUBLISH = "publish"
    COMMAND = "command"


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    RECEIVED = "received"
    DONE = "done"
    IGNORED = "ignored"
    FAILED = "failed"


class Outcome(StrEnum):
    """What a person ruled."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NEEDS_CHANGES = "needs-changes"
    WAIVED = "waived"
    HELD = "held"


class RunStatus(StrEnum):
    """Where a run stands."""

    WISHED = "wished"  # by somebody who does not rule: it waits for somebody who does
    REQUESTED = "requested"
    RUNNING = "running"
    FINISHED = "finished"  # with evidence
    LOST = "lost"  # a fault of ours: another attempt follows, or none is left
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # the step of the ladder before did not pass
