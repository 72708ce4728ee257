"""The engine that needs nothing but this package: it rearranges the song's own bars, in seconds on a CPU."""

from punchin.engines.embedded.engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
