"""Signed, expiring addresses: a token that allows one method on one stored file until one moment.

A token is four fields with `.` between them, all safe in an address without escaping:

    expires (Unix s, decimal) . max bytes (decimal, or empty) . content type (base64url, or empty) . signature

The signature is HMAC-SHA256 (RFC 2104) over the JSON list of a name for this use, method, key and those three
fields: JSON, because parts that are merely put one after the other can be cut at other places.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

import msgspec

from punchin.errors import NotAllowed
from punchin.filestore.keys import check_key

_FORM = re.compile(r"(\d{1,15})\.(\d{0,15})\.([A-Za-z0-9_-]{0,200})\.([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows.

    Attributes:
        method: "GET" (HEAD with it) or "PUT".
        key: the file.
        expires_at_s: until when, in Unix seconds; not at that second any more.
        max_bytes: the most that may be put, or None.
        content_type: what may be put, or "".
    """

    method: str
    key: str
    expires_at_s: int
    max_bytes: int | None = None
    content_type: str = ""


class Signer:
    """Signs and checks.

    Args:
        secret: 32 bytes or more, see `signing_key`.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError(f"a secret of {len(secret)} bytes is too short, 32 is the least")
        self._secret = secret

    def sign(
        self,
        method: str,
        key: str,
        expires_at_s: int,
        *,
        max_bytes: int | None = None,
        content_type: str = "",
    ) -> str:
        """A token for one method on one file.

        Args:
            method: "GET" or "PUT".
            key: the file.
            expires_at_s: until when, in Unix seconds.
            max_bytes: the most that may be put.
            content_type: what may be put.
        """
        fields = (
            f"{int(expires_at_s)}.{'' if max_bytes is None else max_bytes}.{_encoded(content_type.encode())}"
        )
        return f"{fields}.{self._signature(method, check_key(key), fields)}"

    def check(self, token: str, method: str, key: str, now_s: float) -> Grant:
        """Give what a token allows.

        Args:
            token: from the address.
            method: of the request; HEAD is allowed by a token for GET.
            key: the file that is asked for.
            now_s: the time, in Unix seconds.

        Raises:
            NotAllowed: it was not made here for this method and file, was changed, or has expired.
        """
        method = "GET" if method == "HEAD" else method
        parts = _FORM.fullmatch(token)
        fields, _, signature = token.rpartition(".")
        # The signature comes first: a forged token shall learn nothing, not even that it has expired.
        if parts is None or not hmac.compare_digest(
            self._signature(method, check_key(key), fields), signature
        ):
            raise NotAllowed("the address is not one that this server has made for this file and method")
        expires, most, content_type, _ = parts.groups()
        if now_s >= int(expires):
            raise NotAllowed("the address has expired; ask for the job again to get a new one")
        return Grant(method, key, int(expires), int(most) if most else None, _decoded(content_type))

    def _signature(self, method: str, key: str, fields: str) -> str:
        message = msgspec.json.encode(["punchin file address 1", method, key, fields])
        return _encoded(hmac.digest(self._secret, message, hashlib.sha256))


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> str:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
