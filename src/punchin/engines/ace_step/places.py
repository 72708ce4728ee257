"""Where model weights live on this machine, and how its owner wants models to run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from punchin.engines.ace_step.options import RigOptions, options_from
from punchin.settings import settings_from

if TYPE_CHECKING:
    from pathlib import Path


def models_folder() -> Path:
    """`models` in the home of the settings; nothing is created.

    This file is the only place of this package that reads the environment: engines are made without
    arguments, so whoever wants another folder makes the engine with it.

    Raises:
        SettingsError: if the settings cannot be read.
    """
    return settings_from(os.environ).home.expanduser() / "models"


def owner_options() -> RigOptions:
    """How models run on this machine, as the settings say: `PUNCHIN_DEVICES` and `PUNCHIN_ACE_STEP`.

    Raises:
        SettingsError: if the settings cannot be read, or name an option that there is not.
    """
    settings = settings_from(os.environ)
    return options_from(settings.ace_step, device=next(iter(settings.devices), "auto"))
