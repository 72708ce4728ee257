"""Songs whose form is known, as rows of features and as sound; noise has none."""

from __future__ import annotations

import numpy as np
import pytest

from punchin.engines.embedded.analysis import analyse
from punchin.engines.embedded.analysis.sections import RUN, along_diagonals, find_form
from punchin.song import Song

BARS, RATE, BEAT_S = 8, 22_050, 60 / 112


def rows_of(form: str, seed: int = 0, unrest: float = 0.5) -> np.ndarray:
    """Four beats a bar, eight bars a part; a part's four bars are its own, and each time a little other."""
    rng = np.random.default_rng(seed)
    parts = {
        part: rng.standard_normal(10) + 0.8 * rng.standard_normal((16, 10)) for part in sorted(set(form))
    }
    rows = np.concatenate([np.tile(parts[part], (BARS // 4, 1)) for part in form])
    return rows + unrest * rng.standard_normal(rows.shape)


def letters(parts: np.ndarray) -> str:
    """One letter for each eight bars: the part of their middle."""
    return "".join(chr(ord("A") + part) for part in parts[2 * BARS :: 4 * BARS])


@pytest.mark.parametrize("form", ["AABA", "ABAB", "ABCAB", "AABBA"])
def test_parts_are_found_and_known_again(form: str) -> None:
    rows = rows_of(form)
    found = find_form(rows, np.arange(len(rows)) % 4)
    assert letters(found.parts) == form
    assert found.confidence > 0.7
    edges = np.flatnonzero(np.diff(found.parts)) + 1
    assert np.all(edges % (4 * BARS) == 0)
    assert found.sections[0][0] == 0
    assert found.sections[-1][1] == len(rows)


def test_upbeats_and_three_beats_in_a_bar() -> None:
    rows = rows_of("ABA")
    rows = np.concatenate([rows[:2], rows[np.arange(len(rows)) % 4 < 3]])
    found = find_form(rows, np.concatenate([[1, 2], np.arange(len(rows) - 2) % 3]))
    assert found.parts.shape == (len(rows),)
    assert letters(np.repeat(found.parts[2::3], 4)) == "ABA"


@pytest.mark.parametrize("seed", range(5))
def test_where_nothing_comes_back_there_is_no_form(seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((4 * 64, 40))
    assert find_form(rows, np.arange(len(rows)) % 4).confidence < 0.1


@pytest.mark.parametrize("beats", [1, 3, 16, 4 * (3 * RUN) - 1])
def test_short_windows_have_one_part(beats: int) -> None:
    found = find_form(np.zeros((beats, 5)), np.arange(beats) % 4)
    assert found.parts.tolist() == [0] * beats
    assert found.confidence == 0


def test_what_is_the_same_everywhere_has_one_part() -> None:
    found = find_form(np.ones((200, 5)), np.arange(200) % 4)
    assert not found.parts.any()
    assert found.confidence == 0


def test_runs_are_compared_bar_by_bar() -> None:
    distances = np.random.default_rng(0).random((9, 9))
    fast = along_diagonals(distances)
    for a in range(9):
        for b in range(9):
            forward = [distances[a + k, b + k] for k in range(RUN) if max(a, b) + k < 9]
            back = [distances[a - k, b - k] for k in range(RUN) if min(a, b) >= k]
            assert fast[a, b] == pytest.approx(min(np.mean(forward), np.mean(back)))


def band(form: str, seed: int) -> Song:
    """Drums, bass, chords and a melody that is new each time; other chords and another sound in each part."""
    rng = np.random.default_rng(seed)
    out = np.zeros(round(len(form) * BARS * 4 * BEAT_S * RATE) + RATE)
    chords = {"A": (0, 9, 5, 7), "B": (5, 10, 3, 8)}

    def tone(at_s: float, pitch: float, length_s: float, level: float, slope: float) -> None:
        t = np.arange(round(length_s * RATE)) / RATE
        turn = 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * t
        wave = sum(np.sin(h * turn) / h**slope for h in range(1, 6)) * np.exp(-3 * t)
        out[round(at_s * RATE) :][: t.size] += level * wave * np.minimum(1, (t[-1] - t) / 0.02)

    def drum(at_s: float, level: float, decay: float, hz: float) -> None:
        t = np.arange(round(0.2 * RATE)) / RATE
        sound = np.sin(2 * np.pi * hz * t) if hz else rng.standard_normal(t.size)
        out[round(at_s * RATE) :][: t.size] += level * sound * np.exp(-decay * t)

    for beat in range(len(form) * BARS * 4):
        part, at_s = form[beat // (4 * BARS)], beat * BEAT_S
        root = chords[part][beat // 4 % 4]
        third = 3 if root == 9 else 4
        drum(at_s, 0.8, 20, 60.0) if beat % 2 == 0 else drum(at_s, 0.3, 25, 0.0)
        for place in (0.5,) if part == "A" else (0.25, 0.5, 0.75):
            drum(at_s + place * BEAT_S, 0.15, 60, 0.0)
        for interval in (0, third, 7):
            tone(
                at_s, (60 if part == "A" else 55) + root + interval, BEAT_S, 0.07, 1.2 if part == "A" else 0.6
            )
        tone(at_s, 36 + root, BEAT_S, 0.2, 1.5)
        if rng.random() < 0.7:
            tone(at_s, 72 + float(rng.choice((0, 2, 4, 7, 9))), BEAT_S / 2, 0.1, 1.0)
    return Song((0.4 * out / np.abs(out).max()).astype(np.float32)[None], RATE)


def test_the_form_of_a_song_is_heard() -> None:
    found = analyse(band("AABA", 1))
    assert found.form.confidence > 0.6
    at_s = (np.arange(4) + 0.5) * BARS * 4 * BEAT_S
    beats = np.searchsorted(found.grid.times_s, at_s) - 1
    assert "".join(found.form.name(beat) for beat in beats) == "AABA"
