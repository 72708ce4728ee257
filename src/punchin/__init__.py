"""Punchin re-records a chosen part of a song and leaves every sample outside that part as it was."""
