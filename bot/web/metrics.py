"""Counters for Prometheus. The registry is the process's; the numbers of the database are asked for when scraped."""

from __future__ import annotations

from prometheus_client import Counter

DELIVERIES = Counter("fairway_deliveries_total", "Deliveries by what became of them", ["outcome"])
