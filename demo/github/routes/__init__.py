"""The endpoints, one module for each kind of thing; `ROUTERS` are all of them.

The order counts: `commits/{name}` fits what has more behind it, and stands after that.
"""

from __future__ import annotations

from demo.github.routes import apps, checks, comments, git, issues, pulls, repositories, transport

ROUTERS = tuple(module.router for module in (apps, repositories, pulls, checks, git, comments, issues, transport))
