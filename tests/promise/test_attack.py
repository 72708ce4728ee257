"""A search for one edit in which a sample outside changes, the length changes, or a receipt lies.

Formats, depths, rates, channels, odd lengths, regions at every edge, joins, and engines that do whatever they
can do. Either there is a take, and everything about it is true by decoders that are not ours; or there is an
error, and nothing has happened.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, currently_in_test_context, given, note, settings
from hypothesis import strategies as st

import punchin
from punchin.edits import Edit
from punchin.engine import EngineSpec, Filling, Unused
from punchin.errors import PunchinError
from punchin.join import JoinSettings
from punchin.receipt import Receipt
from punchin.region import Frames, Mark, Region
from punchin.song import Song
from support.sounds import noise

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 7


class TheEngineBroke(Exception):
    """What an engine raises that was written without a look at our errors."""


def _garbage(window: Song, hole: Frames, rng: np.random.Generator) -> Any:
    return rng.standard_normal((window.channels, len(hole))) * 10.0 ** rng.integers(-9, 4)


def _with(value: float) -> Any:
    def answer(window: Song, hole: Frames, rng: np.random.Generator) -> Any:
        sound = _garbage(window, hole, rng) * 0 + 0.1
        sound[:, rng.integers(len(hole))] = value
        return sound

    return answer


def _shaped(channels: int, frames: int) -> Any:
    def answer(window: Song, hole: Frames, rng: np.random.Generator) -> Any:
        return np.full((max(0, window.channels + channels), max(0, len(hole) + frames)), 0.1)

    return answer


def _whole_window(window: Song, hole: Frames, rng: np.random.Generator) -> Any:
    """New sound for everything that it heard."""
    del hole
    return rng.standard_normal(window.samples.shape)


def _writes_into_the_window(window: Song, hole: Frames, rng: np.random.Generator) -> Any:
    """Changes the song that it was given, with some force."""
    base: Any = window.samples
    while base is not None:
        try:
            base.flags.writeable = True
        except (ValueError, AttributeError):
            pass
        else:
            base[...] = 0.777
        base = getattr(base, "base", None)
    return _garbage(window, hole, rng)


def _gives_the_window_back(window: Song, hole: Frames, rng: np.random.Generator) -> Any:
    del rng
    return window.cut(hole).samples


def _breaks(window: Song, hole: Frames, rng: np.random.Generator) -> Any:
    raise TheEngineBroke


ANSWERS: dict[str, Any] = {
    "garbage": _garbage,
    "nan": _with(np.nan),
    "infinite": _with(-np.inf),
    "largest": _with(float(np.finfo(np.float32).max)),
    "smallest": _with(5e-324),
    "clipped": lambda window, hole, rng: np.sign(_garbage(window, hole, rng)),
    "silent": lambda window, hole, rng: _garbage(window, hole, rng) * 0,
    "one frame more": _shaped(0, 1),
    "one frame less": _shaped(0, -1),
    "one channel more": _shaped(1, 0),
    "no channel": _shaped(-9, 0),
    "no frame": _shaped(0, -(10**9)),
    "whole window": _whole_window,
    "into the window": _writes_into_the_window,
    "the window": _gives_the_window_back,
    "half floats": lambda window, hole, rng: _garbage(window, hole, rng).astype(np.float16),
    "backwards": lambda window, hole, rng: _garbage(window, hole, rng)[:, ::-1],
    "big-endian": lambda window, hole, rng: (_garbage(window, hole, rng) * 0 + 0.2).astype(">f4"),
    "breaks": _breaks,
}
WINDOWS = {
    "two seconds": lambda hole, total, rate_hz: hole.widen(2 * rate_hz, 2 * rate_hz, total),
    "the hole": lambda hole, total, rate_hz: hole,
    "everything": lambda hole, total, rate_hz: Frames(0, total),
    "too little": lambda hole, total, rate_hz: Frames(hole.start, hole.end - 1),
    "too much": lambda hole, total, rate_hz: Frames(hole.start, total + 1),
}
FILLINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "continues": {"continues": True},
    "odd numbers": {"details": {"a": float("nan"), "b": float("inf"), "c": 2**70}},
    "no JSON": {"details": {"a": object()}},
    "lies": {"tags_used": ("x",) * 50, "lyrics_used": ("\0\ud800",), "warnings": ("all is well",)},
    "words": {"unused": (Unused("", "\n" * 9),), "warnings": ("\x1b[2J", 7)},
}


@dataclass
class Attacker:
    """An engine that does what it can."""

    answer: str
    window_asked: str
    filling: str
    rate_hz: int | None
    channels: int | None
    wrong_rate: bool
    spec: EngineSpec = field(init=False)

    def __post_init__(self) -> None:
        self.spec = EngineSpec(
            name="attacker", version="1", summary="Harm.", rate_hz=self.rate_hz, channels=self.channels
        )

    def load(self) -> None:
        """Ready."""

    def window(self, hole: Frames, total: int, rate_hz: int, edit: Edit) -> Frames:
        return WINDOWS[self.window_asked](hole, total, rate_hz)

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Any) -> Filling:
        progress("harm", 2.0)
        rng = np.random.default_rng(edit.seed)
        with np.errstate(all="ignore"):
            sound = ANSWERS[self.answer](window, hole, rng)
        song = Song(sound, window.rate_hz + self.wrong_rate)
        return Filling(song=song, **FILLINGS[self.filling])


@st.composite
def attackers(draw: st.DrawFn) -> Attacker:
    """Mostly one trick at a time, so that others do not hide it."""
    often = st.sampled_from
    return Attacker(
        answer=draw(often([*ANSWERS, "garbage", "clipped", "into the window", "largest"])),
        window_asked=draw(often(["two seconds"] * 5 + [*WINDOWS])),
        filling=draw(often(["plain"] * 8 + [*FILLINGS])),
        rate_hz=draw(often([None, None, 8_000, 44_100, 48_000])),
        channels=draw(often([None, None, 1, 2])),
        wrong_rate=draw(st.integers(0, 19)) == 7,
    )


@dataclass(frozen=True)
class Made:
    """A song: what it is written as."""

    ending: str
    form: str
    subtype: str
    rates_hz: tuple[int, ...]
    most_channels: int
    frames: tuple[int, int]


_RATES = (8_000, 11_025, 22_050, 37_123, 44_100, 48_000, 96_000, 192_000)
_WAVS = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
LOSSLESS = [
    *(Made("wav", "WAV", subtype, _RATES, 8, (1, 9_000)) for subtype in _WAVS),
    Made("wav", "RF64", "PCM_24", _RATES, 8, (1, 9_000)),
    Made("wav", "WAVEX", "FLOAT", _RATES, 8, (1, 9_000)),
    *(Made("flac", "FLAC", subtype, _RATES, 8, (1, 12_000)) for subtype in ("PCM_S8", "PCM_16", "PCM_24")),
    Made("aiff", "AIFF", "PCM_16", _RATES, 8, (1, 5_000)),
    Made("aiff", "AIFF", "FLOAT", _RATES, 8, (1, 5_000)),
    Made("caf", "CAF", "ALAC_24", (44_100, 48_000), 2, (1, 9_000)),
    Made("w64", "W64", "PCM_24", _RATES, 8, (1, 5_000)),
    Made("wav", "WAV", "IMA_ADPCM", (22_050, 44_100), 2, (2_000, 9_000)),
    Made("wav", "WAV", "ULAW", (8_000,), 2, (1, 5_000)),
]
PADDED = {"IMA_ADPCM", "MPEG_LAYER_III", "OPUS"}
"""Coded in blocks, so that what comes out may be longer than what went in."""
LOSSY = [
    Made("mp3", "MP3", "MPEG_LAYER_III", (16_000, 22_050, 32_000, 44_100, 48_000), 2, (9_000, 40_000)),
    Made("ogg", "OGG", "VORBIS", (22_050, 44_100, 48_000), 2, (3_000, 30_000)),
    Made("opus", "OGG", "OPUS", (48_000,), 2, (3_000, 30_000)),
]


@dataclass(frozen=True)
class Case:
    """One edit to try."""

    made: Made
    rate_hz: int
    channels: int
    frames: int
    regions: Sequence[tuple[int, int]]
    takes: int
    asked: str | None
    joins: JoinSettings
    engine: Attacker
    loud: float


@st.composite
def cases(draw: st.DrawFn, kinds: list[Made]) -> Case:
    made = draw(st.sampled_from(kinds))
    frames = draw(st.integers(*made.frames))
    edges = st.sampled_from([0, 1, frames - 1, frames, frames // 2]) | st.integers(0, frames)
    marks = sorted(set(draw(st.lists(edges, min_size=2, max_size=6))))
    regions = [(a, b) for a, b in zip(marks[::2], marks[1::2], strict=False) if a < b] or [(0, frames)]
    fades = st.sampled_from([0.0, 0.001, 0.05, 2.0])
    joins = JoinSettings(
        fade_in_s=draw(fades), fade_out_s=draw(fades), match_level=draw(st.booleans()),
        search_s=draw(st.sampled_from([0.0, 0.05])),
    )  # fmt: skip
    return Case(
        made=made,
        rate_hz=draw(st.sampled_from(made.rates_hz)),
        channels=draw(st.integers(1, made.most_channels)),
        frames=frames,
        regions=regions,
        takes=draw(st.sampled_from([1, 1, 1, 2])),
        asked=draw(st.sampled_from([None, None, None, "wav", "flac"])),
        joins=joins,
        engine=draw(attackers()),
        loud=draw(st.sampled_from([1.0, 1.0, 1e-4, 0.0])),
    )


def written(case: Case) -> bytes:
    """The song's file."""
    sound = noise(case.frames, case.channels, 24, seed=case.frames).T / 2**23 * case.loud
    out = io.BytesIO()
    soundfile.write(out, sound, case.rate_hz, case.made.subtype, format=case.made.form)
    return out.getvalue()


def decoded(path: Path) -> Any:
    """Everything by libsndfile alone, `[N, C]`: whole numbers left-justified in 32 bits, or floats."""
    with soundfile.SoundFile(path) as sound:
        whole = sound.subtype.startswith(("PCM", "ALAC", "ULAW", "IMA"))
        return sound.read(dtype="int32" if whole else "float64", always_2d=True)


def tried(case: Case, folder: Path) -> None:
    """Make the edit; fails if anything about what comes out of it is not true."""
    if currently_in_test_context():
        note(repr(case))
    source = folder / f"song.{case.made.ending}"
    content = written(case)
    source.write_bytes(content)
    edits = [
        Edit(region=Region(Mark.parse(f"{a} samples"), Mark.parse(f"{b} samples")), seed=SEED)
        for a, b in case.regions
    ]
    try:
        take = punchin.edit_all(
            source, edits, engine=case.engine, takes=case.takes, format=case.asked, joins=case.joins
        )
    except (PunchinError, TheEngineBroke):
        assert [each.name for each in folder.iterdir()] == [source.name]
        return
    finally:
        assert source.read_bytes() == content
    assert {each.name for each in folder.iterdir()} == {source.name, take.path.name, take.receipt_path.name}
    true_outside(case, source, take.path)
    true_receipt(case, source, take)


def true_outside(case: Case, source: Path, output: Path) -> None:
    before, after = decoded(source), decoded(output)
    outside = np.ones(len(before), bool)
    for a, b in case.regions:
        outside[a:b] = False
    assert after.shape == before.shape, "the length has changed"
    if before.dtype != after.dtype:  # decoded floats, brought to FLAC's 24 bits
        held = np.minimum(np.rint(np.clip(before, -1, 1) * 2.0**23), 2**23 - 1).astype(np.int64) << 8
        before = held.astype(np.int32)
    if case.made.ending == "mp3" and output.suffix != ".mp3":
        # libsndfile's own ways through an MP3 (at once, after a seek) differ in the last of 24 bits.
        step = 2.0**-22 if after.dtype == np.float64 else 2**9
        difference = np.abs(before[outside].astype(np.float64) - after[outside])
        assert difference.max(initial=0.0) <= step, "a sample outside has changed"
        return
    assert before[outside].tobytes() == after[outside].tobytes(), "a sample outside has changed"


def true_receipt(case: Case, source: Path, take: punchin.Take) -> None:
    assert take.receipt_path is not None
    receipt = Receipt.read(take.receipt_path)
    assert receipt == Receipt.from_json(take.receipt.to_json())
    for path, record in ((source, receipt.source), (take.path, receipt.output)):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == record.sha256
        assert path.stat().st_size == record.bytes
        assert (record.channels, record.rate_hz) == (case.channels, case.rate_hz)
        assert record.frames == receipt.source.frames
        assert record.frames == case.frames or case.made.subtype in PADDED
    assert receipt.proof.identical
    assert receipt.proof.largest_difference == 0
    assert [(punch.start_frame, punch.end_frame) for punch in receipt.punches] == list(case.regions)
    for punch in receipt.punches:
        assert punch.start_frame <= punch.changed_start_frame <= punch.changed_end_frame <= punch.end_frame
        assert punch.seed == SEED or (case.takes == 2 and punch.seed == SEED + 1)
    told = punchin.verify(source, take.path, take.receipt_path)
    assert told.holds, told.problems


def quiet(*kinds: HealthCheck) -> Any:
    return settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, *kinds])


@pytest.mark.parametrize("name", [made.subtype + "-" + made.form for made in LOSSLESS[::2]])
def test_a_plain_case_of_each_kind_is_edited(tmp_path: Path, name: str) -> None:
    """The search would find nothing where everything is refused."""
    made = next(each for each in LOSSLESS if each.subtype + "-" + each.form == name)
    engine = Attacker("clipped", "two seconds", "plain", None, None, wrong_rate=False)
    case = Case(made, made.rates_hz[0], 1, 3_000, [(1_000, 2_000)], 1, None, JoinSettings(), engine, 1.0)
    tried(case, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


@quiet()
@given(case=cases(LOSSLESS))
def test_lossless(case: Case) -> None:
    with TemporaryDirectory() as folder:
        tried(case, Path(folder))


@quiet()
@given(case=cases(LOSSY))
def test_lossy(case: Case) -> None:
    with TemporaryDirectory() as folder:
        tried(case, Path(folder))
