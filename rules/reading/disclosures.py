"""Coding agents that an author names: in commit trailers, in the README, by configuration files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from rules.rule import Location
from rules.submission import Commit, Disclosure, Readme

MAX_LINES = 20_000
MAX_MENTIONS = 2_000
_MAX_LINE = 2000
_PHRASE = 200
# Names as they stand in a trailer or a statement; a person may be called Claude or Devin.
_AGENTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (agent, re.compile(pattern, re.IGNORECASE))
    for agent, pattern in (
        ("Claude", r"anthropic|\bclaude(?:[\s-]+(?:code|opus|sonnet|haiku|ai\b|agent|v?\d)|\s*[<(\[\]*`.,;:!)]|\s*$)"),
        ("Codex", r"\bcodex\b|@openai\.com"),
        ("ChatGPT", r"\bchat-?gpt\b"),
        ("Cursor", r"cursoragent|@cursor\.(?:com|sh)|\bcursor\s*(?:agent|ai|ide|composer|<)"),
        ("Copilot", r"\bcopilot\b"),
        ("Gemini", r"(?<![/\w-])gemini\b(?!-)|google-labs-jules"),
        ("Aider", r"\baider\b"),
        ("Devin", r"devin-ai|\bdevin\s+ai\b|@cognition"),
        ("Windsurf", r"\bwindsurf\b"),
        ("Cline", r"\bcline\b"),
        ("Amp", r"@ampcode\.com|\bampcode\b"),
        ("opencode", r"\bopencode\b"),
        ("OpenHands", r"\bopenhands\b"),
        ("Warp", r"@warp\.dev"),
    )
)
_AUTHOR = re.compile(
    r"(?:(?:github|openai|google|anthropic)[\s-]+)?(claude|codex|copilot|cursor|gemini|aider|openhands|opencode|devin(?=-ai))"
    r"(?:[\s-]+(?:code|agent|swe-agent|ai|ai-integration|cli))?(?:\s?\[bot\])?",
    re.IGNORECASE,
)
_TRAILER = re.compile(r"\s{0,4}co-?authored-?by\s*:", re.IGNORECASE)
_UNNAMED = "coding agent"
# Every pattern of this module needs one of these: plain search is twenty times faster than the patterns.
_HINTS = (
    *("claude", "anthropic", "codex", "openai.com", "gpt", "cursor", "copilot", "gemini", "jules", "aider", "devin"),
    *("cognition", "windsurf", "cline", "ampcode", "opencode", "openhands", "warp.dev", "assist", "coding agent"),
)
_TELLS = re.compile(
    r"\b(?:(?:generated|written|created|made|developed|built|implemented|coded|authored|drafted|produced|prepared|designed"
    r"|assisted|aided|paired|pair-?programm\w{1,4}|co-?developed|orchestrated|guided|reviewed|run|experiments?|research)"
    r"\b[^.\n]{0,60}?\b(?:with|by|using|via|through|help of)"
    r"|(?:I|we)\s+(?:also\s+)?used?|thanks\s+to|help\s+(?:from|of)|assistance\s+(?:from|of)"
    r"|collaborat(?:ion|ed|ing|ors?|ively)|implementation:)"
    r"(?=[\W_])",
    re.IGNORECASE,
)
_TELLS_ITSELF = re.compile(r"\b(?:AI|LLM)[\s-]assist(?:ed|ance)\b|\b(?:AI|my|our)\s+coding\s+agents?\b", re.IGNORECASE)
_AFTER = 80  # characters after such words in which the agent must be named
_FILES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (agent, re.compile(pattern, re.IGNORECASE))
    for agent, pattern in (
        ("Claude", r"(?:^|/)(?:claude\.md$|\.claude/)"),
        ("Cursor", r"(?:^|/)(?:\.cursorrules$|\.cursor/)"),
        ("Copilot", r"(?:^|/)copilot-instructions\.md$"),
        ("Gemini", r"(?:^|/)(?:gemini\.md$|\.gemini/)"),
        ("Codex", r"(?:^|/)\.codex/"),
        ("Aider", r"(?:^|/)\.aider"),
        ("Windsurf", r"(?:^|/)\.windsurf"),
        ("Cline", r"(?:^|/)\.clinerules"),
        (_UNNAMED, r"(?:^|/)agents\.md$"),
    )
)


def find_disclosures(
    commits: Sequence[Commit], readme: Readme | None, file_names: Iterable[str]
) -> tuple[Disclosure, ...]:
    """Coding agents, each once, at the first place that names it: commits, then the README, then files.

    Places are "commit <sha>" with the line of the message, or a path.
    """
    found: dict[str, Disclosure] = {}
    for disclosure in islice(_all(commits, readme, file_names), MAX_MENTIONS):
        found.setdefault(disclosure.agent, disclosure)
    return tuple(found.values())


def _all(commits: Sequence[Commit], readme: Readme | None, file_names: Iterable[str]) -> Iterator[Disclosure]:
    for commit in commits:
        yield from _in_commit(commit)
    if readme is not None:
        for number, line in _hinting_lines(readme.text):
            yield from _in_statement(line, Location(readme.path, number))
    for path in file_names:
        for agent, pattern in _FILES:
            if pattern.search(path):
                yield Disclosure(agent, path.rsplit("/", 1)[-1][:_PHRASE], Location(path))


def _hinting_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that may name an agent, with their numbers from 1."""
    lowered = text.lower()
    hints = [hint for hint in _HINTS if hint in lowered]
    if not hints:
        return
    pairs = zip(text.split("\n", MAX_LINES)[:MAX_LINES], lowered.split("\n", MAX_LINES), strict=False)
    for number, (line, low) in enumerate(pairs, start=1):
        if any(hint in low for hint in hints):
            yield number, line[:_MAX_LINE]


def _in_commit(commit: Commit) -> Iterator[Disclosure]:
    place = f"commit {commit.sha[:12]}"
    author = _AUTHOR.fullmatch(commit.author.strip()[:80])
    if author is not None:
        for agent in _agents_in(f"{author[1]} ai"):
            yield Disclosure(agent, f"author {author[0]}", Location(place))
    for number, line in _hinting_lines(commit.message):
        if _TRAILER.match(line):
            for agent in _agents_in(line):
                yield Disclosure(agent, line.strip()[:_PHRASE], Location(place, number))
        else:
            yield from _in_statement(line, Location(place, number))


def _in_statement(line: str, place: Location) -> Iterator[Disclosure]:
    """An agent named soon after "generated with", "I used" and the like, or assistance without a name."""
    named = False
    for found in _TELLS.finditer(line):
        for agent in _agents_in(line[found.end() : found.end() + _AFTER]):
            named = True
            yield Disclosure(agent, line[max(0, found.start() - 20) :][:_PHRASE].strip(), place)
    told = None if named else _TELLS_ITSELF.search(line)
    if told is not None:
        yield Disclosure(_UNNAMED, line[max(0, told.start() - 60) :][:_PHRASE].strip(), place)


def _agents_in(text: str) -> Iterator[str]:
    return (agent for agent, pattern in _AGENTS if pattern.search(text))
