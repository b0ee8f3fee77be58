"""A stand-in for GitHub: its REST API, git over HTTP and webhooks, with state in memory and faults on demand.

    keys = make_key_pair()  # the App signs with the private one
    state = GitHubState(keys.public)
    people = People(state)
    repository = state.add_repository("thimble/sprint", bare_repository, roles={"ada": "admin"})
    with serve(state) as server:  # server.url is the API's address, and git's
        state.hooks.connect(Target(webhook_url, secret, state.app.id))
        people.install("ada", [repository])
        people.open_pull_request(repository, "ben", head_sha, "A faster one")  # sends a webhook
        state.faults.plan(server_error(after=True), method="POST", path="*/comments", times=1)

What happened is in `state.log` (requests, creations, violations), `state.hooks.records`, `state.too_early()`, and in
the repository's own comments, labels and check runs.
"""

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
