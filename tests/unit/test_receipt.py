import json

import pytest

import punchin
from punchin.errors import ReceiptError
from punchin.receipt import Receipt
from support.engines import noise_engine
from support.songs import made_song, wav_of


@pytest.fixture
def take(tmp_path):
    return punchin.edit(
        wav_of(made_song(4.0, 8000), tmp_path / "song.wav"), 1, 2, seed=7, engine=noise_engine()
    )


def test_a_receipt_reads_back_as_it_was_written(take):
    assert Receipt.read(take.receipt_path) == take.receipt


def test_it_is_plain_json_that_a_person_can_read(take):
    text = take.receipt_path.read_text()
    record = json.loads(text)
    assert text.count("\n") > 50
    assert record["receipt"] == 1
    assert record["punches"][0]["seed"] == 7
    assert record["punches"][0]["start_frame"] == 8000
    assert record["proof"]["identical"] is True
    assert record["engine"]["name"] == "scripted"
    assert set(record["timings_ms"]) == {"cut", "fill", "join", "splice", "prove"}


def test_paths_in_it_are_relative_so_that_a_folder_can_move(take):
    assert take.receipt.source.name == "song.wav"
    assert take.receipt.output.name == "song.punched.wav"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda record: record.update(receipt=2), "form 2"),
        (lambda record: record.pop("proof"), "proof"),
        (lambda record: record["punches"][0].update(seed="x"), "seed"),
        (lambda record: record.update(extra=1), "extra"),
    ],
)
def test_what_is_not_a_receipt_is_refused_with_the_place(take, change, says):
    record = json.loads(take.receipt_path.read_text())
    change(record)
    with pytest.raises(ReceiptError, match=says):
        Receipt.from_json(json.dumps(record).encode())


def test_bytes_that_are_no_text_are_no_receipt():
    with pytest.raises(ReceiptError, match="not a receipt"):
        Receipt.from_json(b'{"receipt": "\xff"}')


def test_a_missing_receipt_says_so(tmp_path):
    with pytest.raises(ReceiptError, match=r"nowhere\.json"):
        Receipt.read(tmp_path / "nowhere.json")
