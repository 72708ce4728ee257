"""What the desk finds in songs, against numpy on the whole decode."""

import io
import json
from contextlib import closing
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from punchin.desk.answering import Table
from punchin.desk.outline import MOMENTS, Bins
from punchin.desk.protocol import About, Answer, Beats, Difference, Peaks, Render, Sound, read_question
from punchin.errors import OutputError, RegionError, SongError
from punchin.region import Frames
from punchin.songfile import open_song
from support.songs import SHARED_AUDIO, made_song, needs_shared, wav_of


class Heard(Answer):
    """Collects an answer."""

    def __init__(self):
        super().__init__(io.BytesIO())
        self.content = b""

    def give(self, content):
        self.content += bytes(memoryview(content).cast("B"))


def ask(kind, path, **details):
    answer = Heard()
    with closing(Table()) as table:
        table.answer(kind(path=str(path), name="song", **details), answer)
    return answer.content


def outline(content):
    """The line of JSON, and the pairs `[B, 2]`."""
    head, _, rest = content.partition(b"\n")
    facts = json.loads(head)
    pairs = np.frombuffer(rest, "<i2").reshape(-1, 2)
    assert facts["count"] == len(pairs)
    return facts, pairs


def whole(path):
    with open_song(path) as song:
        return song.read(Frames(0, song.frames)).samples


def plain_pairs(samples, edges):
    """The slow, obvious twin: bin by bin."""
    found = [(samples[:, a:b].min(), samples[:, a:b].max()) for a, b in pairwise(edges)]
    return np.rint(np.clip(np.array(found), -1, 1) * 32767).astype(np.int16)


@pytest.fixture
def song(tmp_path):
    return wav_of(made_song(3.1, 44_100), tmp_path / "song.wav")


def test_facts(song):
    facts = json.loads(ask(About, song))
    assert (facts["format"], facts["rate_hz"], facts["channels"]) == ("wav", 44_100, 2)
    assert facts["frames"] == 136_710
    assert facts["sample_format"] == "16-bit integer"
    assert facts["bytes"] == song.stat().st_size
    assert len(facts["sha256"]) == 64


@pytest.mark.parametrize("per_s", [1, 50, 333, 4000])
def test_an_outline_is_the_lowest_and_highest_of_each_bin(song, per_s):
    _, pairs = outline(ask(Peaks, song, per_s=per_s))
    edges = [min(b * 44_100 // per_s, 136_710) for b in range(len(pairs) + 1)]
    assert edges[-1] == 136_710
    assert np.array_equal(pairs, plain_pairs(whole(song), edges))


def test_an_outline_of_a_part(song):
    _, pairs = outline(ask(Peaks, song, per_s=100, start=50_000, frames=44_100))
    edges = [50_000 + 441 * b for b in range(101)]
    assert np.array_equal(pairs, plain_pairs(whole(song), edges))


def test_an_outline_of_a_long_song_is_the_same_from_several_readers(tmp_path):
    path = wav_of(made_song(60, 8000, channels=1), tmp_path / "long.wav")
    _, pairs = outline(ask(Peaks, path, per_s=50))
    assert np.array_equal(pairs, plain_pairs(whole(path), [160 * b for b in range(3001)]))


def test_a_rough_outline_lies_within_the_true_one(tmp_path):
    path = wav_of(made_song(110, 8000, channels=1), tmp_path / "long.wav")
    _, rough = outline(ask(Peaks, path, per_s=20, rough=True))
    _, true = outline(ask(Peaks, path, per_s=20))
    assert len(rough) == len(true)
    step = len(true) // MOMENTS + 1
    for first in range(0, len(true), step):
        assert rough[first, 0] >= true[first : first + step, 0].min()
        assert rough[first, 1] <= true[first : first + step, 1].max()
    assert rough[:, 1].mean() > 0.5 * true[:, 1].mean()


@given(
    st.integers(0, 10_000),
    st.integers(1, 100_000),
    st.integers(1, 400),
    st.sampled_from([8000, 44_100, 192_000]),
    st.integers(0, 7),
)
def test_bins_cover_a_part_without_gaps(start, length, per_s, rate_hz, together):
    bins = Bins(Frames(start, start + length), per_s, rate_hz)
    runs = list(bins.runs(together))
    assert sum(len(run.starts) for run in runs) == len(bins)
    assert runs[0].frames.start == start
    assert runs[-1].frames.end == start + length
    for run, following in pairwise(runs):
        assert run.frames.end == following.frames.start
    assert all((np.diff(run.starts) >= 0).all() and run.starts[0] == 0 for run in runs)


def test_samples_that_are_no_numbers_are_drawn_as_silence(tmp_path):
    sound = np.zeros((1000, 1), np.float32)
    sound[10], sound[20], sound[30] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "odd.wav", sound, 8000, "FLOAT")
    _, pairs = outline(ask(Peaks, tmp_path / "odd.wav", per_s=1000))
    assert pairs.max() == 32767
    assert pairs.min() == -32767


@needs_shared
@pytest.mark.shared
@pytest.mark.parametrize("name", ["lena.mp3", "frozen_bubble_intro.ogg", "lena.wav"])
def test_the_samples_are_those_of_our_decoder(name):
    path = SHARED_AUDIO / name
    start, frames = 123_457, 70_001
    content = ask(Sound, path, start=start, frames=frames)
    got, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    with open_song(path) as song:
        assert rate_hz == song.rate_hz
        assert (
            got.T.tobytes()
            == np.ascontiguousarray(song.read(Frames(start, start + frames)).samples).tobytes()
        )


def test_samples_past_the_end_are_left_out(song):
    content = ask(Sound, song, start=136_700, frames=1000)
    assert soundfile.info(io.BytesIO(content)).frames == 10
    assert len(content) == 58 + 10 * 2 * 4


@pytest.mark.parametrize(("start", "frames"), [(136_710, 1), (0, 0), (0, 31 * 44_100)])
def test_parts_that_are_not_there_are_refused(song, start, frames):
    with pytest.raises(RegionError):
        ask(Sound, song, start=start, frames=frames)


def changed(song, tmp_path, at, by):
    sound, rate_hz = soundfile.read(song, dtype="int16")
    sound[at] += by
    soundfile.write(tmp_path / "changed.wav", sound, rate_hz, "PCM_16")
    return tmp_path / "changed.wav"


def test_a_difference_inside_the_region(song, tmp_path):
    new = changed(song, tmp_path, slice(50_000, 60_000), 100)
    content = ask(Difference, new, against=str(song), per_s=50, regions=((1.0, 2.0),))
    facts, pairs = outline(content)
    assert facts["outside"] == {
        "equal": True,
        "first_changed_s": 50_000 / 44_100,
        "last_changed_s": 60_000 / 44_100,
        "max_outside": 0.0,
    }
    hit = np.flatnonzero(pairs[:, 1])
    assert (hit[0], hit[-1]) == (50_000 // 882, 59_999 // 882)
    assert (pairs[hit, 1] == 100).all()
    assert not pairs[:, 0].any()


@pytest.mark.parametrize("at", [44_099, 88_200])
def test_one_sample_outside_the_region_is_told(song, tmp_path, at):
    new = changed(song, tmp_path, at, 1)
    facts, pairs = outline(ask(Difference, new, against=str(song), per_s=50, regions=((1, 2),)))
    assert facts["outside"]["equal"] is False
    assert facts["outside"]["max_outside"] == 1 / 32768
    assert np.flatnonzero(pairs[:, 1]).tolist() == [at // 882]


def test_a_shorter_song_is_not_equal(song, tmp_path):
    short = wav_of(made_song(3.0, 44_100), tmp_path / "short.wav")
    facts, _ = outline(ask(Difference, short, against=str(song), per_s=50))
    assert facts["outside"]["equal"] is False


def test_songs_that_are_not_alike_are_not_compared(song, tmp_path):
    other = wav_of(made_song(1.0, 8000), tmp_path / "other.wav")
    with pytest.raises(SongError, match="not alike"):
        ask(Difference, other, against=str(song), per_s=50)


def test_the_grid_of_a_groove(song, tmp_path):
    path = wav_of(made_song(12.0, 44_100), tmp_path / "groove.wav")
    found = json.loads(ask(Beats, path))
    assert abs(found["tempo_bpm"] - 120) < 1
    assert found["confidence"] > 0.5
    inner = [at for at in found["beats_s"] if 1 < at < 11]
    assert max(abs(at * 2 - round(at * 2)) for at in inner) < 0.1
    assert set(found["downbeats_s"]) <= set(found["beats_s"])


def test_parts_of_a_long_song_give_one_grid(tmp_path, monkeypatch):
    from punchin.desk import beats

    monkeypatch.setattr(beats, "LONGEST_S", 12)
    path = wav_of(made_song(34.0, 16_000, channels=1), tmp_path / "groove.wav")
    with open_song(path) as song:
        found = beats.grid_of(song)
    steps = np.diff(found["beats_s"])
    assert np.abs(steps - 0.5).max() < 0.12
    assert abs(len(found["beats_s"]) - 68) <= 1


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_a_part_in_a_format_without_loss(song, tmp_path, form):
    content = ask(Render, song, form=form, start=1000, frames=5000, scratch=str(tmp_path))
    got, _ = soundfile.read(io.BytesIO(content), dtype="int16")
    want, _ = soundfile.read(song, start=1000, frames=5000, dtype="int16")
    assert np.array_equal(got, want)


def test_the_format_of_the_source_where_it_can_be_written(tmp_path):
    aiff = tmp_path / "song.aiff"
    soundfile.write(aiff, made_song(0.5).samples.T, 44_100, "PCM_16", format="AIFF")
    assert ask(Render, aiff, form="source", scratch=str(tmp_path)).startswith(b"fLaC")


def test_a_format_that_cannot_hold_the_song(tmp_path):
    path = wav_of(made_song(0.5, channels=6), tmp_path / "six.wav")
    with pytest.raises(OutputError, match="MP3"):
        ask(Render, path, form="mp3", scratch=str(tmp_path))


def test_the_same_song_stays_open_and_few_do(tmp_path):
    paths = [wav_of(made_song(0.1, seed=k), tmp_path / f"{k}.wav") for k in range(6)]
    with closing(Table()) as table:
        first = table.song(str(paths[0]))
        assert table.song(str(paths[0])) is first
        for path in paths[1:]:
            table.song(str(path))
        assert table.song(str(paths[0])) is not first


@pytest.mark.parametrize("line", [b"", b"{}", b'{"ask":"rm"}', b'{"ask":"about","path":1}', b"\xff"])
def test_what_is_no_question_is_refused(line):
    with pytest.raises(msgspec.DecodeError):
        read_question(line)
