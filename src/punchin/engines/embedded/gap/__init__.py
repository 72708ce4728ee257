"""Repairs a gap of less than a tenth of a second: too short for new music, short enough to be predicted."""

from punchin.engines.embedded.gap.repairing import LONGEST_S, is_gap, repair

__all__ = ["LONGEST_S", "is_gap", "repair"]
