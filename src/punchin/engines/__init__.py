"""The engines that come with Punchin, and the door through which every engine is found."""

from punchin.engines.finding import EngineEntry, find_engine, installed_engines, load_engine

__all__ = ["EngineEntry", "find_engine", "installed_engines", "load_engine"]
