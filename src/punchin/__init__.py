"""Punchin re-records a chosen part of a song and leaves every sample outside that part as it was.

    import punchin

    take = punchin.edit("song.mp3", "0:41", "0:49", tags="lofi, chill piano", seed=7)
    print(take.path, take.untouched)

Names are imported when they are first used, so that `import punchin` takes milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from punchin.edits import Edit, edits_from_json, split_tags
    from punchin.engine import Engine, EngineSpec, Filling, ManyEngine, NearRegionsEngine, Progress, Request
    from punchin.engines import installed_engines, load_engine
    from punchin.errors import PunchinError
    from punchin.inpaint import Session
    from punchin.join import JoinSettings
    from punchin.proof import Verdict
    from punchin.receipt import Receipt
    from punchin.region import Frames, Mark, Region
    from punchin.song import Song
    from punchin.songfile import Container, SongFile, open_song
    from punchin.studio import Replayed, edit, edit_all, edit_each_take, replay, verify
    from punchin.take import Take

__all__ = [
    "Container",
    "Edit",
    "Engine",
    "EngineSpec",
    "Filling",
    "Frames",
    "JoinSettings",
    "ManyEngine",
    "Mark",
    "NearRegionsEngine",
    "Progress",
    "PunchinError",
    "Receipt",
    "Region",
    "Replayed",
    "Request",
    "Session",
    "Song",
    "SongFile",
    "Take",
    "Verdict",
    "edit",
    "edit_all",
    "edit_each_take",
    "edits_from_json",
    "installed_engines",
    "load_engine",
    "open_song",
    "replay",
    "split_tags",
    "verify",
]

_HOMES = {
    "edits": ("Edit", "edits_from_json", "split_tags"),
    "engine": ("Engine", "EngineSpec", "Filling", "ManyEngine", "NearRegionsEngine", "Progress", "Request"),
    "engines": ("installed_engines", "load_engine"),
    "errors": ("PunchinError",),
    "inpaint": ("Session",),
    "join": ("JoinSettings",),
    "proof": ("Verdict",),
    "receipt": ("Receipt",),
    "region": ("Frames", "Mark", "Region"),
    "song": ("Song",),
    "songfile": ("Container", "SongFile", "open_song"),
    "studio": ("Replayed", "edit", "edit_all", "edit_each_take", "replay", "verify"),
    "take": ("Take",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'punchin' has no attribute {name!r}")
    return getattr(import_module(f"punchin.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
