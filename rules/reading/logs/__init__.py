"""Training logs: found by content, read into `TrainLog`."""

from __future__ import annotations

from rules.reading.logs.find import looks_like_log
from rules.reading.logs.read import LOG_LIMIT, read_log

__all__ = ["LOG_LIMIT", "looks_like_log", "read_log"]
