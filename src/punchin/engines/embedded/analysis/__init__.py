"""What is in the music around the hole: beats, bars, chords, key, tuning, loudness, and how sure that is."""

from __future__ import annotations

from punchin.engines.embedded.analysis.analysing import analyse
from punchin.engines.embedded.analysis.model import Analysis, BeatGrid, Chord, Form, Harmony, Key

__all__ = ["Analysis", "BeatGrid", "Chord", "Form", "Harmony", "Key", "analyse"]
