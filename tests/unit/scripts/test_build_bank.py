"""The bank's builder: loops, pitch and bytes, on sounds that are made here."""

import importlib.util
import io
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

SCRIPTS = Path(__file__).parents[3] / "scripts"
RATE_HZ = 32_000


def load(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


soundfont = load("soundfont")
build_bank = load("build_bank")


def tone(pitch, seconds, decay_db_s=0.0):
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    f0_hz = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(np.sin(2 * np.pi * k * f0_hz * t) / k for k in range(1, 6))
    return (wave * 10 ** (-decay_db_s * t / 20))[:, None]


@pytest.mark.parametrize("off_cents", [-40, -7, 0, 23])
def test_pitch_is_measured_within_a_cent(off_cents):
    cut = build_bank.Cut("", tone(57 + off_cents / 100, 1.5), root=57.0)
    assert build_bank.measured_pitch(cut, RATE_HZ) == pytest.approx(57 + off_cents / 100, abs=0.01)


def test_a_made_loop_joins_like_to_like_and_levels_the_decay():
    cut = build_bank.Cut("", tone(57, 2.0, decay_db_s=12.0), root=57.0)
    build_bank.make_loop(cut, RATE_HZ)
    start, end = cut.loop
    assert cut.level_db_s == pytest.approx(12.0, abs=0.5)
    before_start, before_end = cut.sound[start - 400 : start, 0], cut.sound[end - 400 : end, 0]
    assert np.corrcoef(before_start, before_end)[0, 1] > 0.995


def test_the_same_sound_gives_the_same_bytes_and_still_decodes():
    sound = tone(57, 0.5).astype(np.float32) * 0.3
    first, second = (build_bank.vorbis(sound, RATE_HZ, 0.4) for _ in range(2))
    assert first == second
    decoded, rate_hz = soundfile.read(io.BytesIO(first))
    assert rate_hz == RATE_HZ
    assert len(decoded) == len(sound)
    assert np.corrcoef(decoded, sound[:, 0])[0, 1] > 0.99


def test_rumble_goes_and_the_note_stays():
    t = np.arange(RATE_HZ) / RATE_HZ
    rumble = np.sin(2 * np.pi * 30 * t)[:, None]
    note = tone(69, 1.0)
    cleaned = build_bank.without_rumble(note + rumble, 69, RATE_HZ)
    middle = slice(RATE_HZ // 4, 3 * RATE_HZ // 4)
    assert np.std(cleaned[middle] - note[middle]) < 0.05 * np.std(note)
