import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.errors import NotAllowed
from punchin.filestore import Grant, Signer

SIGNER = Signer(b"k" * 32)
TOKEN = SIGNER.sign("PUT", "up/1f/a.wav", 1000, max_bytes=500, content_type="audio/x-wav")


def test_a_token_gives_back_what_was_granted():
    assert SIGNER.check(TOKEN, "PUT", "up/1f/a.wav", 999.9) == Grant(
        "PUT", "up/1f/a.wav", 1000, 500, "audio/x-wav"
    )
    short = SIGNER.sign("GET", "a", 7)
    assert SIGNER.check(short, "GET", "a", 0) == Grant("GET", "a", 7, None, "")


def test_head_goes_with_get_alone():
    assert SIGNER.check(SIGNER.sign("GET", "a", 7), "HEAD", "a", 0).method == "GET"
    with pytest.raises(NotAllowed):
        SIGNER.check(TOKEN, "HEAD", "up/1f/a.wav", 0)


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("GET", "up/1f/a.wav"),
        ("PUT", "up/1f/b.wav"),
        ("PUT", "up/1f"),
        ("DELETE", "up/1f/a.wav"),
        ("put", "up/1f/a.wav"),
    ],
)
def test_another_method_or_key_is_refused(method, key):
    with pytest.raises(NotAllowed, match="not one"):
        SIGNER.check(TOKEN, method, key, 0)


def test_it_expires_and_only_then_says_so():
    with pytest.raises(NotAllowed, match="expired"):
        SIGNER.check(TOKEN, "PUT", "up/1f/a.wav", 1000)
    with pytest.raises(NotAllowed, match="not one"):
        SIGNER.check(TOKEN, "GET", "up/1f/a.wav", 1000)


@pytest.mark.parametrize("place", range(len(TOKEN)))
def test_no_letter_can_be_changed_or_left_out(place):
    for letter in "0A9z.-_":
        if letter != TOKEN[place]:
            with pytest.raises(NotAllowed, match="not one"):
                SIGNER.check(TOKEN[:place] + letter + TOKEN[place + 1 :], "PUT", "up/1f/a.wav", 0)
    with pytest.raises(NotAllowed, match="not one"):
        SIGNER.check(TOKEN[:place] + TOKEN[place + 1 :], "PUT", "up/1f/a.wav", 0)


@pytest.mark.parametrize("field", [0, 1, 2])
def test_no_field_can_be_exchanged_for_that_of_another_token(field):
    other = SIGNER.sign("PUT", "up/1f/a.wav", 2000, max_bytes=10**9, content_type="text/html").split(".")
    mixed = TOKEN.split(".")
    mixed[field] = other[field]
    with pytest.raises(NotAllowed, match="not one"):
        SIGNER.check(".".join(mixed), "PUT", "up/1f/a.wav", 0)


def test_digits_cannot_wander_between_fields():
    token = SIGNER.sign("GET", "a", 10, max_bytes=5)
    for moved in ("105..", "1.05.", "10.5.", "010.5."):
        signature = token.rpartition(".")[2]
        if f"{moved}.{signature}" != token:
            with pytest.raises(NotAllowed, match="not one"):
                SIGNER.check(f"{moved}.{signature}", "GET", "a", 0)


def test_another_secret_signs_otherwise():
    with pytest.raises(NotAllowed, match="not one"):
        Signer(b"l" * 32).check(TOKEN, "PUT", "up/1f/a.wav", 0)
    with pytest.raises(ValueError, match="too short"):
        Signer(b"short")


@given(st.text(max_size=100))
def test_nonsense_is_refused_not_stumbled_over(token):
    with pytest.raises(NotAllowed):
        SIGNER.check(token, "GET", "a", 0)


@given(st.text(max_size=30).filter(lambda key: key != "a"))
def test_no_other_key_goes_through(key):
    with pytest.raises(NotAllowed):
        SIGNER.check(SIGNER.sign("GET", "a", 10), "GET", key, 0)


@given(
    st.integers(0, 10**12), st.one_of(st.none(), st.integers(0, 10**12)), st.text("abc/;= -+.", max_size=60)
)
def test_tokens_need_no_escaping(expires_at_s, most, kind):
    token = SIGNER.sign("PUT", "a", expires_at_s, max_bytes=most, content_type=kind)
    assert set(token) <= set(string.ascii_letters + string.digits + "._-")
    assert SIGNER.check(token, "PUT", "a", -1) == Grant("PUT", "a", expires_at_s, most, kind)


def test_the_signature_is_compared_in_constant_time(monkeypatch):
    from punchin.filestore import signing

    compared = []
    real = signing.hmac.compare_digest
    monkeypatch.setattr(signing.hmac, "compare_digest", lambda *pair: compared.append(pair) or real(*pair))
    SIGNER.check(TOKEN, "PUT", "up/1f/a.wav", 0)
    assert compared
