"""The whole analysis on songs whose answers are known, and on everything that is not a song."""

from __future__ import annotations

import numpy as np
import pytest

from punchin.engines.embedded.analysis import Analysis, analyse
from punchin.song import Song
from support.labelled_songs import LabelledSong, labelled_song
from support.songs import SHARED_AUDIO, needs_shared

RATE = 22_050


def song(samples: np.ndarray, rate_hz: int = RATE) -> Song:
    return Song(np.atleast_2d(samples).astype(np.float32), rate_hz)


def clicks(bpm: float, duration_s: float, rate_hz: int = RATE, first_s: float = 0.31) -> Song:
    """Short bursts of a 1 kHz tone on every beat, the first of every four an octave higher."""
    out = np.zeros(round(duration_s * rate_hz))
    t = np.arange(round(0.03 * rate_hz)) / rate_hz
    for k, at in enumerate(np.arange(first_s, duration_s - 0.05, 60 / bpm)):
        burst = np.sin(2 * np.pi * (2000 if k % 4 == 0 else 1000) * t) * np.exp(-t * 150)
        out[round(at * rate_hz) : round(at * rate_hz) + t.size] += burst
    return song(0.5 * out, rate_hz)


def chord_song(degrees: list[tuple[int, str]], *, beats_per_bar: int = 4, bpm: float = 100.0) -> Song:
    """One bar a chord: organ triads, a bass note on one, a drum on every beat, the first one deeper."""
    rng, beat = np.random.default_rng(0), 60 / bpm
    bar = np.arange(round(beats_per_bar * beat * RATE)) / RATE
    bars: list[np.ndarray] = []
    for root, quality in degrees:
        triad = [(48 + root + d, 0.08) for d in (0, 4 if quality == "maj" else 3, 7)]
        hz = [(440 * 2 ** ((pitch - 69) / 12), level) for pitch, level in [*triad, (36 + root, 0.2)]]
        bars.append(sum(level / h * np.sin(2 * np.pi * h * f * bar) for f, level in hz for h in range(1, 5)))
    out = np.concatenate(bars)
    n = out.size
    for k in range(int(n / RATE / beat)):
        at = round(k * beat * RATE)
        hit = np.arange(min(2000, n - at)) / RATE
        deep = k % beats_per_bar == 0
        sound = np.sin(2 * np.pi * 60 * hit) if deep else 0.5 * rng.standard_normal(hit.size)
        out[at : at + hit.size] += 0.7 * sound * np.exp(-hit * 40)
    return song(0.4 * out)


def assert_whole(found: Analysis, duration_s: float) -> None:
    """Whatever was heard, the answer has one row a beat, covers the window and holds only numbers."""
    grid, harmony, count = found.grid, found.harmony, len(found.grid.positions)
    assert count >= 1
    assert grid.times_s.shape == (count + 1,)
    assert np.all(np.diff(grid.times_s) > 0)
    assert grid.times_s[0] <= 0.0
    assert grid.times_s[-1] >= duration_s
    assert grid.beats_per_bar in {3, 4}
    assert set(grid.positions) <= set(range(grid.beats_per_bar))
    assert len(harmony.chords) == count
    assert harmony.chroma.shape == harmony.bass_chroma.shape == (count, 12)
    assert found.features.shape[0] == found.loudness_lufs.shape[0] == count
    for numbers in (grid.times_s, harmony.chroma, harmony.bass_chroma, harmony.confidences, found.features):
        assert np.all(np.isfinite(numbers))
    assert not np.any(np.isnan(found.loudness_lufs))
    sure = (grid.confidence, grid.downbeat_confidence, harmony.key_confidence, found.musicality)
    assert all(0.0 <= value <= 1.0 for value in (*sure, *harmony.confidences))
    assert abs(harmony.tuning_semitones) <= 0.5
    assert 0.0 < grid.swing < 1.0
    assert found.form.parts.shape == (count,)
    assert 0.0 <= found.form.confidence <= 1.0


@pytest.mark.parametrize("bpm", [72.0, 97.0, 154.0])
def test_clicks_are_beats_to_the_millisecond(bpm: float) -> None:
    found = analyse(clicks(bpm, 20.0))
    true = np.arange(0.31, 19.9, 60 / bpm)
    assert found.grid.tempo_bpm == pytest.approx(bpm, rel=0.01)
    nearest = np.abs(found.grid.times_s[:, None] - true).min(axis=0)
    assert nearest.max() < 0.015
    assert found.grid.confidence > 0.6


def test_one_five_six_four_is_heard_as_it_is() -> None:
    degrees = [(0, "maj"), (7, "maj"), (9, "min"), (5, "maj")] * 3
    found = analyse(chord_song(degrees))
    middle = np.clip((found.grid.times_s[:-1] + found.grid.times_s[1:]) / 2, 0, 28.7)
    true = [degrees[int(at / 2.4)] for at in middle]
    agree = np.mean(
        [(c.root, c.quality) == wanted for c, wanted in zip(found.harmony.chords, true, strict=True)]
    )
    assert agree > 0.9
    assert str(found.harmony.key) == "C major"
    assert found.harmony.key_confidence > 0.4
    assert found.grid.beats_per_bar == 4
    downbeats = found.grid.times_s[:-1][found.grid.positions == 0]
    assert np.all(np.abs((downbeats + 1.2) % 2.4 - 1.2) < 0.05)


def test_three_beats_in_a_bar() -> None:
    found = analyse(
        chord_song([(0, "maj"), (5, "maj"), (7, "maj"), (0, "maj")] * 3, beats_per_bar=3, bpm=110.0)
    )
    assert found.grid.beats_per_bar == 3
    downbeats = found.grid.times_s[:-1][found.grid.positions == 0]
    bar_s = 180 / 110
    assert np.mean(np.abs((downbeats + bar_s / 2) % bar_s - bar_s / 2) < 0.05) > 0.9


@pytest.fixture(scope="module")
def rock() -> LabelledSong:
    return labelled_song("rock", 1001, 16.0)


def test_a_song_with_drums_is_believed(rock: LabelledSong) -> None:
    found = analyse(rock.song)
    assert_whole(found, 16.0)
    assert found.grid.confidence > 0.6
    assert found.musicality > 0.6
    true = rock.beats_s[(rock.beats_s > 0.5) & (rock.beats_s < 15.5)]
    assert np.abs(found.grid.times_s[:, None] - true).min(axis=0).max() < 0.05


def test_the_same_song_gives_the_same_answer(rock: LabelledSong) -> None:
    first, second = analyse(rock.song), analyse(rock.song)
    np.testing.assert_array_equal(first.grid.times_s, second.grid.times_s)
    np.testing.assert_array_equal(first.features, second.features)
    assert first.harmony.chords == second.harmony.chords


def test_level_and_polarity_do_not_matter(rock: LabelledSong) -> None:
    first, second = analyse(rock.song), analyse(song(rock.song.samples * -0.01))
    np.testing.assert_allclose(first.grid.times_s, second.grid.times_s, atol=0.002)
    np.testing.assert_allclose(first.loudness_lufs - 40.0, second.loudness_lufs, atol=0.01)


def noise(kind: str) -> np.ndarray:
    """Fifteen seconds of what is not music."""
    rng, n = np.random.default_rng(3), 15 * RATE
    if kind == "babble":
        return babble(rng, n)
    if kind == "crackle":
        crackle = np.zeros(n)
        crackle[rng.integers(0, n, 90)] = rng.standard_normal(90)
        return crackle
    spectrum = np.fft.rfft(rng.standard_normal(n))
    fall = 0.5 if kind == "pink" else 0.0
    return np.fft.irfft(spectrum / np.maximum(np.arange(spectrum.size), 1.0) ** fall, n)


def babble(rng: np.random.Generator, n: int) -> np.ndarray:
    """Like speech: syllables of uneven length, voiced with gliding pitch or hissing, and pauses."""
    out, at = np.zeros(n), 0
    while at < n:
        length = min(int(rng.uniform(0.08, 0.35) * RATE), n - at)
        glide = rng.uniform(90, 220) * np.exp(np.linspace(0, rng.normal(0, 0.25), length))
        phase = 2 * np.pi * np.cumsum(glide) / RATE
        voiced = sum(np.sin(h * phase) / h for h in range(1, 12))
        out[at : at + length] = (voiced if rng.random() < 0.7 else rng.standard_normal(length)) * np.hanning(
            length
        )
        at += length + int(rng.choice([0.0, 0.03, 0.1, 0.4]) * RATE)
    return out * 0.1


@pytest.mark.parametrize("kind", ["white", "pink", "crackle", "babble"])
def test_noise_is_not_believed(kind: str) -> None:
    found = analyse(song(noise(kind)))
    assert_whole(found, 15.0)
    assert found.grid.confidence < 0.3
    assert found.grid.downbeat_confidence < 0.3
    assert found.harmony.key_confidence < 0.3
    assert found.harmony.confidences.mean() < 0.3
    assert found.musicality < 0.3
    assert found.form.confidence < 0.1


def test_silence_is_counted_but_not_believed() -> None:
    found = analyse(song(np.zeros(5 * RATE)))
    assert_whole(found, 5.0)
    assert found.grid.confidence == found.musicality == found.harmony.key_confidence == 0.0
    assert np.all(np.isneginf(found.loudness_lufs))


@pytest.mark.parametrize("duration_s", [0.05, 0.6, 2.0])
@pytest.mark.parametrize("kind", ["noise", "sine", "click", "silence"])
def test_short_things_do_not_raise(duration_s: float, kind: str) -> None:
    n = round(duration_s * 44_100)
    t = np.arange(n) / 44_100
    sounds = {
        "noise": np.random.default_rng(0).standard_normal(n) * 0.1,
        "sine": np.sin(2 * np.pi * 440 * t),
        "click": np.eye(1, n, n // 2)[0],
        "silence": np.zeros(n),
    }
    assert_whole(analyse(song(sounds[kind], 44_100)), duration_s)


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (48_000, 6), (192_000, 2), (44_100, 8)])
def test_any_rate_and_number_of_channels(rate_hz: int, channels: int) -> None:
    one = clicks(120.0, 8.0, rate_hz)
    found = analyse(song(np.repeat(one.samples, channels, axis=0), rate_hz))
    assert_whole(found, 8.0)
    assert found.grid.tempo_bpm == pytest.approx(120.0, rel=0.01)


def test_channels_that_cancel_are_heard() -> None:
    one = clicks(120.0, 10.0).samples[0]
    found = analyse(song(np.stack([one, -one])))
    assert found.grid.tempo_bpm == pytest.approx(120.0, rel=0.01)
    assert found.grid.confidence > 0.6


def test_what_is_not_a_number_counts_as_silence(rock: LabelledSong) -> None:
    samples = rock.song.samples.copy()
    samples[0, 1000:1010] = np.nan
    samples[1, 5000] = np.inf
    assert_whole(analyse(song(samples)), 16.0)


def test_it_can_be_stopped() -> None:
    told: list[float] = []
    analyse(clicks(120.0, 3.0), lambda stage, fraction: told.append(fraction))
    assert told == sorted(told)
    assert len(told) >= 3


@needs_shared
@pytest.mark.shared
@pytest.mark.slow
def test_speech_is_not_a_song_and_a_song_is() -> None:
    import soundfile

    rate = soundfile.info(SHARED_AUDIO / "lena.wav").samplerate
    speech, _ = soundfile.read(SHARED_AUDIO / "lena.wav", dtype="float32", always_2d=True)
    assert analyse(song(speech.T, rate)).musicality < 0.3
    music, rate = soundfile.read(
        SHARED_AUDIO / "on_the_run.ogg", dtype="float32", always_2d=True, frames=40 * 44_100
    )
    found = analyse(song(music.T, rate))
    assert found.musicality > 0.6
    assert found.grid.confidence > 0.6
    assert found.grid.tempo_bpm == pytest.approx(92.0, rel=0.02)
