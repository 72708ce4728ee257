"""Where model weights live on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def models_folder() -> Path:
    """`$PUNCHIN_HOME/models`, or `models` in the user's data folder of this system where that is not set.

    The only place of this package that reads the environment; nothing is created.
    """
    home = os.environ.get("PUNCHIN_HOME")
    return (Path(home).expanduser() if home else Path(platformdirs.user_data_dir("punchin"))) / "models"
