"""The process that reads a stranger's song: `python -m punchin.worker.inside FD`, forked once for each job.

Here runs everything that trusts the content of the file: parsing, decoding, joining, splicing, proving. The
engine does not: it stays with the worker, and gets the window over the line.
"""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from punchin.confinement import Confinement, confine, serve
from punchin.engine import EngineSpec, Filling
from punchin.errors import OutputError, PunchinError, SongError, TooLarge
from punchin.job import Position, RegionWish
from punchin.onethread import one_thread
from punchin.region import Frames
from punchin.worker.editing import Order, edited
from punchin.worker.lines import Line, sounds_in
from punchin.worker.messages import (
    NO_MEMORY,
    Begin,
    Begun,
    Call,
    Done,
    EngineProgressed,
    Failed,
    FillAsked,
    Filled,
    Garbled,
    Message,
    Progressed,
    TakeTold,
    WindowAsked,
    WindowTold,
    edit_told,
    filling_heard,
    form_of,
    frames_heard,
    run_told,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from punchin.edits import Edit
    from punchin.engine import Engine, Progress
    from punchin.song import Song

EVERY_S = 0.05
"""Reports that come faster are passed over, unless the stage changes."""
_READING = "punchin.songfile"

T = TypeVar("T")


class Teller:
    """The `Progress` of the edit: tells the worker. What the worker thinks of it is not waited for: it ends
    this process when the job is not wanted any more.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._stage, self._told_s = "", float("-inf")
        self.every = False

    def __call__(self, stage: str, fraction: float) -> None:
        """See `punchin.engine.Progress`."""
        now = time.monotonic()
        if self.every or stage != self._stage or now - self._told_s >= EVERY_S:
            self._stage, self._told_s = stage, now
            self._line.send(Progressed(stage, fraction))


class FarEngine:
    """Stands in for the worker's engine."""

    def __init__(self, spec: EngineSpec, line: Line, teller: Teller) -> None:
        self._spec, self._line, self._teller = spec, line, teller

    @property
    def spec(self) -> EngineSpec:
        """That of the real one."""
        return self._spec

    def load(self) -> None:
        """The worker's is loaded."""

    def window(self, hole: Frames, total: int, rate_hz: int, edit: Edit) -> Frames:
        """See `Engine.window`."""
        window = self._window([hole], total, rate_hz, [edit], together=False)
        if window is None:
            raise Garbled("there is always a window of one hole")
        return window

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
        """See `Engine.fill`."""
        return self._filled("fill", window, [hole], [edit], progress)[0][0]

    def _window(
        self, holes: Sequence[Frames], total: int, rate_hz: int, edits: Sequence[Edit], *, together: bool
    ) -> Frames | None:
        self._line.send(
            WindowAsked(tuple(map(run_told, holes)), total, rate_hz, tuple(map(edit_told, edits)), together)
        )
        window = _as(WindowTold, self._line.receive()[0]).window
        return None if window is None else frames_heard(window)

    def _filled(
        self, call: Call, window: Song, holes: Sequence[Frames], edits: Sequence[Edit], progress: Progress
    ) -> list[list[Filling]]:
        asked = FillAsked(
            call=call,
            holes=tuple(map(run_told, holes)),
            rate_hz=window.rate_hz,
            form=form_of(window.samples),
            edits=tuple(map(edit_told, edits)),
        )
        self._line.send(asked, [window.samples])
        self._teller.every = True  # the worker waits for each answer
        try:
            answer, sound = self._line.receive()
            while isinstance(answer, EngineProgressed):
                progress(answer.stage, answer.fraction)
                answer, sound = self._line.receive()
        finally:
            self._teller.every = False
        told = _as(Filled, answer).fillings
        arrays = iter(sounds_in(sound, [filling.form for row in told for filling in row]))
        return [[filling_heard(filling, next(arrays)) for filling in row] for row in told]


class _Takes(FarEngine):
    def fill_takes(
        self, window: Song, hole: Frames, edits: Sequence[Edit], progress: Progress
    ) -> Sequence[Filling]:
        """See `TakesEngine.fill_takes`."""
        return [row[0] for row in self._filled("fill_takes", window, [hole], edits, progress)]


class _Near(FarEngine):
    def window_together(
        self, holes: Sequence[Frames], total: int, rate_hz: int, edits: Sequence[Edit]
    ) -> Frames | None:
        """See `NearRegionsEngine.window_together`."""
        return self._window(holes, total, rate_hz, edits, together=True)

    def fill_together(
        self, window: Song, holes: Sequence[Frames], edits: Sequence[Edit], progress: Progress
    ) -> Sequence[Sequence[Filling]]:
        """See `NearRegionsEngine.fill_together`."""
        return self._filled("fill_together", window, holes, edits, progress)


class _TakesNear(_Takes, _Near):
    pass


_ENGINES: dict[tuple[bool, bool], type[FarEngine]] = {
    (False, False): FarEngine,
    (True, False): _Takes,
    (False, True): _Near,
    (True, True): _TakesNear,
}
"""By what the real one can, takes at once and near regions together: what an engine has, it is asked for."""


def _as(kind: type[T], message: Message) -> T:
    if not isinstance(message, kind):
        raise Garbled(f"{type(message).__name__} came where {kind.__name__} was expected")
    return message


def work(ours: socket.socket) -> None:
    """One job."""
    # The worker limits what it hears; this side hears only the worker.
    line = Line(ours, sys.maxsize)
    begin = _as(Begin, line.receive()[0])
    line.send(_outcome(lambda: _confined(begin, line), begin))


def _confined(begin: Begin, line: Line) -> Done:
    tempfile.tempdir = str(Path(begin.order.song).parent)
    line.send(Begun(str(confine(Confinement.from_json(begin.confinement)))))
    teller = Teller(line)
    engine = _ENGINES[begin.takes, begin.near](begin.engine, line, teller)
    return _done(begin.order, engine, teller)


def _done(order: Order, engine: Engine, progress: Progress) -> Done:
    made = edited(order, engine, progress)
    takes = tuple(TakeTold(take.path.name, take.receipt.to_json()) for take in made.takes)
    return Done(takes, tuple(made.warnings))


def _outcome(do: Callable[[], Done], begin: Begin) -> Done | Failed:
    try:
        return do()
    except MemoryError:
        return Failed(NO_MEMORY, "")
    except OutputError as error:
        number = getattr(error.__cause__, "errno", None) or 0
        if number == errno.EFBIG and resource.getrlimit(resource.RLIMIT_FSIZE)[0] == begin.most_output_bytes:
            return Failed(TooLarge.code, _too_large(begin.most_output_bytes))
        return Failed(error.code, str(error), number)
    except PunchinError as error:
        return Failed(error.code, str(error))
    except Exception as error:  # noqa: BLE001 - the worker logs it
        trace = "".join(traceback.format_exception(error))
        # A package that is not there, or cannot be opened from here, is no fault of the song.
        if _while_reading(error.__traceback__) and not isinstance(error, ImportError):
            return Failed(SongError.code, _confusing(begin.order.song), trace=trace)
        return Failed("", "", trace=trace)


def _too_large(most_bytes: int) -> str:
    return (
        f"the output would be larger than {most_bytes / 1e6:.0f} MB, which is this server's limit; "
        "ask for flac or mp3, or send a shorter part of the song"
    )


def _confusing(song: str) -> str:
    return f"{Path(song).name} could not be read safely: its structure makes no sense"


def _while_reading(trace: TracebackType | None) -> bool:
    """Whether an error came out of a reader of songs: then the file is odd, not the edit."""
    names = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(trace)]
    return any(name == _READING or name.startswith(f"{_READING}.") for name in names)


class _Echo:
    """An engine that gives back what was there, for warming up."""

    spec = EngineSpec(name="echo", version="1", summary="Gives back what it hears.")

    def load(self) -> None:
        pass

    def window(self, hole: Frames, total: int, rate_hz: int, edit: Edit) -> Frames:  # noqa: ARG002
        return Frames(0, total)

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:  # noqa: ARG002
        return Filling(song=window.cut(hole))


def warm() -> None:
    """Import whatever an edit imports late: a child would have to do it again for each job."""
    import numpy as np
    import soundfile

    with tempfile.TemporaryDirectory(prefix="punchin-") as folder:
        for name in ("song.wav", "song.flac", "song.mp3"):
            song = Path(folder) / name
            steps = np.arange(2 * 44_100)[:, None] * np.array([440.0, 554.0]) / 44_100
            soundfile.write(song, 0.2 * np.sin(2 * np.pi * steps), 44_100)
            wish = RegionWish(Position(0.5), Position(1.5), seed=1)
            edited(Order(song=str(song), edits=(wish,)), _Echo(), lambda stage, fraction: None)  # noqa: ARG005


def main() -> None:
    """Be the zygote of these processes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    # Around all that the children do: the libraries to limit are found in /proc, which they cannot open.
    with one_thread():
        try:
            warm()
        except (PunchinError, OSError) as error:
            sys.stderr.write(f"cannot warm up, so the first songs take longer: {error}\n")
        os.chdir("/")
        serve(control, work)


if __name__ == "__main__":
    main()
