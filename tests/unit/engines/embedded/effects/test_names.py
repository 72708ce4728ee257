"""Everything that the vocabulary names exists and keeps the promises that all share."""

import numpy as np
import pytest

from punchin.engines.embedded.effects import (
    EFFECTS,
    TEXTURES,
    TRANSITIONS,
    Pulse,
    apply_effect,
    check_names,
    make_texture,
    make_transition,
)
from punchin.engines.embedded.effects.textures import laid
from punchin.engines.embedded.tags import vocabulary
from punchin.loudness import k_power, lufs
from punchin.song import Song

RATE_HZ = 22_050
PULSE = Pulse.steady(120, 4)


def named(word):
    return {a for term in vocabulary().terms for s in term.settings if s.word == word for a in s.arguments}


def music(frames=2 * RATE_HZ):
    """Chords, noise strokes on the beat, sides that differ."""
    t = np.arange(frames) / RATE_HZ
    rng = np.random.default_rng(0)
    tones = sum(np.sin(2 * np.pi * f * t) for f in (110.0, 220.0, 277.2, 329.6)) * 0.08
    strokes = rng.standard_normal((2, frames)) * np.exp(-(t % 0.5) / 0.05) * 0.2
    return (tones + strokes).astype(np.float32)


def test_the_vocabulary_names_nothing_that_is_missing():
    assert named("effect") <= set(EFFECTS)
    assert named("texture") <= set(TEXTURES)
    assert named("transition") <= set(TRANSITIONS)


def test_unknown_names_are_refused_with_near_ones():
    for what, names in {
        "effect": ("dellay", "delay"),
        "texture": ("vynil", "vinyl"),
        "transition": ("rise", "riser"),
    }.items():
        wrong, right = names
        wanted = {"effects": [], "textures": [], "transitions": []} | {f"{what}s": [wrong]}
        with pytest.raises(ValueError, match=f"no {what} '{wrong}'; near it are {right}"):
            check_names(**wanted)
    check_names(EFFECTS, TEXTURES, TRANSITIONS)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_changes_music_and_nothing_else(name):
    x = music()
    before = x.copy()
    y, again = (apply_effect(name, x, RATE_HZ, PULSE, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(x, before)
    assert np.array_equal(y, again)
    assert y.shape == x.shape
    assert y.dtype == np.float32
    assert np.isfinite(y).all()
    assert np.std(y - x) > 0.02 * np.std(x)
    assert np.abs(y.mean(axis=1)).max() < 0.01
    assert -7 < 20 * np.log10(np.std(y) / np.std(x)) < 3


@pytest.mark.parametrize("name", EFFECTS)
@pytest.mark.parametrize("frames", [0, 1, 37, 5000])
def test_silence_stays_silence_and_short_sounds_are_no_error(name, frames):
    silent = apply_effect(name, np.zeros((2, frames), np.float32), RATE_HZ, PULSE, np.random.default_rng(0))
    assert silent.shape == (2, frames)
    assert not silent.any()
    short = apply_effect(name, music()[:, :frames], RATE_HZ, PULSE, np.random.default_rng(0))
    assert short.shape == (2, frames)
    assert np.isfinite(short).all()


@pytest.mark.parametrize("name", EFFECTS)
def test_no_effect_makes_mono_music_vanish_in_mono(name):
    x = music()
    x = np.stack([x.mean(axis=0)] * 2)
    y = apply_effect(name, x, RATE_HZ, PULSE, np.random.default_rng(4))
    assert np.std(y.mean(axis=0)) > 0.35 * np.std(x)


@pytest.mark.parametrize("name", TEXTURES)
def test_a_texture_is_steady_at_its_level_and_its_chance(name):
    frames = 12 * RATE_HZ
    one, again, other = (make_texture(name, frames, RATE_HZ, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.shape == (2, frames)
    assert lufs(float(np.mean(k_power(Song(one, RATE_HZ))))) == pytest.approx(-20.7, abs=1.5)
    assert not one[:, 0].any()
    assert np.abs(one[:, -1]).max() < 1e-3
    seconds = np.std(one.reshape(2, 12, RATE_HZ), axis=(0, 2))
    assert seconds.max() / seconds.min() < (25 if name == "waves" else 5)


def test_long_textures_repeat_without_a_seam():
    """A tone whose turns do not fit the repeat would step where it begins again."""

    def tone(frames, rate_hz, rng):
        wave = np.sin(2 * np.pi * 100.3 * np.arange(frames) / rate_hz + rng.random())
        return np.stack([wave, wave]).astype(np.float32)

    sound = laid(tone, 25 * RATE_HZ, RATE_HZ, np.random.default_rng(3))
    steepest = 2 * np.pi * 100.3 / RATE_HZ * np.abs(sound).max()
    assert np.abs(np.diff(sound)).max() < 1.2 * steepest


@pytest.mark.parametrize("name", TEXTURES)
@pytest.mark.parametrize("frames", [0, 1, 50])
def test_textures_may_be_short(name, frames):
    assert make_texture(name, frames, RATE_HZ, np.random.default_rng(0)).shape == (2, frames)


def test_textures_differ_in_colour():
    middle = {}
    for name in TEXTURES:
        power = (
            np.abs(np.fft.rfft(make_texture(name, 4 * RATE_HZ, RATE_HZ, np.random.default_rng(0))[0])) ** 2
        )
        middle[name] = np.searchsorted(np.cumsum(power) / power.sum(), 0.5) / 4
    assert middle["ambience"] < middle["crowd"] < middle["rain"] < middle["hiss"]


@pytest.mark.parametrize("name", TRANSITIONS)
@pytest.mark.parametrize("frames", [0, 1, 400, 6 * RATE_HZ])
def test_transitions_fit_and_end(name, frames):
    one, again = (make_transition(name, frames, RATE_HZ, PULSE, np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(one, again)
    assert one.shape == (2, frames)
    assert np.isfinite(one).all()
    if frames > 1000:
        assert np.abs(one).max() == pytest.approx(0.4, abs=0.05)
        assert np.abs(one[:, -1]).max() < 0.01


def test_risers_rise_and_impacts_fall():
    frames = 6 * RATE_HZ
    for name, rises in {"riser": True, "reverse": True, "impact": False, "downer": False}.items():
        sound = make_transition(name, frames, RATE_HZ, PULSE, np.random.default_rng(1))
        early, late = np.std(sound[:, : frames // 4]), np.std(sound[:, -frames // 4 :])
        assert (late > 3 * early) == rises, name
        assert (early > 3 * late) != rises, name
