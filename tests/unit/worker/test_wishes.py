from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from punchin.errors import EditError, RegionError
from punchin.job import Position, RegionWish
from punchin.region import Frames
from punchin.songfile import open_song
from punchin.worker.wishes import edits_of
from support.songs import made_song, wav_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from punchin.songfile import SongFile

RATE = 8000
LENGTH_S = 12


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Generator[SongFile]:
    path: Path = tmp_path_factory.mktemp("songs") / "song.wav"
    with open_song(wav_of(made_song(LENGTH_S, RATE), path)) as song:
        yield song


def frames(song: SongFile, start: Position, end: Position) -> tuple[Frames, list[str]]:
    wanted = edits_of([RegionWish(start, end)], song)
    return wanted.edits[0].region.frames(song.rate_hz, song.frames), wanted.warnings


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (Position(1), Position(2.5), (1, 2.5)),
        (Position(3, "end"), Position(1, "end"), (9, 11)),
        (Position(5), Position(0, "end"), (5, 12)),
        (Position(0.1), Position(0.3), (0.1, 0.3)),
    ],
)
def test_positions_count_from_the_start_or_back_from_the_end(
    song: SongFile, start: Position, end: Position, expected: tuple[float, float]
) -> None:
    got, warnings = frames(song, start, end)
    assert got == Frames(round(expected[0] * RATE), round(expected[1] * RATE))
    assert warnings == []


@pytest.mark.parametrize(
    ("start", "end", "expected", "word"),
    [
        (Position(2), Position(30), (2, 12), "18.000 s after the song ends"),
        (Position(30, "end"), Position(4, "end"), (0, 8), "18.000 s before the song begins"),
    ],
)
def test_what_reaches_past_the_song_is_brought_to_its_edge_and_said(
    song: SongFile, start: Position, end: Position, expected: tuple[int, int], word: str
) -> None:
    got, [warning] = frames(song, start, end)
    assert got == Frames(expected[0] * RATE, expected[1] * RATE)
    assert word in warning


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (Position(5), Position(5)),
        (Position(6), Position(5)),
        (Position(30), Position(40)),
        (Position(0), Position(30, "end")),
        (Position(0, "end"), Position(30)),
        (Position(float("nan")), Position(3)),
    ],
)
def test_an_empty_or_inverted_region_is_refused(song: SongFile, start: Position, end: Position) -> None:
    with pytest.raises(RegionError):
        frames(song, start, end)


def test_words_seed_and_parameters_come_through(song: SongFile) -> None:
    wish = RegionWish(
        Position(1), Position(2), tags=("lofi",), lyrics="la", seed=7,
        parameters={"variance": 0.25, "number_of_steps": 30},
    )  # fmt: skip
    [edit] = edits_of([wish], song).edits
    assert (edit.tags, edit.lyrics, edit.seed, edit.variance) == (("lofi",), "la", 7, 0.25)
    assert dict(edit.parameters) == {"number_of_steps": 30}


@pytest.mark.parametrize("variance", ["much", True, 2])
def test_a_variance_that_is_none_is_refused(song: SongFile, variance: object) -> None:
    wish = RegionWish(Position(1), Position(2), parameters={"variance": variance})  # type: ignore[dict-item]
    with pytest.raises(EditError, match="variance"):
        edits_of([wish], song)
