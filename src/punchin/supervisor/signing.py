"""How a message to an owner's server proves where it comes from, in the hosted API's way."""

from __future__ import annotations

import hashlib
import hmac

PREFIX = "whsec_"


def signed_headers(delivery_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """The headers of a message.

    The signature is the hexadecimal HMAC-SHA256 over `id.timestamp.body`; its key is the text of the secret
    without `whsec_`, not decoded.

    Args:
        delivery_id: the same for every try.
        timestamp: of this try, Unix seconds; receivers refuse what is older than 300 s.
        body: as it is sent.
        secret: of the key's owner.
    """
    content = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.removeprefix(PREFIX).encode(), content, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v3,{digest}",
    }
