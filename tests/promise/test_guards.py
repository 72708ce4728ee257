"""The proof itself: a splicer that is wrong, another length, receipts that do not tell the truth."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

import punchin
from punchin.errors import ProofError
from punchin.proof import prove
from punchin.receipt import Receipt
from punchin.region import Frames
from punchin.songfile import open_song
from punchin.splice import Method, Splice
from punchin.splice.wav import WavSplicer
from support.songs import made_song, wav_of


@pytest.fixture
def source(tmp_path):
    return wav_of(made_song(1.0, 8000, 1), tmp_path / "song.wav")


@pytest.fixture
def take(source):
    return punchin.edit(source, 0.4, 0.6, engine="tone", seed=1)


def test_a_splicer_that_writes_outside_is_caught_and_nothing_is_left(source, monkeypatch):
    honest = WavSplicer.write

    def writes_beside(self, patches, output, progress):
        beside = [
            replace(each, frames=Frames(each.frames.start - 1, each.frames.end - 1)) for each in patches
        ]
        return honest(self, beside, output, progress)

    monkeypatch.setattr(WavSplicer, "write", writes_beside)
    with pytest.raises(ProofError, match="fault of punchin"):
        punchin.edit(source, 0.4, 0.6, engine="tone", seed=1)
    assert [each.name for each in source.parent.iterdir()] == [source.name]


def test_another_length_is_no_proof(source, tmp_path):
    longer = made_song(1.0, 8000, 1).samples
    longer = wav_of(punchin.Song(np.append(longer, longer[:, :9], axis=1), 8000), tmp_path / "longer.wav")
    splice = Splice(Method.BYTES, punchin.Container.WAV, ())
    with open_song(source) as before, open_song(longer) as after:
        assert not prove(before, after, [Frames(7_999, 8_000)], splice).identical
        assert prove(before, before, [Frames(7_999, 8_000)], splice).identical


def changed(take, **more):
    """The take's receipt with other words."""
    return msgspec.structs.replace(take.receipt, **more)


def told(take, source, receipt, tmp_path):
    path = tmp_path / "lie.json"
    path.write_bytes(receipt.to_json())
    return punchin.verify(source, take.path, path)


def test_receipts_that_lie_are_found_out(take, source, tmp_path):
    assert told(take, source, take.receipt, tmp_path).holds
    punch = msgspec.structs.replace(take.receipt.punches[0], end_frame=4000, changed_end_frame=4000)
    other = msgspec.structs.replace(take.receipt.source, sha256="0" * 64)
    run = msgspec.structs.replace(take.receipt.proof.runs[0], source_sha256="0" * 64)
    proof = msgspec.structs.replace(take.receipt.proof, runs=[run, *take.receipt.proof.runs[1:]])
    for lie, said in (
        (changed(take, punches=[punch]), "differ, outside every region"),
        (changed(take, source=other), "the source is not the file"),
        (changed(take, output=other), "the output is not the file"),
        (changed(take, proof=proof), "other hashes"),
    ):
        verdict = told(take, source, lie, tmp_path)
        assert not verdict.holds
        assert any(said in problem for problem in verdict.problems), verdict.problems
    assert Receipt.from_json(take.receipt.to_json()) == take.receipt
