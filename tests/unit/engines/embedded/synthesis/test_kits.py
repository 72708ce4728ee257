"""Every kit plays every drum, each at its level and colour."""

from itertools import pairwise

import numpy as np
import pytest

from punchin.engines.embedded.score import DRUM_VOICES, Hit, Score
from punchin.engines.embedded.synthesis.drummer import STROKE_DB
from punchin.engines.embedded.synthesis.kits import KITS, STAGE, kit
from punchin.engines.embedded.tags import vocabulary
from punchin.loudness import k_weighted

RATE_HZ = 44_100


def struck(player, name, *hits, duration_s=1.5, rate_hz=RATE_HZ, seed=0):
    (stem,) = player.play(Score(duration_s, (), hits, name), rate_hz, seed=seed)
    return stem.samples


def centroid_hz(sound):
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    return (power * np.fft.rfftfreq(sound.shape[1], 1 / RATE_HZ)).sum() / power.sum()


def test_the_vocabulary_names_no_kit_that_is_missing():
    named = {s.arguments[0] for term in vocabulary().terms for s in term.settings if s.word == "kit"}
    assert named <= set(KITS)


def test_every_kit_has_every_drum_and_every_drum_its_place():
    assert set(STAGE) == set(DRUM_VOICES)
    for one in KITS.values():
        assert set(one.strokes) == set(DRUM_VOICES)


def test_unknown_names_are_refused_with_near_ones(player):
    with pytest.raises(ValueError, match="no drum kit 'tr909'; near it are tr808"):
        kit("tr909")
    with pytest.raises(ValueError, match="no drum 'closedhat'; near it are closed_hat"):
        struck(player, "house", Hit(0, "closedhat", 0.8))


QUICK = ("standard", "tr808", "lofi")
"""Kits that are tried in every run; all others only when there is time."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in KITS]
)
def test_all_its_drums_sound_at_their_level(player, name):
    """The loudest 60 ms of a stroke are as loud as the stage says, whatever the kit."""
    rate_hz, each_s = 22_050, 1.0
    order = sorted(
        DRUM_VOICES, key=lambda voice: STAGE[voice].level_db
    )  # so that no tail covers what follows
    hits = [Hit(each_s * n + 0.1, voice, 0.7) for n, voice in enumerate(order)]
    sound = struck(player, name, *hits, duration_s=each_s * len(hits), rate_hz=rate_hz)
    assert np.isfinite(sound).all()
    power = np.square(k_weighted(sound, rate_hz)).mean(axis=0)
    width, each = round(0.06 * rate_hz), round(each_s * rate_hz)
    total = np.concatenate([[0], np.cumsum(power)])
    running_db = 10 * np.log10((total[width:] - total[:-width]) / width + 1e-12)
    for n, voice in enumerate(order):
        loudest_db = running_db[n * each : (n + 1) * each - width].max()
        room_db = 3.0 if KITS[name].room_s else 1.5
        assert loudest_db == pytest.approx(STROKE_DB + STAGE[voice].level_db, abs=room_db), voice


@pytest.mark.parametrize("name", KITS)
def test_kicks_are_low_and_hats_are_high(player, name):
    kick, snare, hat = (
        centroid_hz(struck(player, name, Hit(0.1, voice, 0.9))) for voice in ("kick", "snare", "closed_hat")
    )
    assert kick < 400
    assert kick < snare < (7000 if name != "chip" else 12_000)
    assert hat > 3000


def test_kits_differ(player):
    kicks = {name: struck(player, name, Hit(0, "kick", 0.9), duration_s=0.5)[0] for name in KITS}
    for one, first in kicks.items():
        for other, second in kicks.items():
            if one < other and {one, other} != {"jazz", "brush"}:  # they share the bass drum
                assert np.corrcoef(first, second)[0, 1] < 0.999, (one, other)


def test_a_closing_hi_hat_silences_an_open_one(player):
    open_only = struck(player, "standard", Hit(0, "open_hat", 0.8))
    closed_late = struck(player, "standard", Hit(0, "open_hat", 0.8), Hit(0.3, "pedal_hat", 0.01))
    after = slice(round(0.4 * RATE_HZ), round(0.8 * RATE_HZ))
    assert np.std(closed_late[:, after]) < 0.05 * np.std(open_only[:, after])


def test_a_human_never_strikes_twice_the_same_and_a_machine_always_does(player):
    hits = [Hit(n * 0.5, "rim", 0.8) for n in range(9)]
    half = RATE_HZ // 2
    for name, same in (("standard", False), ("tr808", True)):
        strokes = struck(player, name, *hits, duration_s=4.5)[0].reshape(9, half)[:, : half - 2000]
        for one, following in pairwise(strokes):
            assert np.allclose(one, following, atol=1e-5) == same, name


def test_softer_strokes_are_duller(player):
    soft, hard = (centroid_hz(struck(player, "standard", Hit(0, "snare", v))) for v in (0.2, 1.0))
    assert soft < 0.9 * hard
