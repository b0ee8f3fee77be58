"""Coding agents that an author names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rules.reading.disclosures import find_disclosures
from rules.submission import Commit, Readme


def commit(message: str, author: str = "Ada") -> Commit:
    return Commit("abcdef0123456789", message, datetime(2026, 4, 1, tzinfo=UTC), author)


def in_commit(message: str, author: str = "Ada") -> list[str]:
    return [d.agent for d in find_disclosures([commit(message, author)], None, ())]


def in_readme(text: str) -> list[str]:
    return [d.agent for d in find_disclosures((), Readme("README.md", text), ())]


@pytest.mark.parametrize(
    ("trailer", "agent"),
    [
        ("Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>", "Claude"),
        ("co-authored-by: Claude <noreply@anthropic.com>", "Claude"),
        ("Co-authored-by: Codex <noreply@openai.com>", "Codex"),
        ("Co-authored-by: Cursor <cursoragent@cursor.com>", "Cursor"),
        ("Co-authored-by: Copilot <1+Copilot@users.noreply.github.com>", "Copilot"),
        ("Co-authored-by: gemini-cli <gemini@google.com>", "Gemini"),
        ("Co-authored-by: aider (gpt-5) <noreply@aider.chat>", "Aider"),
        ("Co-authored-by: devin-ai-integration[bot] <bot@x>", "Devin"),
    ],
)
def test_a_trailer_names_the_agent(trailer: str, agent: str) -> None:
    assert in_commit(f"Add a thing\n\n{trailer}") == [agent]


def test_the_place_is_the_line_of_the_message() -> None:
    [found] = find_disclosures([commit("Add\n\nCo-Authored-By: Claude <noreply@anthropic.com>")], None, ())
    assert str(found.location) == "commit abcdef012345:3"
    assert found.phrase == "Co-Authored-By: Claude <noreply@anthropic.com>"


@pytest.mark.parametrize(
    "message",
    [
        "Co-authored-by: Claude Dupont <cd@example.org>",
        "Co-authored-by: Devin Smith <ds@example.org>",
        "Move the cursor to the end",
        "Add the codex of rules",
        "Remove Claude's seed",
        "Signed-off-by: Ada",
    ],
)
def test_people_and_ordinary_words_are_no_agents(message: str) -> None:
    assert in_commit(f"Subject\n\n{message}") == []


@pytest.mark.parametrize(
    ("author", "agents"),
    [("Codex", ["Codex"]), ("copilot-swe-agent[bot]", ["Copilot"]), ("Cursor Agent", ["Cursor"]),
     ("Claude", ["Claude"]), ("Claude Dupont", []), ("codex-fan", []), ("Ada", [])],
)  # fmt: skip
def test_an_agent_may_be_the_author(author: str, agents: list[str]) -> None:
    assert in_commit("Subject", author) == agents


@pytest.mark.parametrize(
    ("line", "agents"),
    [
        ("🤖 Generated with [Claude Code](https://example.org)", ["Claude"]),
        ("Built with Claude (Anthropic) as pair programmer", ["Claude"]),
        ("I used ChatGPT and Gemini throughout", ["ChatGPT", "Gemini"]),
        ("The code was written by OpenAI Codex", ["Codex"]),
        ("Developed with AI-assisted coding.", ["coding agent"]),
        ("Experiments run by my coding agents", ["coding agent"]),
        ("Soft-capping as in Gemini", []),
        ("We used a PaLM/Gemini-style softcap", []),
        ("Built with care", []),
    ],
)
def test_statements_of_the_readme_count(line: str, agents: list[str]) -> None:
    assert in_readme(f"# Title\n\n{line}\n") == agents


@pytest.mark.parametrize(
    ("path", "agent"),
    [("f/CLAUDE.md", "Claude"), ("f/.cursorrules", "Cursor"), (".claude/settings.json", "Claude"),
     ("AGENTS.md", "coding agent"), (".github/copilot-instructions.md", "Copilot"), ("f/GEMINI.md", "Gemini")],
)  # fmt: skip
def test_configuration_files_of_agents_count(path: str, agent: str) -> None:
    [found] = find_disclosures((), None, ["f/run.py", path])
    assert (found.agent, found.location.path) == (agent, path)


def test_files_that_only_sound_alike_do_not_count() -> None:
    assert find_disclosures((), None, ["f/my_agents.md.txt", "f/claude.mdx", "cursorrules"]) == ()


def test_each_agent_is_named_once_at_its_first_place() -> None:
    commits = [commit("A\n\nCo-Authored-By: Claude <noreply@anthropic.com>")] * 3
    found = find_disclosures(commits, Readme("README.md", "Built with Claude Code"), ["CLAUDE.md"])
    assert [(d.agent, d.location.path) for d in found] == [("Claude", "commit abcdef012345")]
