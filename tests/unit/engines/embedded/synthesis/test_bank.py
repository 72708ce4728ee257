"""The bank: everything that is named is there, decodes, and loops without a click."""

from importlib import resources

import numpy as np
import pytest

from punchin.engines.embedded.synthesis.bank import Bank, Zone, unrolled
from punchin.engines.embedded.synthesis.instruments import INSTRUMENTS
from punchin.engines.embedded.synthesis.kits import KITS, Recorded
from punchin.engines.embedded.synthesis.sampled import Sampled

FILES = resources.files("punchin.engines.embedded.synthesis")


@pytest.fixture(scope="module")
def bank():
    return Bank()


def test_it_is_small_and_says_whose_work_it_is():
    assert len(FILES.joinpath("bank.zip").read_bytes()) < 6_000_000
    licence = FILES.joinpath("bank.LICENSE.txt").read_text()
    assert "Frank Wen" in licence
    assert "Permission is hereby granted, free of charge" in licence


def test_every_set_is_used_and_every_set_used_is_there(bank):
    named = {i.voice.set for i in INSTRUMENTS.values() if isinstance(i.voice, Sampled)}
    named |= {s.set for kit in KITS.values() for s in kit.strokes.values() if isinstance(s, Recorded)}
    assert named == set(bank.sets)


def test_every_stroke_of_every_kit_is_recorded(bank):
    for kit in KITS.values():
        for voice, stroke in kit.strokes.items():
            if isinstance(stroke, Recorded):
                assert bank.named(stroke.set, stroke.voice or voice), (kit.name, voice)


def test_zones_decode_to_where_the_index_says(bank):
    """Silence stands between two zones; a decoder that is off by some frames would show it inside one."""
    for name, recordings in bank.sets.items():
        for zone in recordings.zones:
            sound = bank.sound(name, zone)
            assert sound.shape == (recordings.channels, zone.frames)
            assert np.isfinite(sound).all()
            if zone.loop:
                tail = np.abs(sound[:, -max(64, zone.fade // 4) :]).max()
                assert tail > 1e-4, (name, zone.name)


def test_loops_do_not_click(bank):
    """Where a loop turns, the second difference is no larger than elsewhere in the loop."""
    for name, recordings in bank.sets.items():
        for zone in recordings.zones:
            if not zone.loop:
                continue
            start, end = zone.loop
            sound = bank.sound(name, zone)
            turning = np.concatenate([sound[:, start:end]] * 3, axis=1)
            bend = np.abs(np.diff(turning, 2, axis=1)).max(axis=0)
            length = end - start
            at_turn = bend[length - 4 : length + 2].max()
            assert at_turn <= 1.3 * np.max(bend[: length - 8]), (name, zone.name)


def test_a_levelled_loop_falls_again_when_it_is_played():
    sound = np.ones((1, 1000), np.float32)
    zone = Zone("x", 60, 0, 1000, (500, 1000), 0, 250, 20.0, 0, 0, 0)
    long = unrolled(sound, zone, 4000, rate_hz=1000)
    assert long.shape[1] >= 4000
    assert np.allclose(long[0, :250], 1)
    assert 20 * np.log10(long[0, 3250]) == pytest.approx(-60, abs=0.1)


def test_without_a_loop_nothing_is_repeated():
    zone = Zone("x", 60, 0, 10, None, 0, 0, 0, 0, 0, 0)
    assert unrolled(np.ones((1, 10), np.float32), zone, 100, 1000).shape == (1, 10)


def test_it_keeps_what_was_played_last_within_a_bound(monkeypatch):
    monkeypatch.setattr("punchin.engines.embedded.synthesis.bank.KEEP_BYTES", 1000)
    bank, made = Bank(), []

    def sound(key):
        return bank.once(key, lambda: made.append(key) or np.zeros((1, 100), np.float32))

    for key in ("a", "b", "a", "c", "a", "b"):
        sound(key)
    assert made == ["a", "b", "c", "b"]  # 400 bytes each: two are kept, the one used lately among them
    bank.rest()
    sound("a")
    assert made[-1] == "a"


def test_what_was_forgotten_comes_back_the_same(bank):
    zone = bank.sets["piano"].zones[3]
    before = bank.sound("piano", zone).copy()
    bank.rest()
    np.testing.assert_array_equal(bank.sound("piano", zone), before)
