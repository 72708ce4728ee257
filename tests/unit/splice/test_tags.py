import base64
import struct
from contextlib import suppress

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from punchin.splice.tags import Tags, comment_bytes, parse_comments, picture_bytes
from punchin.splice.tagsid3 import id3_tags
from punchin.splice.tagsogg import ogg_tags
from support.sounds import noise

NAMES = st.text("ABCDEFGHIJ_ ", min_size=1, max_size=8)


@given(st.lists(st.tuples(NAMES, st.text(st.characters(exclude_categories=["Cs"]), max_size=20)), max_size=6))
def test_comments_come_back(pairs):
    assert parse_comments(comment_bytes(tuple(pairs), "vendor ü")) == tuple(pairs)


@given(st.binary(max_size=60))
def test_damaged_comments_end_quietly(body):
    with suppress(struct.error):  # tags_of takes that for no tags
        parse_comments(body)


def frame(name, body, version, flags=b"\0\0"):
    if version == 2:
        return name + len(body).to_bytes(3, "big") + body
    size = len(body).to_bytes(4, "big") if version == 3 else syncsafe(len(body))
    return name + size + flags + body


def syncsafe(number):
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def tag(version, *frames, flags=0):
    body = b"".join(frames) + bytes(20)
    if flags & 0x80:
        body = body.replace(b"\xff", b"\xff\x00")
    return b"ID3" + bytes([version, 0, flags]) + syncsafe(len(body)) + body


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("flags", [0, 0x80])
def test_id3_text_and_picture(tmp_path, version, flags):
    if version == 4 and flags:
        return  # there each frame says it for itself
    path = tmp_path / "a.mp3"
    picture = b"\x01image/jpeg\0\x03" + "ü".encode("utf-16") + b"\0\0" + b"\xff\xd8\xff\xe0rest"
    path.write_bytes(
        tag(
            version,
            frame(b"TIT2", b"\x01" + "Tïtle".encode("utf-16"), version),
            frame(b"TPE1", b"\x03" + "Ärtist".encode(), version),
            frame(b"TCON", b"\x00Rock", version),
            frame(b"TXXX", b"\x00replaygain_track_gain\0-3 dB", version),
            frame(b"COMM", b"\x00eng\0words", version),
            frame(b"PRIV", b"who knows", version),
            frame(b"TALB", b"\x00secret", version, b"\0\x80" if version == 3 else b"\0\x08"),
            frame(b"APIC", picture, version),
            flags=flags,
        )
    )
    tags = id3_tags(path)
    assert tags.comments == (
        ("TITLE", "Tïtle"),
        ("ARTIST", "Ärtist"),
        ("GENRE", "Rock"),
        ("REPLAYGAIN_TRACK_GAIN", "-3 dB"),
        ("COMMENT", "words"),
    )
    assert tags.pictures == (picture_bytes(3, "image/jpeg", "ü", b"\xff\xd8\xff\xe0rest"),)


def test_id3_of_the_oldest_version(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(tag(2, frame(b"TT2", b"\0Old", 2), frame(b"PIC", b"\0JPG\x03front\0\xff\xd8\xff", 2)))
    assert id3_tags(path) == Tags(
        (("TITLE", "Old"),), (picture_bytes(3, "image/jpeg", "front", b"\xff\xd8\xff"),)
    )


def test_pictures_in_ogg_span_pages(tmp_path):
    path = tmp_path / "a.ogg"
    soundfile.write(path, noise(20_000).T / 32768, 44_100, format="OGG", subtype="VORBIS")
    picture = picture_bytes(3, "image/png", "", bytes(200_000))
    pairs = (
        ("TITLE", "x"),
        ("METADATA_BLOCK_PICTURE", base64.b64encode(picture).decode()),
        ("METADATA_BLOCK_PICTURE", "%"),
    )
    packet = b"\x03vorbis" + comment_bytes(pairs, "v") + b"\x01"
    first = path.read_bytes()[:58]  # the page of the identification header
    pages = b""
    for at in range(0, len(packet), 255 * 255):
        part = packet[at : at + 255 * 255]
        full, rest = divmod(len(part), 255)
        lacing = bytes([255] * full) + (bytes([rest]) if at + 255 * 255 >= len(packet) else b"")
        pages += b"OggS" + bytes(10) + first[14:18] + bytes(8) + bytes([len(lacing)]) + lacing + part
    path.write_bytes(first + pages)
    assert ogg_tags(path) == Tags((("TITLE", "x"),), (picture,))


def test_libsndfile_names():
    tags = Tags((("TITLE", "a"), ("ARTIST", "b"), ("ARTIST", "c"), ("MOOD", "blue")), (b"x",))
    assert tags.for_libsndfile() == {"title": "a", "artist": "b; c"}
    assert tags.beyond_libsndfile() == ("MOOD",)
