"""A package or a tool brings capability that should be counted.

## Why it matters
Imports are free so that nobody rewrites a library. A package that carries trained weights, word lists or language
data carries parameters into the entry that the cap does not see.

## Flagged
    encoder = AutoModel.from_pretrained("some-model")

## Allowed
Libraries that compute: kernels, optimizers, tokenizers' engines, compressors. Such calls in preparation scripts that
the entry does not use.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.index import SourceIndex, index_of
from rules.analysis.program import program_sources
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import SourceFile, Submission

RULE = Rule(code="E10", name="library-smuggling", category="external-compute", severity=Severity.REVIEW, doc=__doc__)

# Packages whose point is what they learned or collected.
_LANGUAGE_DATA = frozenset(
    ("fasttext", "flair", "gensim", "kenlm", "nltk", "sentence_transformers", "spacy", "stanza", "textblob", "wordfreq")
)
_PRETRAINED = {"from_pretrained": "loads what others trained", "snapshot_download": "fetches a model repository"}
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
                yield _finding(source, line, what)


def _found(index: SourceIndex) -> Iterator[tuple[int, str]]:
    for item in index.imports:
        package = item.module.split(".", 1)[0]
        if package in _LANGUAGE_DATA:
            yield item.line, f"the package `{package}` brings language data or trained models"
    for name, does in _PRETRAINED.items():
        for call in index.calls_of(name):
            yield call.line, f"`{call.text}` {does}"
    for call in index.calls_of("load", "create_model", "load_state_dict_from_url"):
        if call.text.startswith(_HUB) or call.name == "load_state_dict_from_url":
            yield call.line, f"`{call.text}` loads trained weights"
    if index.escapes:
        for text in index.strings:
            if text.value.split(" ", 1)[0] in _EXTERNAL_TOOLS:
                yield text.line, f"the program `{text.value.split(' ', 1)[0]}` is run from outside"


def _finding(source: SourceFile, line: int, what: str) -> Finding:
    place = source.evidence(line, "read")
    return RULE.at(
        place.location, f"{what[:1].upper()}{what[1:]}; the cap does not see it.", fix=_FIX, evidence=(place,)
    )
