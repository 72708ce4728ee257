"""Through the whole of Punchin: files of many kinds, and what lies outside stays."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

import soundfile
from click.testing import CliRunner

import punchin
from punchin.cli import punchin as command
from support.songs import made_song

KINDS = [
    ("wav", "PCM_16", 44_100, 2),
    ("wav", "PCM_24", 48_000, 2),
    ("wav", "PCM_16", 22_050, 1),
    ("flac", "PCM_16", 44_100, 2),
    ("wav", "FLOAT", 96_000, 1),
]


def write(folder, suffix, subtype, rate_hz, channels, frames_more=331):
    song = made_song(7.0 + frames_more / rate_hz, rate_hz, channels)
    path = folder / f"song.{suffix}"
    soundfile.write(path, song.samples.T, rate_hz, subtype=subtype)
    return path


def read(path):
    samples, _ = soundfile.read(path, dtype="float64" if soundfile.info(path).subtype == "FLOAT" else "int32")
    return samples


@pytest.mark.parametrize(("suffix", "subtype", "rate_hz", "channels"), KINDS)
def test_outside_is_identical_and_the_length_is_the_same(
    tmp_path, engine, suffix, subtype, rate_hz, channels
):
    path = write(tmp_path, suffix, subtype, rate_hz, channels)
    take = punchin.edit(path, 2.5, "0:04.75", tags="lofi", lyrics="hello", seed=3, engine=engine)
    before, after = read(path), read(take.path)
    start, end = round(2.5 * rate_hz), round(4.75 * rate_hz)
    assert before.shape == after.shape
    assert np.array_equal(before[:start], after[:start])
    assert np.array_equal(before[end:], after[end:])
    assert not np.array_equal(before[start:end], after[start:end])
    assert take.untouched
    assert take.receipt.punches[0].details["precision"] == "fp32"


def test_the_same_seed_gives_the_same_file_and_takes_have_seeds_of_their_own(tmp_path, engine):
    path = write(tmp_path, *KINDS[0])
    outputs = [tmp_path / f"{n}.wav" for n in range(3)]
    for output, seed in zip(outputs, (5, 5, 6), strict=True):
        punchin.edit(path, 2, 4, seed=seed, engine=engine, output=output)
    first, again, other = (output.read_bytes() for output in outputs)
    assert first == again != other
    take = punchin.edit(path, 2, 4, seed=5, takes=3, engine=engine, output=tmp_path / "best.wav")
    assert len(take.punches[0].candidates) == 3


def test_the_first_and_the_last_second_of_a_song(tmp_path, engine):
    path = write(tmp_path, *KINDS[2])
    for number, (start, end) in enumerate(((0, 1), ("end-1", "end"))):
        take = punchin.edit(path, start, end, seed=1, engine=engine, output=tmp_path / f"{number}.wav")
        assert take.untouched


def test_parameters_that_no_model_has_are_said_to_be_unused(tmp_path, engine):
    path = write(tmp_path, *KINDS[0])
    take = punchin.edit(
        path, 2, 4, seed=1, engine=engine, parameters={"granularity_scale": 10, "guidance_scale": 15}
    )
    assert {each.what for each in take.receipt.punches[0].unused} == {
        "parameter 'granularity_scale'", "parameter 'guidance_scale'"
    }  # fmt: skip
    assert any("guidance built in" in warning for warning in take.receipt.warnings)


def test_a_window_in_the_middle_of_a_longer_song(tmp_path, engine):
    song = made_song(40.0, 44_100)
    path = tmp_path / "long.wav"
    soundfile.write(path, song.samples.T, 44_100)
    take = punchin.edit(path, 18, 20, seed=1, engine=engine, parameters={"context_s": 5})
    assert take.untouched
    assert take.receipt.punches[0].details["window_s"] == pytest.approx([30], abs=0.2)


def test_through_the_command_with_weights_where_a_pull_puts_them(tmp_path, turbo_folder, monkeypatch):
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    (home / "models" / "ace-step-1.5-turbo").symlink_to(turbo_folder)
    monkeypatch.setenv("PUNCHIN_HOME", str(home))
    path = write(tmp_path, *KINDS[2])
    words = ["edit", str(path), "2.5", "4.75", "--engine", "ace-step", "--tags", "lofi", "--json"]
    done = CliRunner().invoke(command, [*words, "--seed", "3", "--parameter", "quality=high"])
    assert done.exit_code == 0, done.output
    before, after = read(path), read(tmp_path / "song.punched.wav")
    start, end = round(2.5 * 22_050), round(4.75 * 22_050)
    assert before.shape == after.shape
    assert np.array_equal(before[:start], after[:start])
    assert np.array_equal(before[end:], after[end:])
    assert not np.array_equal(before[start:end], after[start:end])
