from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.edits import Edit
from punchin.engine import EngineSpec, Filling, Unused
from punchin.errors import Cancelled
from punchin.job import Position, RegionWish
from punchin.region import Mark, Region
from punchin.song import Song
from punchin.worker.editing import Order
from punchin.worker.lines import Line, LineEnded, sounds_in
from punchin.worker.messages import (
    Begin,
    EditTold,
    Filled,
    Garbled,
    Message,
    Progressed,
    edit_heard,
    edit_told,
    filling_heard,
    filling_told,
    form_of,
    frames_heard,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

marks = st.builds(
    Mark, st.fractions(min_value=0, max_value=10**6, max_denominator=10**30), st.booleans(), st.booleans()
)
edits = st.builds(
    Edit,
    region=st.builds(Region, marks, marks),
    tags=st.lists(st.text()).map(tuple),
    lyrics=st.text(),
    seed=st.none() | st.integers(0, 2**31 - 1),
    variance=st.none() | st.floats(0, 1),
    parameters=st.dictionaries(
        st.text(), st.text() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans()
    ),
)


@given(edits)
def test_an_edit_is_the_same_on_the_other_side(edit: Edit) -> None:
    sent = msgspec.msgpack.encode(edit_told(edit))
    heard = edit_heard(msgspec.msgpack.decode(sent, type=EditTold))
    assert heard == edit


def test_a_begin_is_the_same_on_the_other_side_with_an_engine_of_any_length() -> None:
    spec = EngineSpec(name="a", version="1", summary="b", honours=frozenset({"tags"}), longest_s=float("inf"))
    wish = RegionWish(Position(1.25), Position(2, "end"), parameters={"a": 1, "b": 0.5, "c": True, "d": "e"})
    begin = Begin(Order(song="/a/b c.wav", edits=(wish,)), spec, True, False, "{}", 1)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(begin), type=Message) == begin


@contextmanager
def linked(
    most: int = 1 << 20, tick: Callable[[], None] = lambda: None
) -> Generator[tuple[Line, Line, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield Line(one, most, tick), Line(other, most), other


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8", ">f4"])
def test_sound_and_everything_about_it_arrives_bit_for_bit(kind: str) -> None:
    generator = np.random.default_rng(1)
    samples = [generator.normal(size=(channels, 100)).astype(kind) for channels in (1, 2)]
    samples[0][0, :3] = [np.nan, np.inf, -0.0]
    fillings = [
        Filling(song=Song(one.T.copy().T, 8000), unused=(Unused("a", "b"),), details={"x": [1, None]})
        for one in samples
    ]
    filled = Filled((tuple(map(filling_told, fillings)),))
    with linked() as (here, there, _):
        sender = threading.Thread(target=here.send, args=(filled, samples))
        sender.start()
        message, body = there.receive()
        sender.join()
    assert isinstance(message, Filled)
    told = message.fillings[0]
    arrays = sounds_in(body, [one.form for one in told])
    heard = [filling_heard(one, array) for one, array in zip(told, arrays, strict=True)]
    for before, after in zip(fillings, heard, strict=True):
        little = np.dtype(kind).newbyteorder("<")
        assert before.song.samples.astype(little).tobytes() == after.song.samples.tobytes()
        assert (after.unused, after.details) == (before.unused, {"x": [1, None]})


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_end_the_talk(noise: bytes) -> None:
    def listen(line: Line) -> None:
        while True:
            line.receive()

    with linked() as (here, _, raw):
        raw.sendall(noise)
        raw.close()
        with pytest.raises((Garbled, LineEnded)):
            listen(here)


@given(st.binary(max_size=60))
def test_no_words_do_more_than_be_refused(noise: bytes) -> None:
    with linked() as (here, _, raw):
        raw.sendall(struct.pack("!QQ", len(noise), 0) + noise)
        try:
            message, _ = here.receive()
        except Garbled:
            return
        assert isinstance(message, Message)


@pytest.mark.parametrize("lengths", [(1 << 40, 0), (2, 1 << 40), (2, (1 << 20) + 1)])
def test_more_than_allowed_is_not_even_read(lengths: tuple[int, int]) -> None:
    with linked() as (here, _, raw):
        raw.sendall(struct.pack("!QQ", *lengths))
        with pytest.raises(Garbled, match="too large"):
            here.receive()


def test_while_it_waits_it_looks_whether_to_go_on() -> None:
    def stop() -> None:
        raise Cancelled

    with linked(tick=stop) as (here, _, _), pytest.raises(Cancelled):
        here.receive()
    # Nor does it wait for ever for one that does not listen.
    with linked(tick=stop) as (here, _, _), pytest.raises(Cancelled):
        here.send(Progressed("a", 0.0), [np.zeros((1, 10_000_000))])


@pytest.mark.parametrize(
    "forms", [[("<f4", 1, 3)], [("<f4", 1, 5)], [("|O", 1, 1)], [("<f4", -1, -4)], [("<i4", 1, 4)], []]
)
def test_sound_that_is_not_what_was_said_is_refused(forms: list[Any]) -> None:
    with pytest.raises(Garbled):
        sounds_in(np.zeros(16, np.uint8), forms)


def test_frames_and_edits_that_cannot_be_are_refused() -> None:
    with pytest.raises(Garbled):
        frames_heard((5, 4))
    good = edit_told(Edit(region=Region(Mark(Fraction(0)), Mark(Fraction(1)))))
    for bad in (
        {"seed": -1},
        {"variance": 7.0},
        {"start": msgspec.structs.replace(good.start, offset="1/0")},
    ):
        with pytest.raises(Garbled):
            edit_heard(msgspec.structs.replace(good, **bad))


def test_an_array_is_told_by_type_channels_and_frames() -> None:
    assert form_of(np.zeros((2, 5), np.float32)) == ("<f4", 2, 5)
