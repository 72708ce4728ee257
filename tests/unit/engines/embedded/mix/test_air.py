import numpy as np
import pytest

from punchin.engines.embedded.mix.air import LEAST_DB, MOST_DB, SHARE, air_power, brightened

RATE_HZ = 44_100


def sine(frequency_hz, gain, frames=RATE_HZ):
    return np.tile(gain * np.sin(2 * np.pi * frequency_hz * np.arange(frames) / RATE_HZ), (2, 1)).astype(
        np.float32
    )


def lift_db(old, new, frequency_hz):
    middle = slice(RATE_HZ // 4, 3 * RATE_HZ // 4)
    turn = np.exp(-2j * np.pi * frequency_hz * np.arange(RATE_HZ) / RATE_HZ)[middle]
    before, after = (abs(np.sum(sound[0, middle] * turn)) for sound in (old, new))
    return 20 * np.log10(after / before)


def test_a_tone_above_counts_with_its_power_and_one_below_not():
    assert air_power(sine(9000, 0.2), RATE_HZ) == pytest.approx(2 * 0.2**2 / 2, rel=1e-3)
    assert air_power(sine(3000, 0.2), RATE_HZ) < 1e-6
    assert air_power(sine(9000, 0.2, 20_011), RATE_HZ) == pytest.approx(0.04, rel=2e-2)


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_hardly_any_sound_and_rates_without_air(frames):
    assert air_power(np.zeros((2, frames), np.float32), RATE_HZ) == 0
    assert air_power(np.ones((2, 100), np.float32), 8000) == 0


@pytest.mark.parametrize(("lacking_db", "made_up_db"), [(4.0, SHARE * 4.0), (20.0, MOST_DB)])
def test_dull_drums_get_part_of_what_they_lack_and_keep_the_rest(lacking_db, made_up_db):
    drums = sine(12_000, 0.05) + sine(500, 0.3)
    bright = brightened(drums, RATE_HZ, air_power(drums, RATE_HZ) * 10 ** (lacking_db / 10))
    assert lift_db(drums, bright, 12_000) == pytest.approx(made_up_db, abs=0.6)
    assert abs(lift_db(drums, bright, 500)) < 0.1


def test_bright_drums_and_drums_without_any_air_are_left_alone():
    drums = sine(12_000, 0.05)
    air = air_power(drums, RATE_HZ)
    for taken in (0.0, 0.5 * air, air * 10 ** (0.9 * LEAST_DB / SHARE / 10)):
        assert brightened(drums, RATE_HZ, taken) is drums
    silence = np.zeros((2, 1000), np.float32)
    assert brightened(silence, RATE_HZ, 1.0) is silence
