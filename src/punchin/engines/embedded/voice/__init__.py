"""The voice: lyrics, a style of singing and the ground of a hole become a vocal stem."""

from punchin.engines.embedded.voice.lyrics import Lyrics, parse_lyrics
from punchin.engines.embedded.voice.singing import Sung, sing

__all__ = ["Lyrics", "Sung", "parse_lyrics", "sing"]
