"""`/feed.atom`: what happened in the competitions whose organizers publish a bulletin, from the store alone."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse, Response

from rules.report.escape import visible
from worker.boards.telling import sentence
from worker.settings import Settings
from worker.store import happenings
from worker.store.models import Happening
from worker.store.session import make_engine, session_scope

log = logging.getLogger(__name__)

router = APIRouter()

ATOM = "http://www.w3.org/2005/Atom"
TYPE = "application/atom+xml; charset=utf-8"
TITLE = "Fairway: what happens in the competition"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
NO_STORE = "the database does not answer; try again later"
CACHE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Feed:
    """Reads what is told. `web` is GitHub's address, `public` our own, both without a slash at the end."""

    read: Callable[[], Sequence[tuple[Happening, str]]]
    web: str
    public: str
    close: Callable[[], None] = lambda: None


def make_feed(settings: Settings) -> Feed:
    """Reads from the database, on connections of its own that are made when first needed."""
    engine = make_engine(settings.database_url)
    scope = session_scope(engine)

    def read() -> Sequence[tuple[Happening, str]]:
        with scope() as session:
            return happenings.published(session)

    public = settings.public_url
    return Feed(
        read,
        str(settings.github_web_url).rstrip("/"),
        "" if public is None else str(public).rstrip("/"),
        engine.dispose,
    )


@router.get("/feed.atom", response_class=Response, responses={304: {}, 503: {}})
def feed(request: Request) -> Response:
    """The newest happenings as an Atom feed; answers 304 to whoever has it already."""
    source: Feed = request.app.state.feed
    try:
        body = atom(source.read(), source)
    except SQLAlchemyError as error:
        log.info("no feed: %s", type(error).__name__)
        return PlainTextResponse(NO_STORE, 503)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={CACHE_SECONDS}"}
    asked = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=TYPE, headers=headers)


def atom(told: Sequence[tuple[Happening, str]], source: Feed) -> bytes:
    """The feed. Names and times are those of what happened, so that the same happenings make the same bytes."""
    root = Element("feed", xmlns=ATOM)
    newest = max((one.at for one, _ in told), default=BEGINNING)
    address = f"{source.public}/feed.atom"
    _say(root, "id", uuid5(NAMESPACE_URL, address).urn)
    _say(root, "title", TITLE)
    _say(root, "updated", _stamp(newest))
    SubElement(root, "link", rel="self", href=address)
    for happening, repository in told:
        _entry(root, happening, f"{source.web}/{repository}", repository)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _entry(root: Element, happening: Happening, address: str, repository: str) -> None:
    entry = SubElement(root, "entry")
    text = sentence(happening)
    _say(entry, "id", happening.id.urn)
    _say(entry, "title", f"{repository}: {text}")
    _say(entry, "updated", _stamp(happening.at))
    _say(SubElement(entry, "author"), "name", "Fairway")
    SubElement(entry, "category", term=happening.kind)
    if happening.number is not None:
        SubElement(entry, "link", rel="alternate", href=f"{address}/pull/{happening.number}")
    _say(entry, "content", text)


def _say(parent: Element, name: str, text: str) -> None:
    """Text in an element, without the characters that XML cannot hold."""
    SubElement(parent, name).text = visible(text)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
