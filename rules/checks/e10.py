"""A package or a tool brings capability that should be counted.

## Why it matters
Imports are free so that nobody rewrites a library. A package that carries trained weights, word lists or language
data carries parameters into the entry that the cap does not see.

## Flagged
    encoder = AutoModel.from_pretrained("some-model")

## Allowed
Libraries that compute: kernels, optimizers, tokenizers' engines, compressors. A compressor that is called as a program
is noted only: merged entries called one. Such calls in preparation scripts that the entry does not use.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.index import SourceIndex, index_of
from rules.analysis.program import program_sources
from rules.analysis.scopes import Text
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import SourceFile, Submission

RULE = Rule(code="E10", name="library-smuggling", category="external-compute", severity=Severity.REVIEW, doc=__doc__)

# Packages whose point is what they learned or collected.
_LANGUAGE_DATA = frozenset(
    ("fasttext", "flair", "gensim", "kenlm", "nltk", "sentence_transformers", "spacy", "stanza", "textblob", "wordfreq")
)
_PRETRAINED = ("from_pretrained",)
_HUB = ("torch.hub.", "hub.load", "timm.create_model")
_EXTERNAL_TOOLS = frozenset(
    ("cmix", "lrzip", "nncp", "paq8", "paq8l", "paq8px", "zpaq")
)  # compressors with models of their own

_FIX = "Learn it inside the training budget and count it in the artifact, or leave it out."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield each kind of such a call or import once for every file of the program."""
    for source in program_sources(submission):
        seen: set[str] = set()
        for line, what in _found(index_of(source)):
            if what not in seen:
                seen.add(what)
                yield _finding(source, line, what, Severity.REVIEW)
        tool = _external_tool(index_of(source))
        if tool is not None:
            what = f"the program `{tool.value.split(' ', 1)[0]}` compresses from outside"
            yield _finding(source, tool.line, what, Severity.NOTE)


def _found(index: SourceIndex) -> Iterator[tuple[int, str]]:
    for item in index.imports:
        package = item.module.split(".", 1)[0]
        if package in _LANGUAGE_DATA:
            yield item.line, f"the package `{package}` brings language data or trained models"
    for call in index.calls_of(*_PRETRAINED):
        yield call.line, f"`{call.text}` loads what others trained"
    for call in index.calls_of("load", "create_model", "load_state_dict_from_url"):
        if call.text.startswith(_HUB) or call.name == "load_state_dict_from_url":
            yield call.line, f"`{call.text}` loads trained weights"


def _external_tool(index: SourceIndex) -> Text | None:
    """The name of such a compressor in a script that starts processes."""
    if not index.escapes:
        return None
    return next((text for text in index.strings if text.value.split(" ", 1)[0] in _EXTERNAL_TOOLS), None)


def _finding(source: SourceFile, line: int, what: str, severity: Severity) -> Finding:
    place = source.evidence(line, "read")
    message = f"{what[:1].upper()}{what[1:]}; the cap does not see it."
    return RULE.at(place.location, message, fix=_FIX, severity=severity, evidence=(place,))
