"""The service's face: the hosted API's routes, Punchin's own, uploads and downloads. It computes nothing.

create_app(settings) -> FastAPI
letters_of(settings)    what webhooks say and are signed with, for whoever sends them
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.web.app import create_app, front_of
from punchin.web.letters import WireLetters

if TYPE_CHECKING:
    from punchin.settings import Settings


def letters_of(settings: Settings) -> WireLetters:
    """The messages of a server.

    Raises:
        SettingsError, StoreError: as `front_of`.
    """
    return WireLetters(front_of(settings))


__all__ = ["WireLetters", "create_app", "front_of", "letters_of"]
