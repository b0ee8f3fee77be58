from __future__ import annotations

from tests.worker.store.conftest import empty_engine, scope

__all__ = ["empty_engine", "scope"]
