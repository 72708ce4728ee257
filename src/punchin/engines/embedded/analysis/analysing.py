"""The whole analysis, stage by stage: what `analyse` does, in the order in which it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engine import no_progress
from punchin.engines.embedded.analysis.bars import beat_evidence, find_bars
from punchin.engines.embedded.analysis.beats import Beats, extended
from punchin.engines.embedded.analysis.chords import find_chords
from punchin.engines.embedded.analysis.hearing import Heard, hear
from punchin.engines.embedded.analysis.keys import find_key
from punchin.engines.embedded.analysis.levels import beat_loudness
from punchin.engines.embedded.analysis.likeness import beat_features, playing_db
from punchin.engines.embedded.analysis.metrical import find_beats
from punchin.engines.embedded.analysis.model import Analysis, BeatGrid, Form, Harmony
from punchin.engines.embedded.analysis.onsets import find_onsets
from punchin.engines.embedded.analysis.pitch import beat_chroma, find_pitches
from punchin.engines.embedded.analysis.sections import find_form
from punchin.engines.embedded.analysis.swing import find_swing
from punchin.engines.embedded.analysis.trust import trust
from punchin.song import Song

if TYPE_CHECKING:
    from punchin.engine import Progress

BLANK_BPM = 120.0
"""The grid of a window in which nothing can be counted."""


def analyse(song: Song, progress: Progress = no_progress) -> Analysis:
    """Find beats, bars, chords, key, tuning, loudness and likeness in a window of a song.

    Never raises for what is in the song: silence, noise and speech get a grid too, with confidences near 0.

    Args:
        song: any rate and channels; from a few hundredths of a second to minutes.
        progress: told "analyse" and a fraction.
    """
    progress("analyse", 0.0)
    song = _only_numbers(song)
    heard = hear(song)
    onsets = find_onsets(heard.wave)
    progress("analyse", 0.3)
    pitches = find_pitches(heard.pitch_wave)
    progress("analyse", 0.6)
    beats_s = _grid(heard, find_beats(onsets, pitches))
    chroma, bass_chroma = beat_chroma(pitches, beats_s)
    bars = find_bars(beat_evidence(onsets, beats_s, chroma, bass_chroma))
    chords, certain = find_chords(chroma, bass_chroma, bars.positions, bars.beats_per_bar)
    key, key_certain = find_key(chroma, bass_chroma, chords)
    loudness = beat_loudness(song, beats_s)
    progress("analyse", 0.9)
    trusted = trust(heard, onsets, beats_s, pitches, bars)
    features = beat_features(onsets, beats_s, chroma, bass_chroma)
    form = find_form(features, bars.positions)
    return Analysis(
        grid=BeatGrid(
            times_s=beats_s,
            positions=bars.positions,
            beats_per_bar=bars.beats_per_bar,
            swing=find_swing(onsets, beats_s),
            confidence=trusted.beat,
            downbeat_confidence=trusted.downbeat,
        ),
        harmony=Harmony(
            chords=chords,
            confidences=certain * trusted.tonal,
            chroma=chroma,
            bass_chroma=bass_chroma,
            key=key,
            key_confidence=key_certain * trusted.tonal,
            tuning_semitones=pitches.tuning_semitones,
        ),
        features=features,
        playing_db=playing_db(onsets, beats_s, bars.beats_per_bar),
        loudness_lufs=loudness,
        musicality=trusted.musicality,
        form=Form(form.parts, form.confidence * min(trusted.beat, trusted.musicality)),
    )


def _only_numbers(song: Song) -> Song:
    """The song with silence where its samples are not finite."""
    if np.isfinite(song.samples.sum(dtype=np.float64)):
        return song
    return Song(np.nan_to_num(song.samples, nan=0.0, posinf=0.0, neginf=0.0), song.rate_hz)


def _grid(heard: Heard, beats_s: Beats) -> Beats:
    """The beats over the whole window; a plain count where there are too few to go by."""
    if heard.silent or beats_s.size < 2:
        beats_s = np.array([0.0, 60.0 / BLANK_BPM])
    return extended(beats_s, heard.duration_s)
