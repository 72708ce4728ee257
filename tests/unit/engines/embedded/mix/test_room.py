import numpy as np
import pytest

from punchin.engines.embedded.mix.buses import Buses
from punchin.engines.embedded.mix.room import falling, room_of

RATE_HZ = 22_050


def buses(role=None, seconds=4.0):
    """Silence, with a stroke at 1 s on one bus."""
    silent = np.zeros((2, round(seconds * RATE_HZ)), np.float32)
    made = Buses.of(silent)
    if role:
        stroke = silent.copy()
        stroke[:, RATE_HZ : RATE_HZ + 200] = 0.5
        if role == "bed":
            made.bed = stroke
        else:
            made.add(role, stroke)
    return made


def test_it_answers_after_the_sound_and_dies():
    wet = room_of(buses("lead"), RATE_HZ, 0.3, 1.0)
    assert not np.abs(wet[:, : RATE_HZ - 10]).max() > 1e-5
    early, late = (
        np.square(wet[:, round(a * RATE_HZ) : round(b * RATE_HZ)]).mean() for a, b in ((1.0, 1.3), (2.0, 2.3))
    )
    assert early > 100 * late > 0


def test_nothing_is_left_at_the_end():
    steady = buses()
    steady.parts = 0.1 * np.random.default_rng(0).standard_normal(steady.bed.shape).astype(np.float32)
    wet = room_of(steady, RATE_HZ, 0.5, 4.0)
    assert np.abs(wet[:, -1]).max() < 1e-6
    tail = np.abs(wet[:, -round(0.05 * RATE_HZ) :]).max()
    assert tail < 0.1 * np.abs(wet).max()
    before = np.abs(wet[:, -round(0.35 * RATE_HZ) : -round(0.3 * RATE_HZ)]).mean()
    assert before < 0.6 * np.abs(wet[:, 2 * RATE_HZ : 3 * RATE_HZ]).mean()


@pytest.mark.parametrize(("role", "heard"), [("bass", False), ("drums", True), ("bed", True), ("pad", True)])
def test_the_bass_stays_dry(role, heard):
    assert bool(np.abs(room_of(buses(role), RATE_HZ, 0.3, 1.0)).max() > 1e-6) == heard


def test_without_reverb_only_new_parts_get_a_little():
    assert room_of(buses("lead"), RATE_HZ, 0.0, 1.0).any()
    assert not np.abs(room_of(buses("bed"), RATE_HZ, 0.0, 1.0)).max() > 1e-6


def test_more_is_more():
    little, much = (np.square(room_of(buses("lead"), RATE_HZ, amount, 1.0)).sum() for amount in (0.1, 0.5))
    assert much > 5 * little


def test_a_fall_ends_at_zero_and_takes_a_quarter_at_most():
    level = falling(1000, 100, 50.0)
    assert level[-1] == pytest.approx(0, abs=1e-6)
    assert (level[:750] == 1).all()
    assert np.all(np.diff(level) <= 0)
    assert falling(0, 100, 1.0).size == 0
