"""Rulings that later submissions are compared with.

A ruling keeps the guilty lines: the statements that the findings quote whose codes or categories it names. A later
submission that still holds them gets a finding of source `precedent`; one that is similar and has changed or removed
them does not. Statements are compared as tokens, so that formatting, comments and names of files do not matter.

Such a finding has the code of the finding that was ruled on, not one of its own: the code says what is wrong, its page
explains it, a waiver of the code is for the matter whoever noticed it, and `source` says who did.
"""

from rules.precedents.code import Code, CodeFile, code_of
from rules.precedents.guilt import guilt_of
from rules.precedents.matching import Innocents, PrecedentIndex, findings_of, matches, tempered
from rules.precedents.values import Guilt, Match, Passage, Precedent

__all__ = [
    "Code",
    "CodeFile",
    "Guilt",
    "Innocents",
    "Match",
    "Passage",
    "Precedent",
    "PrecedentIndex",
    "code_of",
    "findings_of",
    "guilt_of",
    "matches",
    "tempered",
]
