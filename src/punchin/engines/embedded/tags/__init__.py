"""Tags: from words like "dark lofi piano, no drums" to musical decisions."""

from punchin.engines.embedded.tags.parsing import Circumstances, ParsedTags, parse_tags
from punchin.engines.embedded.tags.style import Bass, Part, Style, Tone, Vocals
from punchin.engines.embedded.tags.vocabulary import Kind, Setting, Term, Vocabulary, vocabulary

__all__ = [
    "Bass",
    "Circumstances",
    "Kind",
    "ParsedTags",
    "Part",
    "Setting",
    "Style",
    "Term",
    "Tone",
    "Vocabulary",
    "Vocals",
    "parse_tags",
    "vocabulary",
]
