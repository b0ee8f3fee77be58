"""Source files: decoded, unpacked without running anything, parsed by the grammar of Python 3.12."""

from rules.reading.source.grammar import parse
from rules.reading.source.language import language_of
from rules.reading.source.read import read_source

__all__ = ["language_of", "parse", "read_source"]
