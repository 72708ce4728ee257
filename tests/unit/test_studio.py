import shutil
import sys
from pathlib import Path
from subprocess import run

import numpy as np
import pytest

import punchin
from punchin.errors import OutputError, ReceiptError, RegionError, UnknownEngine
from punchin.region import Frames
from punchin.songfile import open_song
from support.engines import noise_engine
from support.songs import made_song, wav_of

DEMO_SONG = Path(__file__).resolve().parents[2] / "demo" / "song.mp3"


@pytest.fixture
def path(tmp_path):
    return wav_of(made_song(4.0, 8000), tmp_path / "song.wav")


def edit(path, *, engine="tone", seed=7, **wishes):
    return punchin.edit(path, 1, "end-2", engine=engine, seed=seed, **wishes)


def test_the_result_lies_beside_the_song_and_never_replaces_an_earlier_one(path):
    assert [edit(path).path.name for _ in range(3)] == [
        "song.punched.wav",
        "song.punched-2.wav",
        "song.punched-3.wav",
    ]


def test_the_ending_of_the_output_chooses_the_format(path):
    take = edit(path, output=path.with_name("new.flac"))
    assert take.receipt.output.container == "flac"
    assert take.untouched


def test_an_mp3_region_too_short_for_its_frames_becomes_flac_and_says_so(tmp_path):
    song = shutil.copy(DEMO_SONG, tmp_path)
    take = punchin.edit(song, 10, 10.05, engine="tone", seed=1)
    assert take.path.name == "song.punched.flac"
    assert take.untouched
    assert "shorter than its overlapping frames" in take.receipt.splice.why
    with pytest.raises(RegionError, match=r"0\.050 s long"):
        punchin.edit(song, 10, 10.05, engine="tone", seed=1, output=tmp_path / "out.mp3")


def test_the_engine_is_loaded_only_when_everything_else_is_in_order(path):
    engine = noise_engine()
    loads = []
    engine.load = lambda: loads.append(1)
    with pytest.raises(RegionError):
        punchin.edit(path, 1, 99, engine=engine)
    assert loads == []
    edit(path, engine=engine)
    assert loads == [1]


def test_format_and_ending_must_agree(path):
    with pytest.raises(OutputError, match=r"'new\.flac', but format is wav"):
        edit(path, output=path.with_name("new.flac"), format="wav")


def test_an_unknown_format_is_refused_with_those_that_work(path):
    with pytest.raises(OutputError, match=r"'midi'.*wav, flac, mp3, ogg"):
        edit(path, format="midi")


def test_an_unknown_engine_is_refused_with_the_nearest(path):
    with pytest.raises(UnknownEngine, match="did you mean 'tone'"):
        edit(path, engine="tnoe")


def test_tags_may_be_a_text_or_a_list(path):
    texts = edit(path, tags="lofi, jazz").receipt.punches[0].tags
    assert texts == edit(path, tags=["lofi", "jazz"]).receipt.punches[0].tags == ["lofi", "jazz"]


def test_a_replay_gives_the_same_bytes(path):
    take = edit(path, takes=3)
    again = punchin.replay(take.receipt_path)
    assert again.same_bytes
    assert again.differs == ()
    assert again.take.path.read_bytes() == take.path.read_bytes()
    assert again.take.path.name == "song.punched.replayed.wav"


def test_a_replay_follows_a_folder_that_moved(path, tmp_path):
    take = edit(path)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for file in (path, take.receipt_path):
        shutil.copy(file, moved)
    assert punchin.replay(moved / take.receipt_path.name).same_bytes


def test_a_replay_refuses_another_song(path):
    take = edit(path)
    wav_of(made_song(4.0, 8000, seed=1), path)
    with pytest.raises(ReceiptError, match="SHA-256 differs"):
        punchin.replay(take.receipt_path)
    path.unlink()
    with pytest.raises(ReceiptError, match="--source"):
        punchin.replay(take.receipt_path)


def test_verify_with_a_receipt_catches_a_forged_one(path):
    take = edit(path)
    assert punchin.verify(path, take.path, take.receipt_path).holds
    forged = take.receipt_path.read_text().replace(take.receipt.proof.runs[0].output_sha256, "0" * 64)
    take.receipt_path.write_text(forged)
    verdict = punchin.verify(path, take.path, take.receipt_path)
    assert not verdict.holds
    assert "other hashes" in verdict.problems[0]


def test_verify_with_a_receipt_catches_a_change_after_the_fact(path):
    take = edit(path)
    with open_song(take.path) as song:
        samples = song.read(Frames(0, song.frames)).samples.copy()
    samples[:, 100] += 0.1
    wav_of(punchin.Song(samples, 8000), take.path)
    verdict = punchin.verify(path, take.path, take.receipt_path)
    assert not verdict.holds
    assert any("frames 0 to 8000 differ" in problem for problem in verdict.problems)


def test_an_engine_of_ones_own_may_be_given(path):
    assert edit(path, engine=noise_engine()).receipt.engine.name == "scripted"


def test_each_take_is_written_when_asked(path):
    edits = [punchin.Edit(region=punchin.Region.parse(1, 2), seed=1)]
    takes = punchin.edit_each_take(path, edits, takes=2, engine="tone")
    assert [take.path.name for take in takes] == ["song.punched.take1.wav", "song.punched.take2.wav"]


def test_the_source_is_never_written(path):
    before = path.read_bytes(), path.stat().st_mtime_ns
    edit(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_the_stages_can_be_used_alone(path):
    """For those who compose their own: open, cut, fill, and do with the new sound what one likes."""
    engine = punchin.load_engine("tone")
    with punchin.open_song(path) as source:
        hole = punchin.Region.parse(1, 2).frames(source.rate_hz, source.frames)
        window = source.read(Frames(0, source.frames))
        filling = engine.fill(
            window,
            hole,
            punchin.Edit(region=punchin.Region.parse(1, 2), seed=1),
            lambda stage, fraction: None,
        )
    assert filling.song.frames == len(hole)
    assert np.abs(filling.song.samples).max() > 0.01


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, punchin; print({'numpy', 'scipy', 'soundfile', 'matplotlib'} & set(sys.modules))"
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_public_name_is_there():
    for name in punchin.__all__:
        assert getattr(punchin, name) is not None
