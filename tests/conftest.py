"""What holds for all tests."""

from __future__ import annotations

import gc
import os

from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine only. On a build machine the same examples are tried each
# time, so that a failure there is a failure of the change.
settings.register_profile(
    "fairway",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("fairway")


def pytest_runtest_teardown() -> None:
    """A command that prints one report turns the collector off for the rest of its process: a test's goes on."""
    gc.enable()
