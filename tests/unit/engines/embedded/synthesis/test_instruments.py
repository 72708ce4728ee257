"""Every instrument: named, in tune, equally loud, finite; harder is louder and brighter."""

import numpy as np
import pytest

from punchin.engines.embedded.score import Note, Score, Track
from punchin.engines.embedded.synthesis.instruments import INSTRUMENTS, instrument
from punchin.engines.embedded.synthesis.levels import phrase_lufs, target_lufs
from punchin.engines.embedded.synthesis.voice import hz
from punchin.engines.embedded.tags import vocabulary
from punchin.engines.embedded.tags.style import Role

RATE_HZ = 44_100

ROLES = (*Role.__args__, "bass")

UNTUNED_CENTS = {
    "tubular-bells": 30,  # a bell's partials are no harmonics; its pitch is an agreement between them
    "timpani": 16,
    "glockenspiel": 16,
    "orchestra-hit": 40,  # an orchestra, a drum and all
    "pizzicato": 22,  # sections and choirs are people, a little apart
    "choir": 22,
    "oohs": 16,
    "supersaw": 15,  # seven oscillators, detuned, beat against each other
    "saw-pad": 15,
    "violin": 13,
    "fiddle": 13,
}
"""Instruments that may be further from the written pitch than 10 cents, and why."""


def named_in_vocabulary():
    return {
        setting.arguments[0]
        for term in vocabulary().terms
        for setting in term.settings
        if setting.word.removesuffix("_if") in ROLES
    }


def played(player, name, *notes, duration_s=2.0, rate_hz=RATE_HZ, seed=0):
    (stem,) = player.play(Score(duration_s, (Track(name, "lead", notes),)), rate_hz, seed=seed)
    return stem.samples


def cents_off(sound, pitch):
    """How far the partials lie from the harmonics of a pitch, the middle one by power, in cents."""
    mono = sound.sum(axis=0)[round(0.06 * RATE_HZ) :]
    count = 1 << 17
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), count)) ** 2
    cents, weights = [], []
    for partial in range(1, 11):
        centre = partial * hz(pitch) * count / RATE_HZ
        low, high = int(centre * 2 ** (-70 / 1200)), int(centre * 2 ** (70 / 1200)) + 2
        if high > count // 2:
            break
        around = power[low:high]
        cents.append(1200 * np.log2((around * np.arange(low, high)).sum() / around.sum() / centre))
        weights.append(around.sum())
    order = np.argsort(cents)
    share = np.cumsum(np.array(weights)[order])
    return np.array(cents)[order][np.searchsorted(share, share[-1] / 2)]


def test_the_vocabulary_names_no_instrument_that_is_missing():
    assert named_in_vocabulary() <= set(INSTRUMENTS)


def test_an_unknown_instrument_is_refused_with_near_ones():
    with pytest.raises(ValueError, match=r"no instrument 'tenor-saxx'; near it are tenor-sax"):
        instrument("tenor-saxx")


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_it_is_in_tune(player, name):
    of = INSTRUMENTS[name]
    span = of.high - of.low
    for pitch in (of.low + span // 5, of.low + span // 2 + 0.37, of.high - span // 5):
        sound = played(player, name, Note(0, 1.0, pitch, 0.8), duration_s=1.1)
        assert abs(cents_off(sound, pitch)) < UNTUNED_CENTS.get(name, 10), pitch


@pytest.mark.slow
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_it_is_as_loud_as_all_others(player, name):
    assert phrase_lufs(INSTRUMENTS[name], player) == pytest.approx(target_lufs(name), abs=0.7)


@pytest.mark.slow
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_it_sounds_at_both_ends_of_its_compass_and_ends(player, name):
    of = INSTRUMENTS[name]
    for pitch in (of.low, of.high):
        sound = played(player, name, Note(0.1, 0.5, pitch, 1.0), duration_s=3.0)
        assert np.isfinite(sound).all()
        assert not sound[:, : round(0.1 * RATE_HZ)].any()
        attack = np.abs(sound[:, : round(0.6 * RATE_HZ)]).max()
        assert 0.02 < attack < 2.5
        assert np.abs(sound[:, round(2.6 * RATE_HZ) :]).max() < 0.003 * attack


@pytest.mark.parametrize(
    "name", ["piano", "steel-guitar", "synth-bass", "saw-lead", "supersaw", "trumpet", "fm-bell"]
)
def test_harder_is_louder_and_brighter(player, name):
    pitch = (INSTRUMENTS[name].low + INSTRUMENTS[name].high) // 2
    soft, hard = (
        played(player, name, Note(0, 0.6, pitch, v), duration_s=0.7).mean(axis=0) for v in (0.25, 1.0)
    )
    assert np.std(hard) > 4 * np.std(soft)

    def centroid(sound):
        power = np.abs(np.fft.rfft(sound)) ** 2
        return (power * np.arange(len(power))).sum() / power.sum()

    assert centroid(hard) > 1.03 * centroid(soft)


@pytest.mark.parametrize("name", ["chip-square", "saw-lead", "pluck", "supersaw", "organ"])
def test_high_notes_do_not_alias(player, name):
    """What lies below the fundamental of a high note can only be an alias."""
    sound = played(player, name, Note(0, 1.0, 96, 1.0), duration_s=1.2).mean(axis=0)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    f = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    below = (f > 50) & (f < 0.45 * hz(96))
    assert 10 * np.log10(power[below].sum() / power.sum()) < -55


@pytest.mark.parametrize("name", ["strings", "saw-pad", "organ", "flute", "piano", "bass-808"])
def test_a_long_note_has_no_clicks(player, name):
    """The second difference never leaps above its own usual size, loops and all."""
    pitch = (INSTRUMENTS[name].low + INSTRUMENTS[name].high) // 2
    sound = played(player, name, Note(0.05, 5.0, pitch, 0.8), duration_s=5.5)[
        0, round(0.3 * RATE_HZ) : 5 * RATE_HZ
    ]
    bend = np.abs(np.diff(sound, 2))
    bend = bend[: len(bend) // 441 * 441].reshape(-1, 441).max(axis=1)
    nearby = np.array([np.median(bend[max(0, i - 30) : i + 31]) for i in range(len(bend))])
    assert np.max(bend / (nearby + 1e-6)) < 6
