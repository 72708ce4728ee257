from pathlib import Path

import numpy as np
import pytest
import soundfile

from punchin.songfile import Container, open_song
from punchin.splice import Method, container_of, splicer_for, suffix
from punchin.splice.recode import RecodeSplicer
from support.songs import made_song
from support.sounds import flac_file, noise, wav_file, wav_format, wav_sound

FORMS = {
    "wav": ("WAV", "PCM_16"),
    "adpcm": ("WAV", "IMA_ADPCM"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "aiff": ("AIFF", "PCM_24"),
    "aiff float": ("AIFF", "FLOAT"),
    "caf32": ("CAF", "PCM_32"),
}


def chosen(tmp_path, form, asked):
    path = tmp_path / "song"
    name, subtype = FORMS[form]
    soundfile.write(path, made_song(1.0, 48_000).samples.T, 48_000, format=name, subtype=subtype)
    with open_song(path) as song, (tmp_path / "out").open("w+b") as file:
        splicer = splicer_for(song, asked)
        splice = splicer.write([], file, lambda _: None)
        assert (splice.method, splice.container) == (splicer.method, splicer.container)
    return splice


@pytest.mark.parametrize(
    ("form", "asked", "container", "method", "why"),
    [
        ("wav", None, "wav", Method.BYTES, ""),
        ("wav", "wav", "wav", Method.BYTES, ""),
        ("flac", None, "flac", Method.FRAMES, ""),
        ("flac", "flac", "flac", Method.FRAMES, ""),
        ("flac", "wav", "wav", Method.LOSSLESS, "WAV was asked for"),
        ("wav", "ogg", "ogg", Method.LOSSY, "Ogg Vorbis was asked for"),
        ("ogg", None, "flac", Method.LOSSLESS, "Ogg Vorbis cannot be changed in one part"),
        ("ogg", "flac", "flac", Method.LOSSLESS, "Ogg Vorbis cannot be changed in one part"),
        ("ogg", "wav", "wav", Method.LOSSLESS, "WAV was asked for"),
        ("ogg", "ogg", "ogg", Method.LOSSY, "outside the region"),
        ("opus", None, "flac", Method.LOSSLESS, "Opus cannot be changed in one part"),
        ("opus", "opus", "opus", Method.LOSSY, "outside the region"),
        ("aiff", None, "flac", Method.LOSSLESS, "is not written here"),
        ("aiff float", None, "wav", Method.LOSSLESS, "WAV keeps the decoded sound"),
        ("caf32", None, "wav", Method.LOSSLESS, "WAV keeps the decoded sound"),
        ("adpcm", None, "flac", Method.LOSSLESS, "is not written here"),
        ("adpcm", "wav", "wav", Method.LOSSLESS, "WAV keeps the decoded sound"),
    ],
)
def test_the_strongest_form_of_the_promise_is_chosen(tmp_path, form, asked, container, method, why):
    splice = chosen(tmp_path, form, Container(asked) if asked else None)
    assert (splice.container, splice.method) == (container, method)
    assert why in splice.why
    assert bool(splice.why) == bool(why)


def test_a_flac_that_cannot_be_spliced_is_coded_anew(tmp_path):
    path = tmp_path / "song.flac"
    for bits, container in [(16, Container.FLAC), (32, Container.WAV)]:
        path.write_bytes(flac_file(noise(10_000, bits=bits), bits, total=9_000))
        with open_song(path) as song:
            splicer = splicer_for(song)
            assert isinstance(splicer, RecodeSplicer)
            assert splicer.container is container
            with (tmp_path / "out").open("w+b") as file:
                assert "because its frames do not add up" in splicer.write([], file, lambda _: None).why


def test_wav_bytes_outside_do_not_change(tmp_path):
    from punchin.region import Frames
    from punchin.splice import Patch

    path, out = tmp_path / "a.wav", tmp_path / "b.wav"
    path.write_bytes(
        wav_file(wav_format(24, 2), wav_sound(noise(1_000, bits=24), 24), before=b"odd \1\0\0\0x\0")
    )
    with open_song(path) as song, out.open("w+b") as file:
        splice = splicer_for(song).write(
            [Patch(Frames(10, 20), np.zeros((2, 10), np.int32))], file, lambda _: None
        )
    before, after = path.read_bytes(), out.read_bytes()
    different = [at for at, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    data = before.index(b"data") + 8
    assert data + 60 <= min(different) <= max(different) < data + 120
    assert sum(kept.length for kept in splice.kept) == 990 * 6
    assert all(
        before[k.source_offset :][: k.length] == after[k.output_offset :][: k.length] for k in splice.kept
    )


def test_names_and_endings():
    for container in (Container.WAV, Container.FLAC, Container.MP3, Container.OGG, Container.OPUS):
        assert container_of(Path(f"a{suffix(container).upper()}")) is container
    assert container_of(Path("a.aif")) is Container.AIFF
    assert container_of(Path("a.txt")) is None
