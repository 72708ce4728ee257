from dataclasses import replace

import numpy as np
import pytest

from punchin.engines.embedded.effects import Pulse
from punchin.engines.embedded.mix import Moments, mix, split
from punchin.engines.embedded.mix.air import air_power
from punchin.engines.embedded.mix.metering import loudness
from punchin.engines.embedded.score import Track
from punchin.engines.embedded.synthesis import Stem
from punchin.engines.embedded.tags import Bass, Part, Style, Tone
from support.songs import made_song

RATE_HZ = 22_050
SECONDS = 4.0
FRAMES = round(SECONDS * RATE_HZ)
MOMENTS = Moments(Pulse.steady(120, SECONDS), (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5))
NOTHING = np.zeros((2, 0), np.float32)
BED = made_song(SECONDS, RATE_HZ).samples
PIANO = Part("chords", "piano", "flow")


def mixed(style, stems=(), bed=BED, lead_in=NOTHING, seed=1, **more):
    return mix(bed, lead_in, stems, RATE_HZ, style, MOMENTS, song_lufs=-15.0, seed=seed, **more)


def power(samples):
    return float(np.square(samples, dtype=np.float64).sum())


def low(samples, below_hz=90):
    spectrum = np.fft.rfft(samples, axis=1)
    spectrum[:, np.fft.rfftfreq(samples.shape[1], 1 / RATE_HZ) > below_hz] = 0
    return power(np.fft.irfft(spectrum, samples.shape[1], axis=1))


def noise(seed=0, gain=0.05):
    return (gain * np.random.default_rng(seed).standard_normal((2, FRAMES))).astype(np.float32)


def drums():
    t = np.arange(FRAMES) / RATE_HZ
    return np.tile((np.exp(-(t % 0.25) * 50) * noise()[0]).astype(np.float32) * 5, (2, 1))


def test_the_songs_own_style_leaves_the_bed_as_it_is():
    np.testing.assert_allclose(mixed(Style()), BED, atol=1e-6)


def test_no_drums_takes_strokes_away_and_keeps_tones():
    made = mixed(Style(percussive_db=-60))
    old, new = split(BED, RATE_HZ), split(made, RATE_HZ)
    assert power(new.percussive) < 0.1 * power(old.percussive)
    assert power(new.harmonic) > 0.5 * power(old.harmonic)


def test_new_drums_replace_the_old_ones():
    style = Style(groove="rock", percussive_db=-40)
    made = mixed(style, [Stem(drums(), None)])
    made = made * (10 ** ((loudness(BED, RATE_HZ) - loudness(made, RATE_HZ)) / 20))
    strokes, before = power(split(made, RATE_HZ).percussive), power(split(BED, RATE_HZ).percussive)
    assert 10 * np.log10(strokes / before) < 3
    old = power(split(mixed(style), RATE_HZ).percussive)
    assert old < 0.1 * before


def test_dull_drums_are_given_the_air_of_those_they_replace():
    crisp = BED + np.diff(2 * drums(), prepend=0, axis=1).astype(np.float32)
    dull = np.cumsum(drums(), axis=1).astype(np.float32) * 0.2
    kept = mixed(Style(groove="rock"), [Stem(dull, None)], crisp)
    replaced = mixed(Style(groove="rock", percussive_db=-40), [Stem(dull, None)], crisp)
    without = mixed(Style(groove="rock", percussive_db=-40), [], crisp)
    shares = [air_power(replaced - without, RATE_HZ), air_power(kept - crisp, RATE_HZ)]
    assert shares[0] > 2 * shares[1]


def test_a_new_bass_gets_the_lowest_octaves_for_itself():
    assert low(mixed(Style(bass=Bass("sub-bass", "roots")))) < 0.2 * low(BED)


def test_what_was_taken_away_does_not_make_the_rest_too_soft():
    takes_away = {"percussive_db": -60, "bed_tone": Tone(low_pass_hz=400, high_pass_hz=200)}
    kept, alone = (
        loudness(mixed(style), RATE_HZ)
        for style in (Style(parts=(PIANO,), **takes_away), Style(**takes_away))
    )
    assert kept > alone + 2


def test_asked_instruments_are_heard():
    piano = Track("piano", "chords", (), asked=True)
    stem = Stem(noise(gain=0.001), piano)
    added = mixed(Style(parts=(PIANO,)), [stem]) - mixed(Style(parts=(PIANO,)))
    assert loudness(added, RATE_HZ) > loudness(BED, RATE_HZ) - 6


def test_two_of_a_role_stand_at_two_places():
    lead = Track("flute", "lead", ())
    first = mixed(Style(), [Stem(noise(), lead)], bed=0 * BED)
    both = mixed(Style(), [Stem(0 * noise(), lead), Stem(noise(), lead)], bed=0 * BED)
    leans = [np.sign(power(sound[1]) - power(sound[0])) for sound in (first, both)]
    assert leans == [1, -1]


def test_width():
    wide = mixed(Style(width=0))
    np.testing.assert_allclose(wide[0], wide[1], atol=1e-6)


def test_tone_of_the_bed_leaves_the_parts():
    style = Style(parts=(PIANO,), bed_tone=Tone(low_pass_hz=300))
    flute = [Stem(noise(), Track("flute", "lead", ()))]
    dark, bright = mixed(replace(style, tone=Tone(low_pass_hz=300)), flute), mixed(style, flute)
    assert power(np.diff(bright)) > 10 * power(np.diff(dark))


def test_delay_echoes_parts_and_not_drums():
    burst = np.zeros((2, FRAMES), np.float32)
    burst[:, RATE_HZ : RATE_HZ + 2000] = noise()[:, :2000]
    after = slice(round(1.3 * RATE_HZ), None)
    echoed = [
        mixed(Style(effects=("delay",)), [stem], bed=0 * BED)[:, after]
        for stem in (Stem(burst, Track("flute", "lead", ())), Stem(burst, None))
    ]
    assert power(echoed[0]) > 100 * power(echoed[1])


def test_echoes_of_the_song_before_ring_into_the_hole():
    style = Style(effects=("delay",))
    dry = mixed(style, bed=0 * BED)
    rung = mixed(style, bed=0 * BED, lead_in=BED[:, :RATE_HZ])
    assert not dry.any()
    assert power(rung[:, : RATE_HZ // 2]) > 1e-4 * power(BED[:, :RATE_HZ])
    assert rung.shape == BED.shape


def test_beats_stay_where_they_are_with_a_lead_in():
    style = Style(effects=("gate",))
    alone, led = (
        mixed(style, bed=np.ones_like(BED), lead_in=lead)
        for lead in (NOTHING, np.ones((2, 5000), np.float32))
    )
    inside = slice(200, None)
    assert np.corrcoef(alone[0, inside], led[0, inside])[0, 1] > 0.98


def test_the_kick_ducks_the_music_but_not_the_drums():
    music = mixed(Style(pump=0.8), bed=noise())
    at_kick, between = (
        np.mean([power(music[:, round((k + d) * RATE_HZ) : round((k + d + 0.03) * RATE_HZ)]) for k in (1, 2)])
        for d in (0.01, 0.4)
    )
    assert at_kick < 0.3 * between
    np.testing.assert_allclose(
        mixed(Style(pump=0.8), [Stem(drums(), None)], bed=0 * BED),
        mixed(Style(), [Stem(drums(), None)], bed=0 * BED),
    )


@pytest.mark.parametrize("texture", ["vinyl", "rain", "crowd"])
def test_textures_lie_behind_and_are_gone_at_the_end(texture):
    added = mixed(Style(textures=(texture,))) - BED
    assert loudness(BED, RATE_HZ) - 22 < loudness(added, RATE_HZ) < loudness(BED, RATE_HZ) - 8
    tail, usual = (np.abs(added[:, -round(s * RATE_HZ) :]).mean() for s in (0.08, 2.0))
    assert tail < 0.2 * usual


@pytest.mark.parametrize("transition", ["riser", "impact", "reverse"])
def test_transitions_are_heard_whatever_the_loudness(transition):
    for gain in (1.0, 0.1):
        added = mixed(Style(transitions=(transition,)), bed=BED * np.float32(gain)) - BED * np.float32(gain)
        assert 0.1 < np.abs(added).max() / np.abs(BED * gain).max() < 3


def test_a_voice_is_in_front_and_the_band_behind():
    t = np.arange(FRAMES) / RATE_HZ
    voice = (0.1 * np.sin(2 * np.pi * 700 * t)).astype(np.float32)[None]
    sung = mixed(Style(), voice=voice)
    alike = np.corrcoef(sung.mean(axis=0), voice[0])[0, 1]
    assert alike > 0.5
    # Where the voice has no overtone, what is left is the band: softer there than without a voice.
    gap = [power(middle_of(sound, 1150, 1450)) for sound in (sung, BED)]
    assert gap[0] < 0.6 * gap[1]


def middle_of(samples, low_hz, high_hz):
    spectrum = np.fft.rfft(samples * np.hanning(FRAMES), axis=1)
    f = np.fft.rfftfreq(FRAMES, 1 / RATE_HZ)
    return np.abs(spectrum[:, (f > low_hz) & (f < high_hz)])


def test_chance_follows_the_seed_alone():
    style = Style(effects=("wobble", "stutter"), textures=("vinyl",), reverb=0.3)
    assert mixed(style).tobytes() == mixed(style).tobytes()
    assert mixed(style, seed=2).tobytes() != mixed(style).tobytes()


def test_a_silent_bed_with_parts_is_levelled_by_the_song():
    made = mixed(Style(parts=(PIANO,)), [Stem(noise(), Track("piano", "chords", ()))], bed=0 * BED)
    assert loudness(made, RATE_HZ) == pytest.approx(-21, abs=1.5)


def test_progress_rises():
    seen = []
    mixed(Style(parts=(PIANO,)), progress=lambda stage, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert 0 < seen[0] <= seen[-1] <= 1
