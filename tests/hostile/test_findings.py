"""What fuzzing and hostile files have found, each once."""

import io

import pytest

from punchin.errors import SettingsError, SongError
from punchin.settings import settings_from
from punchin.songfile.mp4boxes import sample_entries
from punchin.songfile.mpeg import walk
from support import mp3s


@pytest.mark.parametrize("length", [2**62, 2**63, 2**64 - 1])
def test_a_box_may_tell_of_more_than_any_file_can_hold(length):
    data = b"\0\0\0\1free" + length.to_bytes(8, "big") + bytes(100)
    with pytest.raises(SongError, match="no index"):
        sample_entries(io.BytesIO(data), len(data))


def test_a_million_tags_are_not_walked_one_by_one(monkeypatch):
    import sys

    module = sys.modules[walk.__module__]
    looks = []
    real = module._tag_bytes
    monkeypatch.setattr(module, "_tag_bytes", lambda source, at: looks.append(at) or real(source, at))
    song = mp3s.made("cbr128")
    data = b"ID3\4\0\0\0\0\0\0" + b"LYRICSBEGIN" * 20_000 + song
    assert len(walk(io.BytesIO(data), len(data))) >= len(walk(io.BytesIO(song), len(song))) - 1
    assert len(looks) < 2000


def test_a_home_of_nobody_is_a_wrong_setting():
    with pytest.raises(SettingsError, match="PUNCHIN_HOME"):
        settings_from({"PUNCHIN_HOME": "~nobody-of-that-name/punchin"})
