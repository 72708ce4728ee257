"""The SoundFont reader on a font of a few hundred bytes that is written here."""

import importlib.util
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


def load(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


soundfont = load("soundfont")


def chunk(name, body):
    return name.encode() + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def listed(kind, *chunks):
    return chunk("LIST", kind.encode() + b"".join(chunks))


def generators(*pairs):
    return b"".join(struct.pack("<Hh", g, a) for g, a in pairs)


def span(low, high):
    return low | high << 8


@pytest.fixture
def font():
    """Preset 0:5 of one instrument with two zones: keys 0-59 on recording "low", 60-127 on "high"."""
    samples = (np.arange(100) * 100).astype("<i2")
    # Instrument: global (attenuation 30), low, high. Preset: global (fine tune 7), one with the instrument.
    inst = [
        generators((soundfont.ATTENUATION, 30)),
        generators((soundfont.KEYS, span(0, 59)), (soundfont.MODE, 1), (soundfont.SAMPLE, 0)),
        generators(
            (soundfont.KEYS, span(60, 127)), (soundfont.ROOT_KEY, 70), (soundfont.ATTENUATION, 50),
            (soundfont.LOOP_START, 2), (soundfont.SAMPLE, 1),
        ),
        b"",
    ]  # fmt: skip
    preset = [
        generators((soundfont.FINE_TUNE, 7)),
        generators((soundfont.KEYS, span(40, 80)), (soundfont.ATTENUATION, 5), (soundfont.INSTRUMENT, 0)),
        b"",
    ]

    def bags(zones):
        firsts = np.cumsum([0] + [len(z) // 4 for z in zones])[:-1]
        return b"".join(struct.pack("<HH", f, 0) for f in firsts)

    def header(name, number, bank, bag):
        return struct.pack("<20sHHHIII", name, number, bank, bag, 0, 0, 0)

    def recording(name, start, end, a, b, pitch, cents):
        return struct.pack("<20sIIIIIBbHH", name, start, end, a, b, 22_050, pitch, cents, 0, 1)

    body = b"sfbk" + listed("INFO") + listed("sdta", chunk("smpl", samples.tobytes())) + listed(
        "pdta",
        chunk("phdr", header(b"five", 5, 0, 0) + header(b"EOP", 0, 0, 2)),
        chunk("pbag", bags(preset)),
        chunk("pgen", b"".join(preset) + bytes(4)),
        chunk("inst", struct.pack("<20sH", b"one", 0) + struct.pack("<20sH", b"EOI", 3)),
        chunk("ibag", bags(inst)),
        chunk("igen", b"".join(inst) + bytes(4)),
        chunk("shdr", recording(b"low", 0, 50, 10, 40, 48, -20) + recording(b"high", 50, 100, 60, 90, 60, 0)
              + recording(b"EOS", 0, 0, 0, 0, 0, 0)),
    )  # fmt: skip
    return soundfont.SoundFont(np.frombuffer(chunk("RIFF", body), np.uint8))


def test_zones_have_their_recordings_and_key_ranges_cut_to_the_presets(font):
    low, high = font.zones(0, 5)
    assert (low.recording.name.rstrip("\0"), low.keys) == ("low", (40, 59))
    assert (high.recording.name.rstrip("\0"), high.keys) == ("high", (60, 80))
    assert low.answers(59, 100)
    assert not low.answers(60, 100)
    assert not low.answers(39, 100)


def test_instrument_globals_are_defaults_and_preset_generators_are_added(font):
    low, high = font.zones(0, 5)
    assert low.value(soundfont.ATTENUATION) == 30 + 5
    assert high.value(soundfont.ATTENUATION) == 50 + 5


def test_root_is_the_stored_pitch_less_all_tuning_and_a_root_key_overrides_it(font):
    low, high = font.zones(0, 5)
    assert low.root == pytest.approx(48 - (7 - 20) / 100)
    assert high.root == pytest.approx(70 - 7 / 100)


def test_loop_points_are_moved_by_their_generators(font):
    low, high = font.zones(0, 5)
    assert low.frames == (0, 50, 10, 40)
    assert high.frames == (50, 100, 62, 90)
    assert low.loops
    assert not high.loops


def test_sound_is_full_scale_one(font):
    assert np.allclose(font.sound(3, 6), np.array([300, 400, 500]) / 32768)


def test_times_are_logarithmic():
    assert soundfont.seconds(0) == 1
    assert soundfont.seconds(1200) == 2
    assert soundfont.seconds(-12000) == pytest.approx(1 / 1024)
