import numpy as np
import pytest

from punchin.engines.embedded.effects import Pulse
from punchin.engines.embedded.mix.metering import loudness
from punchin.engines.embedded.mix.voices import VOICE_LU, ducked, seated, without_centre
from punchin.engines.embedded.tags import Vocals

RATE_HZ = 22_050
PULSE = Pulse.steady(120, 6)


def power(samples):
    return float(np.square(samples, dtype=np.float64).sum())


def sung(pitch_hz, seconds=3.0):
    """A voice-like tone with vibrato and harmonics, `[N]`."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    turn = 2 * np.pi * (pitch_hz * t + 1.5 * np.sin(2 * np.pi * 5 * t) / 5)
    return sum(np.sin(k * turn) / k for k in range(1, 8)).astype(np.float32) * 0.1


def middle(mono):
    return np.stack([mono, mono])


def sides(seconds=3.0):
    left, right = sung(330, seconds), sung(415, seconds)
    return np.stack([left + 0.2 * right, right + 0.2 * left])


def test_the_middle_becomes_softer_and_the_sides_stay():
    both = middle(sung(220)) + sides()
    softer = without_centre(both, RATE_HZ)
    assert softer is not None
    taken = both - softer
    # What was taken away is like the voice and unlike the rest.
    alike = np.sum(taken * middle(sung(220))) / np.sqrt(power(taken) * power(middle(sung(220))))
    assert alike > 0.8
    assert power(softer - sides()) < 0.5 * power(middle(sung(220)))


def test_strokes_in_the_middle_stay():
    rng = np.random.default_rng(0)
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    snare = middle((rng.standard_normal(t.size) * np.exp(-(t % 0.5) * 60)).astype(np.float32) * 0.3)
    softer = without_centre(snare + 0.3 * sides(), RATE_HZ)
    assert softer is not None
    assert power(softer) > 0.7 * power(snare + 0.3 * sides())


def test_lows_in_the_middle_stay():
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    bass = middle(np.sin(2 * np.pi * 80 * t).astype(np.float32) * 0.2)
    softer = without_centre(bass + 0.5 * sides(), RATE_HZ)
    assert softer is not None
    assert power(softer) > 0.9 * power(bass + 0.5 * sides())


def test_in_mono_there_is_no_telling():
    assert without_centre(middle(sung(220)), RATE_HZ) is None
    assert without_centre(np.zeros((2, 1000), np.float32), RATE_HZ) is None


def test_a_voice_in_opposite_phase_is_not_in_the_middle():
    wide = np.stack([sung(220), -sung(220)]) + 0.3 * sides()
    softer = without_centre(wide, RATE_HZ)
    assert softer is not None
    assert power(softer) > 0.9 * power(wide)


@pytest.mark.parametrize("song_lufs", [-12.0, -24.0])
def test_a_voice_sits_in_front_of_the_song(song_lufs):
    dry = seated(sung(220)[None], RATE_HZ, Vocals(), PULSE, song_lufs)
    assert loudness(dry, RATE_HZ) == pytest.approx(song_lufs + VOICE_LU, abs=0.5)
    loud = seated(sung(220)[None], RATE_HZ, Vocals(presence_db=3), PULSE, song_lufs)
    assert loudness(loud, RATE_HZ) - loudness(dry, RATE_HZ) == pytest.approx(3, abs=0.1)


def test_echo_and_room_are_heard_after_the_voice():
    voice = np.concatenate([sung(220, 1.0), np.zeros(2 * RATE_HZ, np.float32)])[None]
    after = slice(round(1.1 * RATE_HZ), round(1.8 * RATE_HZ))
    dry, wet, echoed = (
        power(seated(voice, RATE_HZ, how, PULSE, -15)[:, after])
        for how in (Vocals(reverb=-0.3), Vocals(reverb=0.6), Vocals(reverb=-0.3, echo=0.8))
    )
    assert wet > 10 * dry
    assert echoed > 10 * dry


def test_no_voice_is_no_sound():
    assert not seated(np.zeros((1, 1000), np.float32), RATE_HZ, Vocals(), PULSE, -15).any()


def test_the_band_ducks_only_while_the_voice_sounds():
    rng = np.random.default_rng(0)
    band = (0.1 * rng.standard_normal((2, 3 * RATE_HZ))).astype(np.float32)
    voice = middle(
        np.concatenate([np.zeros(RATE_HZ, np.float32), sung(220, 1.0), np.zeros(RATE_HZ, np.float32)])
    )
    under = ducked(band, voice, RATE_HZ)
    quiet = slice(0, RATE_HZ // 2)
    np.testing.assert_allclose(under[:, quiet], band[:, quiet], atol=1e-3)
    busy = slice(round(1.3 * RATE_HZ), round(1.7 * RATE_HZ))
    assert power(under[:, busy]) < 0.8 * power(band[:, busy])
    np.testing.assert_array_equal(ducked(band, 0 * voice, RATE_HZ), band)
