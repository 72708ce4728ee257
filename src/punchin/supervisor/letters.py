"""What messages to owners' servers say, and how they travel, from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from punchin.dispatch.signing import webhook_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punchin.dispatch import Dispatcher
    from punchin.filestore import FileStore
    from punchin.settings import Settings
    from punchin.store import JobRecord, Store


@dataclass(frozen=True, slots=True)
class WebLetters:
    """Messages in the hosted API's words: the task as a client reads it, without the envelope."""

    settings: Settings
    store: Store
    files: FileStore
    dispatcher: Dispatcher
    signing_key: bytes

    def body_of(self, job: JobRecord) -> bytes:
        """See `Letters.body_of`."""
        # Here, since a supervisor that sends nothing need not load the web framework.
        from punchin.filestore import Signer
        from punchin.web.addresses import Addresses
        from punchin.web.front import Front
        from punchin.web.telling import told_to_owner

        addresses = Addresses(
            Signer(self.signing_key), self.settings.link_hours * 3600, self.settings.upload_minutes * 60
        )
        front = Front(
            settings=self.settings,
            store=self.store,
            files=self.files,
            addresses=addresses,
            dispatcher=self.dispatcher,
        )
        return msgspec.json.encode(told_to_owner(front, job))

    def secret_of(self, key_id: str) -> str:
        """See `Letters.secret_of`."""
        return webhook_secret(self.signing_key, key_id)


def post_with(settings: Settings, address: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send a message by this server's rules."""
    from punchin.fetching import post

    return post(address, body, headers, trusted_hosts=settings.trusted_hosts, allow_http=settings.allow_http)
