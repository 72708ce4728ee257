import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.errors import NotAllowed
from punchin.filestore import check_key, key_name

NO_KEYS = [
    "", "/", "/etc/passwd", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "a/./b", ".hidden", "a/.b",
    "-a", "a\\b",
    "C:\\a", "c:a", "a\x00b", "a\nb", "a b", "a\tb", "ü", "a#1", "a?b", "a%2e%2e", "~", "a*", "a\x7f",
    "x" * 201, "/".join(["x" * 100] * 10),
]  # fmt: skip


@pytest.mark.parametrize("key", NO_KEYS)
def test_what_could_lead_elsewhere_is_no_key(key):
    with pytest.raises(NotAllowed):
        check_key(key)


@pytest.mark.parametrize("key", ["a", "up/1f/song.wav", "out/4e/a_1/take-1.flac", "_x", "a..b", "x" * 200])
def test_plain_names_with_slashes_are_keys(key):
    assert check_key(key) == key


@given(st.text(max_size=300))
def test_any_file_name_becomes_one_name_of_a_key(filename):
    name = key_name(filename)
    assert check_key(name) == name
    assert "/" not in name


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("song.wav", "song.wav"),
        ("Ça va? (live).wav", "Ca-va-live.wav"),
        ("../../etc/passwd", "passwd"),
        ("C:\\songs\\a.mp3", "a.mp3"),
        ("歌.flac", "file.flac"),
        ("", "file"),
        (".wav", "file.wav"),
        ("a.b.c.wav", "a-b-c.wav"),
    ],
)
def test_file_names_stay_readable(filename, name):
    assert key_name(filename) == name
