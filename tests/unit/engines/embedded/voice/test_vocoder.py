import numpy as np
import pytest

from punchin.engines.embedded.voice.vocoder import BINS, FFT, STEP, Sounding, analyse, pitch_of, synthesise

RATE = 16_000


def vowel(hertz, seconds=1.0, formants=(700, 1200, 2600)):
    """Harmonics under three resonances: what CheapTrick should see through."""
    t = np.arange(round(seconds * RATE)) / RATE
    k = np.arange(1, int(7600 / hertz))
    return (gain(k * hertz, formants)[:, None] * np.cos(2 * np.pi * hertz * k[:, None] * t)).sum(
        axis=0
    ) * 0.05


def gain(f, formants=(700, 1200, 2600)):
    return sum(1 / np.sqrt(1 + ((f - c) / 120) ** 2) for c in formants) + 0.02


def flat(rows, hertz=200.0, voicing=1.0, noise=0.0, level=0.01, roughness=0.0):
    return Sounding(
        np.full(rows, hertz),
        np.full(rows, voicing),
        np.full((rows, BINS), np.log(level)),
        np.full((rows, BINS), noise),
        roughness,
    )


@pytest.mark.parametrize("hertz", [110.0, 163.0, 220.0, 290.0])
def test_pitch_is_found(hertz):
    found = pitch_of(vowel(hertz))[10:-10]
    assert np.all(found > 0)
    assert np.abs(1200 * np.log2(found / hertz)).max() < 12


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(1).standard_normal(RATE) * 0.1
    assert np.mean(pitch_of(noise) > 0) < 0.05
    assert not pitch_of(np.zeros(RATE)).any()


@pytest.mark.parametrize("hertz", [150.0, 220.0])
def test_the_envelope_is_the_resonances_and_not_the_harmonics(hertz):
    envelope = analyse(vowel(hertz)).envelope[60:-60].mean(axis=0) * 10 / np.log(10)
    f = np.fft.rfftfreq(FFT, 1 / RATE)
    expected = 20 * np.log10(gain(f))
    inside = (f > 300) & (f < 4000)
    difference = (envelope - expected)[inside]
    assert np.std(difference) < 2.5


def test_white_noise_has_its_own_density():
    noise = np.random.default_rng(2).standard_normal(RATE) * 0.1
    assert abs(10 * np.log10(np.exp(analyse(noise).envelope[50:-50]).mean()) + 20) < 0.7


@pytest.mark.parametrize("voicing", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("hertz", [110.0, 290.0, 500.0])
def test_power_is_the_envelopes_whatever_the_pitch(voicing, hertz):
    sound = synthesise(flat(201, hertz, voicing), np.random.default_rng(3))[2000:-2000]
    assert abs(10 * np.log10(np.mean(sound**2) / 0.01)) < 0.8


@pytest.mark.parametrize("hertz", [110.0, 233.3, 466.2])
def test_the_pitch_that_was_asked_for_is_heard(hertz):
    rows = 201
    sounding = Sounding(
        np.full(rows, hertz),
        np.ones(rows),
        np.tile(analyse(vowel(200.0)).envelope[100], (rows, 1)),
        np.full((rows, BINS), 0.01),
    )
    sound = synthesise(sounding, np.random.default_rng(4))
    found = pitch_of(sound, 100, 600)[20:-20]
    assert np.abs(1200 * np.log2(found[found > 0] / hertz)).max() < 10
    assert np.mean(found > 0) > 0.95


def test_speech_comes_back_as_it_was():
    speech = vowel(190.0)
    taken = analyse(speech)
    rows = len(taken.pitch_hz)
    again = synthesise(
        Sounding(np.full(rows, 190.0), np.ones(rows), taken.envelope, np.full((rows, BINS), 1e-3)),
        np.random.default_rng(5),
    )
    back = analyse(again).envelope[60:-60].mean(axis=0)
    inside = slice(8, 130)
    assert np.std((back - taken.envelope[60:-60].mean(axis=0))[inside]) * 10 / np.log(10) < 2
    assert abs(10 * np.log10(np.mean(again[4000:-4000] ** 2) / np.mean(speech[4000:-4000] ** 2))) < 1.5


def test_silence_in_silence_out():
    taken = analyse(np.zeros(RATE))
    rows = len(taken.pitch_hz)
    sound = synthesise(
        Sounding(np.full(rows, 200.0), np.zeros(rows), taken.envelope, np.zeros((rows, BINS))),
        np.random.default_rng(6),
    )
    assert np.abs(sound).max() < 1e-4


def test_same_dice_same_sound_and_its_length():
    one, two, other = (synthesise(flat(50, noise=0.3), np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert len(one) == 49 * STEP
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0


def test_rough_voices_are_irregular():
    rng = np.random.default_rng
    smooth, rough = (synthesise(flat(201, roughness=r), rng(9))[2000:-2000] for r in (0.0, 1.0))

    def between(sound):
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        f = np.fft.rfftfreq(len(sound), 1 / RATE)
        near = np.abs((f / 200) % 1 - 0.5) < 0.3
        return power[near].sum() / power.sum()

    assert between(rough) > 10 * between(smooth)
