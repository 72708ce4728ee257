"""The engines that come with Punchin, and the door through which every engine is found."""

from punchin.engines.finding import EngineEntry, installed_engines, load_engine

__all__ = ["EngineEntry", "installed_engines", "load_engine"]
