"""A stand-in for GitHub: its REST API, git over HTTP and webhooks, with state in memory and faults on demand."""

from __future__ import annotations

from demo.github.app import make_app
from demo.github.front import Validator
from demo.github.hooks import Target, Weather
from demo.github.keys import KeyPair, make_key_pair
from demo.github.limits import GITHUBS, Limits
from demo.github.people import People
from demo.github.serve import Server, serve
from demo.github.state import GitHubState

__all__ = [
    "GITHUBS",
    "GitHubState",
    "KeyPair",
    "Limits",
    "People",
    "Server",
    "Target",
    "Validator",
    "Weather",
    "make_app",
    "make_key_pair",
    "serve",
]
