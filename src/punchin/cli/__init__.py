"""The command `punchin`."""

from punchin.cli.command import main, punchin

__all__ = ["main", "punchin"]
