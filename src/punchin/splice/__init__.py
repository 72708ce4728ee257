"""Writes the output: the source's file with the new samples in it, and everything else as it was."""
