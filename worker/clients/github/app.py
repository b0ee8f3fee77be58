"""Credentials: the App's own token, and installation tokens for one repository with the least permissions."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from worker.clients.gateway import RefusedError, Repo, UnavailableError
from worker.clients.github.line import Answer, Line, Question
from worker.clients.github.values import Fields
from worker.clients.pacer import Kind

Permissions = Mapping[str, str]

READING: Permissions = {"contents": "read", "pull_requests": "read"}
CLONING: Permissions = {"contents": "read"}
CHECKING: Permissions = {"checks": "write"}
TALKING: Permissions = {"issues": "write", "pull_requests": "write"}
LISTING: Permissions = {"metadata": "read"}

ISSUED_AGO, JWT_SECONDS, JWT_RENEWED = 60, 600, 480
RENEWED_BEFORE = 300.0
TOKEN_SECONDS = 3_600.0
MOST_TOKENS = 2_000
TRIES_WITH_NEW_TOKENS = 2
LEAST_SKEW, MOST_SKEW = 30.0, 86_400.0

_Key = tuple[int, int | None, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class _Token:
    """A token and until when, by our clock, it is used."""

    value: str = field(repr=False)
    until: float


class Credentials:
    """Asks GitHub as the App or as an installation. Tokens stay in memory, and in this process."""

    def __init__(self, line: Line, app_id: int, private_key: SecretStr) -> None:
        self._line, self._app_id, self._key = line, app_id, private_key
        self._jwt: _Token | None = None
        self._skew = 0.0  # seconds that GitHub's clock is ahead of ours, where that was found to matter
        self._tokens: OrderedDict[_Key, _Token] = OrderedDict()
        self._refused: dict[_Key, int] = {}
        self._lock = threading.Lock()
        self._making: defaultdict[_Key, threading.Lock] = defaultdict(threading.Lock)

    @property
    def app_id(self) -> int:
        """The App's number."""
        return self._app_id

    def as_app(self, question: Question) -> Answer:
        """Ask with the App's own token."""
        from worker.clients.github.errors import UnauthorizedError

        try:
            return self._line.ask(question, lambda: f"Bearer {self._app_token()}")
        except UnauthorizedError as error:
            seconds_off = self._learn_skew(error.told_at)
            refused = RefusedError(str(error))
        if seconds_off is None:
            raise refused
        raise UnavailableError(f"{question}: our clock is {-seconds_off:+.0f} s off GitHub's; allowed for from now on")

    def as_installation(self, question: Question, repo: Repo | None, permissions: Permissions) -> Answer:
        """Ask with a token for that repository (None: for all that the payer covers). GETs are kept by their ETag."""
        from worker.clients.github.errors import UnauthorizedError

        key = _key(question.payer, repo, permissions)
        keep_for = repr(key) if question.method == "GET" and not question.accept.endswith("raw+json") else ""
        try:
            answer = self._line.ask(question, lambda: f"Bearer {self._token(key).value}", keep_for=keep_for)
        except UnauthorizedError:
            if not self._distrust(key):
                raise
        else:
            self._refused.pop(key, None)
            return answer
        raise UnavailableError(f"{question}: the token is not accepted; a new one is made for the next try")

    def basic(self, repo: Repo, permissions: Permissions = CLONING) -> str:
        """The value of an Authorization header for git over HTTP. Raises LimitedError while GitHub wants none of us."""
        self._line.take_turn(Question("GIT", repo.full_name, payer=repo.installation_id))
        token = self._token(_key(repo.installation_id, repo, permissions)).value
        return f"Basic {b64encode(f'x-access-token:{token}'.encode()).decode()}"

    def _app_token(self) -> str:
        """A JSON web token, issued a minute ago because clocks differ."""
        import jwt

        now = self._line.clock()
        with self._lock:
            if self._jwt is None or self._jwt.until <= now:
                issued = int(now + self._skew) - ISSUED_AGO
                claims = {"iss": str(self._app_id), "iat": issued, "exp": issued + JWT_SECONDS}
                try:
                    value = jwt.encode(claims, self._key.get_secret_value(), algorithm="RS256")
                except (ValueError, TypeError, jwt.PyJWTError):
                    value = ""
                if not value:
                    raise RefusedError("FAIRWAY_PRIVATE_KEY holds no RSA key in PEM form")
                self._jwt = _Token(value, now + JWT_RENEWED)
            return self._jwt.value

    def _learn_skew(self, told_at: float | None) -> float | None:
        """Allow for a clock that is off, ours or theirs; None where that is not why the App was refused."""
        if told_at is None:
            return None
        skew = told_at - self._line.clock()
        with self._lock:
            if abs(skew - self._skew) < LEAST_SKEW or abs(skew) > MOST_SKEW:
                return None
            self._skew, self._jwt = skew, None
        return skew

    def _token(self, key: _Key) -> _Token:
        with self._lock:
            making = self._making[key]
        with making:  # several threads that need the same token ask for one
            with self._lock:
                known = self._tokens.get(key)
            if known is None or known.until <= self._line.clock():
                known = self._make(key)
                with self._lock:
                    self._tokens[key] = known
                    if len(self._tokens) > MOST_TOKENS:
                        oldest, _ = self._tokens.popitem(last=False)
                        self._making.pop(oldest, None)
            return known

    def _make(self, key: _Key) -> _Token:
        from worker.clients.github.errors import seconds_until

        installation, repository, permissions = key
        body: dict[str, object] = {"permissions": dict(permissions)}
        if repository is not None:
            body["repository_ids"] = [repository]
        path = f"/app/installations/{installation}/access_tokens"
        asked_at = self._line.clock()
        answer = self.as_app(Question("POST", path, payer=0, kind=Kind.CHANGE, body=body))
        told = Fields(answer.json(), answer.what)
        expires = told.moment("expires_at").timestamp()
        life = seconds_until(expires, answer.headers, asked_at, TOKEN_SECONDS + LEAST_SKEW) or RENEWED_BEFORE * 2
        return _Token(told.secret("token"), asked_at + life - RENEWED_BEFORE)

    def _distrust(self, key: _Key) -> bool:
        """Forget a token that was refused: it was revoked, or is so new that GitHub does not know it everywhere.

        False where new ones were refused as well.
        """
        with self._lock:
            self._tokens.pop(key, None)
            self._refused[key] = self._refused.get(key, 0) + 1
            return self._refused[key] <= TRIES_WITH_NEW_TOKENS


def _key(installation: int, repo: Repo | None, permissions: Permissions) -> _Key:
    return installation, None if repo is None else repo.id, tuple(sorted(permissions.items()))
