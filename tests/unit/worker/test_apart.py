"""What a stranger's file can do to the process that reads it, and what it cannot do to anybody else."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from punchin.confinement.folders import version
from punchin.engine import EngineSpec, Filling, Unused
from punchin.engines.tone import ToneEngine
from punchin.errors import (
    Cancelled,
    EngineFailed,
    EngineOutOfMemory,
    OutputError,
    PunchinError,
    RegionError,
    SongError,
    TooLarge,
)
from punchin.job import FailureCode, Position, RegionWish
from punchin.song import Song
from punchin.worker.apart import Apart, Bounds
from punchin.worker.editing import Order, edited
from punchin.worker.failures import FaultInside, TookTooLong, Unsafe, failure_of
from support.bombs import flac_of_silence
from support.hostile_files import HOSTILE, bytes_of
from support.songs import made_song, wav_of
from support.unsafe_reader import LEFT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from punchin.edits import Edit
    from punchin.engine import Engine, Progress
    from punchin.region import Frames

RATE = 8000
TESTS = Path(__file__).resolve().parents[2]
WISH = RegionWish(Position(1), Position(1.5), seed=7, tags=("lofi",))


def nobody(stage: str, fraction: float) -> None:
    pass


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "punchin.db").write_text("everybody's jobs")
    (home / "other").mkdir()
    (home / "other" / "song.wav").write_text("another person's song")
    return home


@pytest.fixture(scope="module")
def unsafe(home: Path) -> Generator[Apart]:
    """Its decoder is broken: see `support.unsafe_reader`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(TESTS), prepend=os.pathsep)
        patch.setenv("PUNCHIN_TEST_HOME", str(home))
        apart = Apart(Bounds(memory_bytes=200_000_000, cpu_s=2), "support.unsafe_reader")
        yield apart
        apart.close()


@pytest.fixture(scope="module")
def apart() -> Generator[Apart]:
    apart = Apart(Bounds())
    yield apart
    apart.close()


def song_in(folder: Path, name: str = "song") -> Order:
    return Order(song=str(wav_of(made_song(3.0, RATE), folder / f"{name}.wav")), edits=(WISH,))


@pytest.mark.parametrize(
    ("trick", "why"),
    [
        ("segfault", "crashed (SIGSEGV)"),
        ("abort", "crashed (SIGABRT)"),
        ("exit", "stopped in the middle"),
        ("memory", "more than 200 MB of memory"),
        ("compute", "more than 2 s of computing"),
        ("garbage", "could not be read safely"),
        ("unasked", "could not be read safely"),
        ("elsewhere", "could not be read safely"),
    ],
)
def test_whatever_a_file_does_its_job_fails_with_1402_and_a_sentence(
    unsafe: Apart, tmp_path: Path, trick: str, why: str
) -> None:
    with pytest.raises(Unsafe) as raised:
        unsafe.edit(song_in(tmp_path, trick), ToneEngine(), nobody)
    failure = failure_of(raised.value)
    assert failure.code == FailureCode.UNREADABLE
    assert why in failure.message
    assert "file could not be read safely" in failure.message
    made = unsafe.edit(song_in(tmp_path, "good"), ToneEngine(), nobody)
    assert made.takes[0].untouched, "the next song is none the worse for it"


def test_a_decoder_that_is_taken_over_reaches_nothing(unsafe: Apart, home: Path, tmp_path: Path) -> None:
    if version() == 0:
        pytest.skip("this kernel has no Landlock")
    with pytest.raises(SongError, match=r"reached: \[\]"):
        unsafe.edit(song_in(tmp_path, "curious"), ToneEngine(), nobody)
    assert not (home / "written").exists()


def test_a_process_cannot_say_that_its_job_is_not_wanted(unsafe: Apart, tmp_path: Path) -> None:
    with pytest.raises(FaultInside):
        unsafe.edit(song_in(tmp_path, "liar"), ToneEngine(), nobody)


def test_a_package_that_is_not_installed_is_not_blamed_on_the_song(unsafe: Apart, tmp_path: Path) -> None:
    with pytest.raises(FaultInside, match="ModuleNotFoundError"):
        unsafe.edit(song_in(tmp_path, "uninstalled"), ToneEngine(), nobody)


@pytest.mark.parametrize("program", ["no_such_program", "this"])
def test_a_reader_that_cannot_begin_is_a_fault_of_this_server(tmp_path: Path, program: str) -> None:
    broken = Apart(Bounds(), program)
    try:
        with pytest.raises(PunchinError, match="the part of this server that reads songs is gone") as raised:
            broken.edit(song_in(tmp_path, "good"), ToneEngine(), nobody)
        assert failure_of(raised.value).code == FailureCode.INTERNAL
    finally:
        broken.close()


def test_too_many_open_files_are_a_fault_and_not_the_end(unsafe: Apart, tmp_path: Path) -> None:
    with pytest.raises(FaultInside, match="Too many open files"):
        unsafe.edit(song_in(tmp_path, "files"), ToneEngine(), nobody)


@pytest.mark.parametrize("error", [Cancelled(), TookTooLong()])
def test_a_decoder_that_hangs_is_stopped_when_the_job_is_not_wanted_any_more(
    unsafe: Apart, tmp_path: Path, error: Exception
) -> None:
    begun: list[float] = []

    def progress(stage: str, fraction: float) -> None:
        if stage == "hang":
            begun.append(time.monotonic())
        if begun and time.monotonic() - begun[0] > 0.3:
            raise error

    with pytest.raises(type(error)):
        unsafe.edit(song_in(tmp_path, "hang"), ToneEngine(), progress)
    assert time.monotonic() - begun[0] < 3
    assert (tmp_path / LEFT).exists(), "the performer removes the folder; nobody writes to it any more"


def test_a_reader_that_is_killed_while_the_engine_works_fails_the_job(unsafe: Apart, tmp_path: Path) -> None:
    class Killing(ToneEngine):
        def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
            [child] = children_of(unsafe._zygote._program.pid)  # type: ignore[union-attr]
            os.kill(child, signal.SIGKILL)
            try:
                for _ in range(100):
                    progress("denoise", 0.5)
                    time.sleep(0.05)
            except Exception as error:
                raise EngineFailed("an engine that takes every error for its own") from error
            raise AssertionError

    with pytest.raises(Unsafe, match="short of memory"):
        unsafe.edit(song_in(tmp_path), Killing(), nobody)


def children_of(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def engine_that(does: Callable[..., Any]) -> Engine:
    class Doing(ToneEngine):
        def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
            return does(super().fill(window, hole, edit, progress))

    return Doing()


def raising(error: Exception) -> Callable[..., Any]:
    def does(filling: Filling) -> Filling:
        raise error

    return does


@pytest.mark.parametrize(
    ("does", "kind", "code"),
    [
        (raising(EngineFailed("no")), EngineFailed, 1405),
        (raising(EngineOutOfMemory("no")), EngineOutOfMemory, 5003),
        (raising(MemoryError()), MemoryError, 5003),
        (raising(ZeroDivisionError()), ZeroDivisionError, 5000),
        (raising(ValueError()), ValueError, 5000),
        (lambda filling: None, EngineFailed, 1405),
        (lambda filling: replace(filling, details={"x": object()}), EngineFailed, 1405),
        (lambda filling: replace(filling, tags_used=(1,)), EngineFailed, 1405),
        (
            lambda filling: replace(filling, song=Song(filling.song.samples * np.nan, 8000)),
            EngineFailed,
            1405,
        ),
        (lambda filling: replace(filling, song=Song(filling.song.samples[:, 1:], 8000)), EngineFailed, 1405),
        (lambda filling: replace(filling, song=Song(filling.song.samples, 16000)), EngineFailed, 1405),
    ],
)
def test_the_engines_faults_are_not_the_files(
    apart: Apart, tmp_path: Path, does: Callable[..., Any], kind: type[Exception], code: int
) -> None:
    with pytest.raises(kind) as raised:
        apart.edit(song_in(tmp_path), engine_that(does), nobody)
    assert failure_of(raised.value).code == code


def test_a_full_disk_is_not_the_files_fault_and_a_too_large_output_is(
    apart: Apart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = song_in(tmp_path)
    monkeypatch.setattr(apart, "bounds", Bounds(output_bytes=20_000))
    with pytest.raises(TooLarge, match=r"larger than .* flac or mp3") as raised:
        apart.edit(order, ToneEngine(), nobody)
    assert failure_of(raised.value).code == FailureCode.UNREADABLE
    # What the kernel refuses to this very process is no limit of ours: a full disk looks the same.
    monkeypatch.setattr(apart, "bounds", Bounds())
    monkeypatch.setattr("resource.getrlimit", lambda kind: (20_000, 20_000))
    with pytest.raises(OutputError) as full:
        apart.edit(order, ToneEngine(), nobody)
    assert failure_of(full.value).code == FailureCode.UNAVAILABLE


def test_the_same_bits_as_in_the_worker(apart: Apart, tmp_path: Path) -> None:
    class Telling(ToneEngine):
        def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
            filling = super().fill(window, hole, edit, progress)
            return replace(
                filling,
                tags_used=edit.tags,
                unused=(Unused("word", "because"),),
                warnings=("mind",),
                details={"tempo": 120.5, "donors": [1, 2], "none": None},
            )

    order = Order(song=song_in(tmp_path).song, edits=(WISH,), takes=2)
    files: list[list[bytes]] = []
    receipts: list[Any] = []
    for edit in (apart.edit, edited):
        made = edit(order, Telling(), nobody)
        files.append([take.path.read_bytes() for take in made.takes])
        receipts.append([replace_times(take.receipt) for take in made.takes])
        for take in made.takes:
            take.path.unlink()
    assert files[0] == files[1]
    assert receipts[0] == receipts[1]
    assert receipts[0][0].punches[0].details == {"tempo": 120.5, "donors": [1, 2], "none": None}


def replace_times(receipt: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(receipt, timings_ms={})


def test_progress_rises_with_the_engines(apart: Apart, tmp_path: Path) -> None:
    class Slow(ToneEngine):
        def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
            for step in range(5):
                progress("denoise", step / 4)
                time.sleep(0.04)
            return super().fill(window, hole, edit, progress)

    told: list[tuple[str, float]] = []
    apart.edit(song_in(tmp_path), Slow(), lambda stage, fraction: told.append((stage, fraction)))
    # A report is repeated while nothing happens, to hear whether the job is still wanted.
    heard = list(dict.fromkeys(fraction for stage, fraction in told if stage == "denoise"))
    assert len(heard) == 5
    assert heard == sorted(heard)
    assert 0.5 < heard[-1] - heard[0] < 0.9
    assert {"cut", "denoise", "join", "splice", "prove"} <= {stage for stage, _ in told}


def test_takes_and_near_regions_are_asked_of_an_engine_that_can(apart: Apart, tmp_path: Path) -> None:
    calls: list[str] = []

    class Takes(ToneEngine):
        def fill_takes(
            self, window: Song, hole: Frames, edits: Sequence[Edit], progress: Progress
        ) -> Sequence[Filling]:
            calls.append("takes")
            return [self.fill(window, hole, edit, progress) for edit in edits]

    class Both(Takes):
        def window_together(
            self, holes: Sequence[Frames], total: int, rate_hz: int, edits: Sequence[Edit]
        ) -> Frames | None:
            return self.window(holes[0], total, rate_hz, edits[0])

        def fill_together(
            self, window: Song, holes: Sequence[Frames], edits: Sequence[Edit], progress: Progress
        ) -> Sequence[Sequence[Filling]]:
            calls.append("together")
            return [[self.fill(window, hole, edit, progress) for hole in holes] for edit in edits]

    song = song_in(tmp_path).song
    apart.edit(Order(song=song, edits=(WISH,), takes=3), Takes(), nobody)
    assert calls == ["takes"]
    near = RegionWish(Position(1.7), Position(2.0), seed=7, tags=("lofi",))
    made = apart.edit(Order(song=song, edits=(WISH, near)), Both(), nobody)
    assert calls == ["takes", "together"]
    assert len(made.takes[0].receipt.punches) == 2


def test_errors_of_the_request_keep_their_kind(apart: Apart, tmp_path: Path) -> None:
    song = song_in(tmp_path).song
    with pytest.raises(RegionError, match="empty"):
        apart.edit(Order(song=song, edits=(RegionWish(Position(2), Position(1)),)), ToneEngine(), nobody)
    (tmp_path / "text.wav").write_text("no music")
    with pytest.raises(SongError, match="not music"):
        apart.edit(Order(song=str(tmp_path / "text.wav"), edits=(WISH,)), ToneEngine(), nobody)


class Untouched(ToneEngine):
    """An engine that must not be asked."""

    spec = EngineSpec(name="untouched", version="1", summary="Is not asked.")

    def fill(self, *_: Any) -> Filling:
        raise AssertionError("the engine was asked")


def test_hours_of_opus_are_refused_and_an_hour_ends_at_the_limit(apart: Apart, tmp_path: Path) -> None:
    song = tmp_path / "bomb.opus"
    song.write_bytes(bytes_of(next(each for each in HOSTILE if each.name == "bomb-6-hours.opus")))
    with pytest.raises(SongError, match=r"6:00:03\.\d+ long.* up to 60 minutes"):
        apart.edit(Order(song=str(song), edits=(WISH,)), Untouched(), nobody)
    short = Apart(Bounds(cpu_s=1))
    late = RegionWish(Position(3 * 3600), Position(3 * 3600 + 1), seed=7, tags=("lofi",))
    try:
        with pytest.raises(Unsafe, match="more than 1 s of computing"):
            short.edit(
                Order(song=str(song), edits=(late,), most_minutes=600, most_samples=1 << 40),
                Untouched(),
                nobody,
            )
    finally:
        short.close()


def test_hours_in_a_small_file_are_refused_before_the_engine_runs(apart: Apart, tmp_path: Path) -> None:
    bomb = flac_of_silence(tmp_path / "bomb.flac", hours=8, channels=8)
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(SongError, match=r"7:59:59\.\d+ long.* up to 60 minutes; send the part"):
        apart.edit(Order(song=str(bomb), edits=(WISH,)), Untouched(), nobody)
    with pytest.raises(SongError, match=r"million samples in 8 channels .* up to 1400 million"):
        apart.edit(Order(song=str(bomb), edits=(WISH,), most_minutes=600), Untouched(), nobody)


@pytest.mark.slow
def test_a_bomb_that_gets_past_the_caps_ends_at_the_limit_of_computing(tmp_path: Path) -> None:
    bomb = flac_of_silence(tmp_path / "bomb.flac", hours=8, channels=8)
    order = Order(song=str(bomb), edits=(WISH,), output_format="wav", most_minutes=600, most_samples=1 << 40)
    short = Apart(Bounds(cpu_s=1))
    try:
        with pytest.raises(Unsafe, match="more than 1 s of computing"):
            short.edit(order, ToneEngine(), nobody)
    finally:
        short.close()


def test_without_barriers_songs_are_edited_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    plain = Apart(Bounds(), "support.plain_reader")
    try:
        assert plain.edit(song_in(tmp_path), ToneEngine(), nobody).takes[0].untouched
    finally:
        plain.close()
    assert "all system calls, every folder" in capsys.readouterr().out


def test_several_songs_at_once(apart: Apart, tmp_path: Path) -> None:
    made: list[bool] = []

    def edit(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        made.append(apart.edit(song_in(folder), ToneEngine(), nobody).takes[0].untouched)

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [True] * 3
