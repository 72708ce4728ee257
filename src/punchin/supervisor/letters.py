"""What messages to owners' servers say, and how they travel, from the settings."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punchin.settings import Settings
    from punchin.store import JobRecord
    from punchin.supervisor.delivering import Letters


class LateLetters:
    """The messages of the API, which is loaded with the first one: most supervisors never send any.

    Args:
        settings: of this server.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._letters: Letters | None = None
        self._making = threading.Lock()

    @property
    def _made(self) -> Letters:
        with self._making:
            if self._letters is None:
                from punchin.web import letters_of

                self._letters = letters_of(self._settings)
            return self._letters

    def body_of(self, job: JobRecord) -> bytes:
        """See `Letters.body_of`."""
        return self._made.body_of(job)

    def secret_of(self, key_id: str) -> str:
        """See `Letters.secret_of`."""
        return self._made.secret_of(key_id)


def post_with(settings: Settings, address: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send a message by this server's rules; see `punchin.fetching.post`."""
    from punchin.fetching import post

    return post(address, body, headers, trusted_hosts=settings.trusted_hosts, allow_http=settings.allow_http)
