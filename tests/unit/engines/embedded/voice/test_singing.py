import re
from itertools import pairwise

import numpy as np
import pytest

from punchin.engine import no_progress
from punchin.engines.embedded.tags.style import Vocals
from punchin.engines.embedded.voice import sing
from punchin.engines.embedded.voice import singing as stage
from punchin.engines.embedded.voice.speaking import INSTALL, can_speak
from punchin.engines.embedded.voice.vocoder import STEP_S, pitch_of
from punchin.errors import Cancelled, EditError
from support.grounds import made_ground

needs_voice = pytest.mark.skipif(not can_speak(), reason=f"py-nanotts is not installed: {INSTALL}")

SPEECH_HZ = 16_000
LIGHT = "Hold me in the morning light"
RIVER = "Walking down the river road tonight\nI can hear the city calling me"


def sung(lyrics=LIGHT, ground=None, rate_hz=SPEECH_HZ, seed=1, **vocals):
    ground = ground or made_ground(8, 100)
    return sing(lyrics, Vocals(**vocals), ground, rate_hz, seed=seed, progress=no_progress)


def envelope(samples, window_s=0.005):
    width = round(window_s * SPEECH_HZ)
    return np.sqrt(np.convolve(samples**2, np.ones(width) / width, "same"))


# -- what is refused or not sung


@pytest.mark.parametrize("lyrics", ["", "   ", "[verse]", "?!", "[chorus]\n...\n"])
def test_lyrics_without_words_are_refused(lyrics):
    with pytest.raises(EditError, match=r"no words.*\[inst\]"):
        sung(lyrics)


@pytest.mark.parametrize("lyrics", ["любовь", "愛", "love 愛 love"])
def test_other_scripts_are_refused(lyrics):
    with pytest.raises(EditError, match="English"):
        sung(lyrics)


@pytest.mark.parametrize("lyrics", ["[inst]", "[Instrumental]\n"])
def test_instrumental_is_silence_without_complaint(lyrics):
    result = sung(lyrics)
    assert not result.samples.any()
    assert (result.sung, result.dropped, result.warnings) == ((), (), ())


def test_a_style_without_vocals_reports_every_line():
    result = sung(RIVER, delivery="none")
    assert not result.samples.any()
    assert len(result.dropped) == 2


def test_without_the_voice_lyrics_are_reported_with_the_command_that_adds_it(monkeypatch):
    monkeypatch.setattr(stage, "can_speak", lambda: False)
    result = sung(rate_hz=44_100)
    assert result.samples.shape == (44_100 * 48 // 10,)
    assert not result.samples.any()
    assert "pip install 'punchin[voice]'" in result.dropped[0].why
    assert "pip install 'punchin[voice]'" in result.warnings[0]


def test_a_region_too_short_for_words_is_reported(monkeypatch):
    monkeypatch.setattr(stage, "can_speak", lambda: True)
    result = sung(RIVER, made_ground(2, 100))
    assert not result.samples.any()
    assert [unused.what for unused in result.dropped] == [f"line {line!r}" for line in RIVER.split("\n")]
    assert "1.5 s" in result.dropped[0].why


# -- what is sung


@needs_voice
@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_every_rate_has_exactly_the_holes_frames(rate_hz):
    ground = made_ground(12, 100, duration_s=7.0003)
    result = sung(LIGHT, ground, rate_hz)
    assert result.samples.shape == (round(7.0003 * rate_hz),)
    assert result.samples.dtype == np.float32
    assert np.isfinite(result.samples).all()
    assert 0.05 < np.abs(result.samples).max() < 1.0


@needs_voice
def test_both_lines_are_sung_and_nothing_is_reported():
    result = sung(RIVER, made_ground(20, 100))
    assert result.sung == tuple(RIVER.split("\n"))
    assert (result.dropped, result.warnings) == ((), ())


@needs_voice
@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("es", "Quiero vivir contigo esta noche"),
        ("it", "Voglio vivere con te per sempre"),
        ("de", "Gib mir deine Hand und tanz mit mir"),
    ],
)
def test_other_languages_are_sung_by_their_own_voice_and_said_so(language, line):
    result = sung(line, made_ground(16, 100))
    assert (result.sung, result.language, result.dropped) == ((line,), language, ())
    assert "were read as" in result.warnings[0]
    english = sing(
        line, Vocals(), made_ground(16, 100), SPEECH_HZ, seed=1, language="en", progress=no_progress
    )
    assert english.language == "en"
    assert english.warnings == ()
    assert np.abs(english.samples - result.samples).max() > 0.1


@needs_voice
def test_same_seed_same_bits_and_another_seed_another_melody():
    one, two, other = sung(seed=3), sung(seed=3), sung(seed=4)
    np.testing.assert_array_equal(one.samples, two.samples)
    a, b = (pitch_of(x.samples.astype(float), 80, 500) for x in (one, other))
    both = (a > 0) & (b > 0)
    assert np.mean(np.abs(12 * np.log2(a[both] / b[both])) > 0.7) > 0.3


@pytest.mark.slow
@needs_voice
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_vowels_begin_on_the_grid(seed):
    """After p, t, k and s the voice comes on all at once: there the grid of eighths (0.4 s) must be."""
    words = "potato sickest package ticket taco paper castle supper"
    result = sung(words, made_ground(16, 75), seed=seed)
    spectrum = np.fft.rfft(result.samples)
    spectrum[np.fft.rfftfreq(len(result.samples), 1 / SPEECH_HZ) > 1000] = 0
    low = envelope(np.fft.irfft(spectrum, len(result.samples)), 0.01)
    loud = low > 0.35 * np.percentile(low, 95)
    starts = np.flatnonzero(np.diff(loud.astype(int)) == 1)
    quiet_before = [
        s for s in starts if s > 800 and low[s - 800 : s - 160].max() < 0.35 * np.percentile(low, 95)
    ]
    places = np.array(quiet_before) / SPEECH_HZ / 0.4
    assert len(places) >= 8
    off_s = np.abs(places - np.round(places)) * 0.4
    assert np.median(off_s) < 0.02
    assert np.mean(off_s < 0.03) >= 0.85


@pytest.mark.slow
@needs_voice
@pytest.mark.parametrize("voice", ["female", "male"])
def test_held_notes_are_in_tune(voice, monkeypatch):
    heard = {}
    original = stage.Singer.perform

    def spy(self, phrase, speech, timing, tune, rng, detune_cents=0.0):
        heard[len(heard)] = (timing, tune)
        return original(self, phrase, speech, timing, tune, rng, detune_cents)

    monkeypatch.setattr(stage.Singer, "perform", spy)
    ground = made_ground(20, 80, tuning_semitones=0.2)
    result = sung(RIVER, ground, voice=voice)
    hertz = pitch_of(result.samples.astype(float), 70, 500)
    checked = 0
    for timing, tune in heard.values():
        for onset, end, note in zip(timing.onsets_s, timing.ends_s, tune.pitches, strict=True):
            if end - onset < 0.6:
                continue
            part = hertz[round((onset + 0.2) / STEP_S) : round((onset + 0.45) / STEP_S)]
            assert np.mean(part > 0) > 0.8
            assert abs(np.median(12 * np.log2(part[part > 0] / 440) + 69) - note) < 0.3
            checked += 1
    assert checked >= 2


@pytest.mark.slow
@needs_voice
def test_silence_before_between_and_after_lines():
    ground = made_ground(48, 100, begins_s=0.0, duration_s=29.5)
    result = sung("Hold me\nLet me go", ground)
    level = envelope(result.samples.astype(float), 0.02)
    quiet = np.flatnonzero(level > 1e-4) / SPEECH_HZ
    assert quiet[-1] < 29.5 - 0.04
    assert max(b - a for a, b in pairwise(quiet)) > 2.0
    assert np.abs(result.samples[-300:]).max() < 1e-6
    assert abs(result.samples[0]) < 1e-6


@pytest.mark.slow
@needs_voice
@pytest.mark.parametrize(
    "vocals", [{}, {"delivery": "rap"}, {"delivery": "speak"}, {"grit": 0.8}, {"doubles": 2}]
)
def test_no_clicks(vocals):
    """Nothing jumps: where a line begins or ends, the wave is not steeper than inside the words."""
    samples = np.atleast_2d(sung(**vocals).samples)[0].astype(float)
    jump = np.abs(np.diff(samples, 2))
    quiet = envelope(samples, 0.02) < 0.02 * envelope(samples, 0.02).max()
    assert jump[quiet[1:-1]].max() < np.percentile(jump, 99)


@pytest.mark.slow
@needs_voice
def test_lines_that_do_not_fit_are_reported_in_order():
    lyrics = "\n".join(
        f"Every little star is burning bright {n}" for n in ("one", "two", "three", "four", "five")
    )
    result = sung(lyrics, made_ground(10, 120))  # 5 s
    lines = lyrics.split("\n")
    assert 1 <= len(result.sung) < 5
    assert list(result.sung) == lines[: len(result.sung)]
    assert [unused.what for unused in result.dropped] == [
        f"line {line!r}" for line in lines[len(result.sung) :]
    ]
    room = 28  # 6 a second in 5 s, but for what is kept free at both ends
    for unused in result.dropped:
        assert re.search(rf"has 11 syllables.* 6 a second .* {room} in 5\.0 s", unused.why)
    [warning] = result.warnings
    needed_s = float(re.search(r"about (\d+) s long", warning)[1])
    longer = sung(lyrics, made_ground(round(needed_s * 2) + 2, 120))
    assert len(longer.sung) == 5


@pytest.mark.slow
@needs_voice
@pytest.mark.parametrize(
    "lyrics",
    [
        "Zyzzyva skibidi brrr, TV & 24!",
        "I—I want it... (want it) 'bout 1999",
        "la",
        "Oh",
        "MTV\nxyz\npfft",
        "a" * 60,
        "supercalifragilisticexpialidocious",
        "so déjà vu, ça va",
    ],
)
def test_odd_words_are_sung(lyrics):
    result = sung(lyrics, made_ground(32, 100))
    assert len(result.sung) == len(lyrics.split("\n"))
    assert result.samples.any()


@pytest.mark.slow
@needs_voice
def test_a_long_paragraph_is_cut_into_phrases_and_no_word_is_lost():
    text = (
        "I was walking through the city late at night, and the rain was falling down on every street, and "
        "nobody was there to hear me sing the only song I ever knew"
    )
    result = sung(text, made_ground(64, 110))
    assert len(result.sung) >= 3
    assert " ".join(result.sung).split() == text.split()


@pytest.mark.slow
@needs_voice
def test_loudness_is_the_same_for_every_style():
    for vocals in (
        {},
        {"voice": "male"},
        {"delivery": "rap"},
        {"breath": 0.9, "delivery": "speak"},
        {"grit": 1.0},
    ):
        samples = sung(**vocals).samples
        loud = samples[np.abs(samples) > 1e-3]
        assert abs(20 * np.log10(np.sqrt(np.mean(loud**2))) + 20) < 1.0


def middle_pitch(result):
    hertz = pitch_of(np.atleast_2d(result.samples).mean(axis=0).astype(float), 60, 600)
    return 69 + 12 * np.log2(np.median(hertz[hertz > 0]) / 440)


@pytest.mark.slow
@needs_voice
def test_register_and_voice_move_the_pitch():
    plain = middle_pitch(sung())
    assert 8 < plain - middle_pitch(sung(voice="male")) < 14
    assert 2 < middle_pitch(sung(register_semitones=4)) - plain < 6


@pytest.mark.slow
@needs_voice
def test_breath_takes_the_pitch_away():
    shares = []
    for breath in (0.0, 1.0):
        samples = sung(breath=breath).samples.astype(float)
        hertz = pitch_of(samples, 100, 500)
        loud = envelope(samples, 0.02)[:: round(STEP_S * SPEECH_HZ)][: len(hertz)] > 0.03
        shares.append(np.mean(hertz[: len(loud)][loud] > 0))
    assert shares[0] > 0.6
    assert shares[1] < 0.5 * shares[0]


@pytest.mark.slow
@needs_voice
def test_doubles_are_wide_and_in_the_middle():
    mono, wide = sung().samples, sung(doubles=1).samples
    harmony = sung(doubles=2).samples
    assert mono.ndim == 1
    assert wide.shape == harmony.shape == (2, len(mono))
    for stereo in (wide, harmony):
        left, right = stereo.astype(float)
        balance = 10 * np.log10(np.mean(left**2) / np.mean(right**2))
        assert abs(balance) < 1.0
        assert 0.6 < np.corrcoef(left, right)[0, 1] < 0.995
    assert np.abs(wide - harmony).max() > 0.01


@pytest.mark.slow
@needs_voice
def test_grit_and_tuning_are_heard():
    plain = sung()
    for vocals in ({"grit": 1.0}, {"tuned": 1.0}):
        assert np.abs(sung(**vocals).samples - plain.samples).max() > 0.02


@needs_voice
def test_it_can_be_cancelled_at_every_line():
    calls = []

    def cancel(stage_name, fraction):
        calls.append((stage_name, fraction))
        if len(calls) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        sing(RIVER, Vocals(), made_ground(20, 100), 44_100, seed=1, progress=cancel)
    fractions = [fraction for _, fraction in calls]
    assert fractions == sorted(fractions)


@pytest.mark.slow
@needs_voice
def test_grounds_of_every_kind():
    for ground in (
        made_ground(16, 170, first_position=3),
        made_ground(9, 60, beats_per_bar=3, begins_s=-0.4, duration_s=8.0),
        made_ground(16, 100, swing=0.66, steady=False),
        made_ground(4, 120, duration_s=1.6),
    ):
        result = sung("Hold me now", ground)
        assert len(result.samples) == round(ground.duration_s * SPEECH_HZ)
        assert len(result.sung) + len(result.dropped) == 1
        assert np.abs(result.samples[-200:]).max() < 1e-6
