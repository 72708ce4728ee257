"""Where model weights live on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from punchin.settings import settings_from

if TYPE_CHECKING:
    from pathlib import Path


def models_folder() -> Path:
    """`models` in the home of the settings; nothing is created.

    The only place of this package that reads the environment: engines are made without arguments, so whoever
    wants another folder makes the engine with it.

    Raises:
        SettingsError: if the settings cannot be read.
    """
    return settings_from(os.environ).home.expanduser() / "models"
