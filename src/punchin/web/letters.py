"""What messages to owners' servers say, and what they are signed with."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from punchin.web import fal
from punchin.web.addresses import own_base
from punchin.web.telling import told_to_owner

if TYPE_CHECKING:
    from punchin.store import JobRecord
    from punchin.web.front import Front


def secret_of(signing_key: bytes, key_id: str) -> str:
    """The webhook secret of a key: made from the server's own, so it need not be kept, and differs for each.

    Args:
        signing_key: the server's, see `punchin.filestore.signing_key`.
        key_id: of the API key.
    """
    made = hmac.digest(signing_key, b"punchin webhook secret 1\0" + key_id.encode(), hashlib.sha256)
    return f"whsec_{base64.b64encode(made).decode()}"


@dataclass(frozen=True, slots=True)
class WireLetters:
    """Messages in the hosted API's words: the bare task, without an envelope, with its input; or in fal's.

    Attributes:
        front: the parts of the server.
    """

    front: Front

    def body_of(self, job: JobRecord) -> bytes:
        """The message about an ended job, in the words that it was asked in."""
        if job.spec.model == fal.MODEL:
            return msgspec.json.encode(fal.message_of(self.front, own_base(self.front.settings), job))
        return msgspec.json.encode(told_to_owner(self.front, job))

    def secret_of(self, key_id: str) -> str:
        """What its owner checks messages with."""
        return secret_of(self.front.signing_key, key_id)
