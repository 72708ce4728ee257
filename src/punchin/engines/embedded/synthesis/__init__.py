"""Synthesis: from a score to sound, with the bank's recordings and with formulas."""

from punchin.engines.embedded.synthesis.instruments import INSTRUMENTS, Instrument
from punchin.engines.embedded.synthesis.kits import KITS, Kit
from punchin.engines.embedded.synthesis.player import Player, Stem, check

__all__ = ["INSTRUMENTS", "KITS", "Instrument", "Kit", "Player", "Stem", "check"]
