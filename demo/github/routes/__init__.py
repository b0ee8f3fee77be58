"""The endpoints, one module for each kind of thing; `ROUTERS` are all of them."""

from __future__ import annotations

from demo.github.routes import apps, checks, comments, git, issues, pulls, repositories, transport

ROUTERS = tuple(module.router for module in (apps, repositories, pulls, git, checks, comments, issues, transport))
