from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from punchin.engines.tone import ToneEngine
from punchin.errors import EngineUnavailable, FetchError, StoreError
from punchin.filestore import FileStore
from punchin.job import FailureCode, JobSpec, Position, RegionWish, State
from punchin.worker.apart import Apart, Bounds
from punchin.worker.editing import edited
from punchin.worker.failures import Refused
from punchin.worker.performing import LedgerAway, Performer
from punchin.worker.songs import Songs
from support.ledgers import accept, ledger_in
from support.services import tone_job, unruly_job
from support.songs import made_song, wav_of
from support.unruly import UnrulyEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from punchin.engine import Progress
    from punchin.store import JobRecord, Store

RATE = 8000


class Engines:
    """Those of the tests, without looking for installed ones."""

    def named(self, name: str) -> Any:
        known = {"auto": ToneEngine, "tone": ToneEngine, "unruly": UnrulyEngine}
        if name not in known:
            raise EngineUnavailable(f"the weights of {name} are missing")
        return known[name]()


@dataclass
class Bench:
    """A performer and what is around it."""

    store: Store
    files: FileStore
    performer: Performer
    song: Path
    folder: Path
    slept_s: list[float] = field(default_factory=list)

    @property
    def audio(self) -> str:
        if not self.files.exists("up/1/My-Song.wav"):
            self.files.put_file("up/1/My-Song.wav", self.song)
        return "upload:up/1/My-Song.wav"

    def do(self, spec: JobSpec, attempt: str = "first") -> JobRecord:
        job = accept(self.store, spec)
        self.performer.run(job.id, attempt)
        return self.store.job(job.id)

    def left(self) -> list[Path]:
        """Files of outputs and of work in the making."""
        places = (self.folder / "files" / "out", self.folder / "work")
        return [path for place in places for path in place.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def apart() -> Generator[Apart]:
    """Reads songs in processes of their own."""
    apart = Apart(Bounds())
    yield apart
    apart.close()


@pytest.fixture(params=["apart", "in the worker"])
def bench(request: pytest.FixtureRequest, apart: Apart, tmp_path: Path) -> Generator[Bench]:
    store, files = ledger_in(tmp_path), FileStore.open(tmp_path / "files")
    song = wav_of(made_song(4.0, RATE), tmp_path / "source.wav")
    slept_s: list[float] = []

    def fetch(address: str, into: Path, progress: Progress) -> str:
        if "lost" in address:
            raise FetchError("the host of the address could not be reached")
        into.write_bytes(song.read_bytes())
        return "Ça va?.WAV"

    engines: Any = Engines()
    performer = Performer(
        store=store,
        files=files,
        songs=Songs(files, fetch),
        engines=engines,
        work=tmp_path / "work",
        edit=apart.edit if request.param == "apart" else edited,
        price_per_s=0.01,
        sleep=slept_s.append,
    )
    yield Bench(store, files, performer, song, tmp_path, slept_s)
    store.close()


def test_a_job_is_made_stored_metered_and_told(bench: Bench) -> None:
    spec = JobSpec(
        model="m", engine="auto", audio=bench.audio, takes=2,
        edits=(
            RegionWish(Position(1), Position(1.5), tags=("lofi",), seed=7),
            RegionWish(Position(1, "end"), Position(30.0)),
        ),
    )  # fmt: skip
    job = bench.do(spec)
    assert (job.state, job.failure) == (State.COMPLETED, None)
    assert job.result is not None
    assert job.result.generated_s == pytest.approx(2 * (0.5 + 1.0))
    assert job.result.flagged == (False, False)
    assert bench.store.usage_stats("key").cost == Decimal("0.03")

    before, _ = soundfile.read(bench.song, dtype="int16")
    for number, output in enumerate(job.result.outputs):
        assert output.key == f"out/{job.id}/first/My-Song.punched.take{number + 1}.wav"
        assert output.media_type == "audio/wav"
        path = bench.files.local_path(output.key)
        assert path is not None
        assert path.stat().st_size == output.bytes
        after, rate_hz = soundfile.read(path, dtype="int16")
        assert (rate_hz, after.shape) == (RATE, before.shape)
        changed = np.flatnonzero((before != after).any(axis=1))
        assert set(changed) <= set(range(RATE, 3 * RATE // 2)) | set(range(3 * RATE, 4 * RATE))
        assert len(changed) > RATE

    report = job.result.report
    assert (report["engine"], report["engine_version"]) == ("tone", "1")
    assert any("after the song ends" in warning for warning in report["warnings"])
    assert {"fetch", "fill", "join", "splice", "prove", "store"} <= set(report["timings_ms"])
    first, second = report["takes"]
    region = first["regions"][0]
    assert (region["start_s"], region["end_s"], region["start_frame"]) == (1.0, 1.5, RATE)
    assert {first["regions"][0]["seed"], second["regions"][0]["seed"]} == {7, 8}
    assert region["not_used"] == [{"what": "tag 'lofi'", "why": "engine 'tone' does not use it"}]
    assert "score" in region["seams"]
    assert first["proof"]["identical"] is True
    assert first["receipt"]["source"]["name"] == "My-Song.wav"
    assert [path for path in bench.left() if "work" in path.parts] == []


def test_a_song_from_the_network_in_another_format(bench: Bench) -> None:
    job = bench.do(replace_spec(tone_job("https://a.example/x"), output_format="flac"))
    assert job.result is not None
    [output] = job.result.outputs
    assert (output.name, output.media_type) == ("Ca-va.punched.flac", "audio/flac")
    path = bench.files.local_path(output.key)
    assert path is not None
    assert soundfile.info(path).format == "FLAC"


def replace_spec(spec: JobSpec, **changes: Any) -> JobSpec:
    import msgspec

    return msgspec.structs.replace(spec, **changes)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"audio": "https://lost.example/x"}, FailureCode.UNREADABLE),
        ({"audio": "upload:up/2/gone.wav"}, FailureCode.UNREADABLE),
        ({"audio": "file:///etc/passwd"}, FailureCode.UNREADABLE),
        ({"engine": "ace-step"}, FailureCode.UNAVAILABLE),
        ({"edits": (RegionWish(Position(2), Position(1)),)}, FailureCode.INVALID),
        ({"edits": (RegionWish(Position(9), Position(30)),)}, FailureCode.INVALID),
        ({"audio": "upload:up/3/text.wav"}, FailureCode.UNREADABLE),
        ({"output_format": "aiff"}, FailureCode.INVALID),
        ({"engine": "unruly", "edits": (RegionWish(Position(1), Position(2), tags=("fail",)),)},
         FailureCode.ENGINE_FAILED),
        ({"engine": "unruly", "edits": (RegionWish(Position(1), Position(2), tags=("break",)),)},
         FailureCode.INTERNAL),
    ],
)  # fmt: skip
def test_what_cannot_be_done_fails_with_its_number_and_leaves_nothing(
    bench: Bench, change: dict[str, Any], code: FailureCode
) -> None:
    bench.files.put("up/3/text.wav", b"no song at all")
    job = bench.do(replace_spec(tone_job(bench.audio), **change))
    assert job.state is State.FAILED
    assert job.failure is not None
    assert str(bench.folder) not in job.failure.message
    assert job.failure.code == code, job.failure
    assert bench.left() == []
    assert bench.store.usage_stats("key").cost == 0


def test_refused_words_cost_nothing_and_fetch_nothing(bench: Bench) -> None:
    def refuse(edits: object) -> tuple[str, ...]:
        raise Refused("those words are refused")

    bench.performer = replace(bench.performer, judge=refuse)
    job = bench.do(tone_job("https://lost.example/x"))
    assert job.failure is not None
    assert job.failure.code == FailureCode.REFUSED


def test_flagged_words_are_told_for_every_output(bench: Bench) -> None:
    bench.performer = replace(bench.performer, judge=lambda edits: ("badword",))
    job = bench.do(replace_spec(tone_job(bench.audio), takes=2))
    assert job.result is not None
    assert job.result.flagged == (True, True)
    assert job.result.report["unsafe_words"] == ["badword"]


def test_a_job_that_was_begun_too_often_is_given_up_and_not_begun_again(bench: Bench) -> None:
    job = accept(bench.store, tone_job(bench.audio))
    for attempt in ("1", "2", "3"):
        bench.store.begin(job.id, attempt)
    bench.performer.run(job.id, "4")
    failed = bench.store.job(job.id)
    assert failed.state is State.FAILED
    assert failed.failure is not None
    assert "3 times" in failed.failure.message


def test_a_job_that_is_over_is_left_alone(bench: Bench) -> None:
    job = bench.do(tone_job(bench.audio))
    bench.performer.run(job.id, "second")
    assert bench.store.job(job.id) == job
    bench.performer.run("0" * 32, "first")


def on_fill(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen in the world while the engine works."""
    original = ToneEngine.fill

    def fill(self: ToneEngine, *args: Any) -> Any:
        happens()
        return original(self, *args)

    monkeypatch.setattr(ToneEngine, "fill", fill)


def test_an_attempt_that_was_overtaken_publishes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = accept(bench.store, tone_job(bench.audio))
    on_fill(monkeypatch, lambda: bench.store.begin(job.id, "second"))
    bench.performer.run(job.id, "first")
    now = bench.store.job(job.id)
    assert (now.state, now.attempt, now.result) == (State.PROCESSING, "second", None)
    assert bench.left() == []


def test_outputs_of_a_job_that_is_cancelled_at_the_last_moment_are_removed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = accept(bench.store, tone_job(bench.audio))
    put_file = bench.files.put_file

    def put_and_cancel(*args: Any, **options: Any) -> int:
        size = put_file(*args, **options)
        bench.store.cancel(job.id)
        return size

    monkeypatch.setattr(bench.files, "put_file", put_and_cancel)
    bench.performer.run(job.id, "first")
    assert bench.store.job(job.id).state is State.CANCELLED
    assert bench.left() == []


def test_a_full_file_store_fails_the_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **options: Any) -> int:
        raise StoreError("the file store cannot be used: no space left on device")

    monkeypatch.setattr(bench.files, "put_file", full)
    spec = (
        tone_job(bench.audio) if bench.files.exists("up/1/My-Song.wav") else tone_job("https://a.example/x")
    )
    job = bench.do(spec)
    assert job.failure is not None
    assert job.failure.code == FailureCode.UNAVAILABLE
    assert "no space" in job.failure.message
    assert bench.left() == []


def test_a_ledger_that_is_away_for_a_while_costs_no_finished_work(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, away = bench.store.finish, [StoreError("away")] * 3

    def flaky(*args: Any) -> None:
        if away:
            raise away.pop()
        finish(*args)

    monkeypatch.setattr(bench.store, "finish", flaky)
    assert bench.do(tone_job(bench.audio)).state is State.COMPLETED
    assert bench.slept_s == [0.5, 1, 2]


def test_a_ledger_that_stays_away_leaves_the_job_to_another_attempt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> None:
        raise StoreError("away")

    monkeypatch.setattr(bench.store, "finish", away)
    job = accept(bench.store, tone_job(bench.audio))
    with pytest.raises(LedgerAway):
        bench.performer.run(job.id, "first")
    assert bench.store.job(job.id).state is State.PROCESSING


def test_a_job_whose_turn_it_is_not_is_not_begun(bench: Bench) -> None:
    from contextlib import nullcontext

    bench.performer = replace(bench.performer, turn_of=lambda job_id: nullcontext(False))
    assert bench.do(tone_job(bench.audio)).state is State.CREATED


def test_the_limit_of_time_fails_the_job(bench: Bench) -> None:
    bench.performer = replace(bench.performer, limit_s=0.1)
    job = bench.do(unruly_job(bench.audio, "wait 1"))
    assert job.failure is not None
    assert job.failure.code == FailureCode.TOO_SLOW
