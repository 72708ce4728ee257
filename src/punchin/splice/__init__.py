"""Writes the output: the source's file with the new samples in it, and everything else as it was."""

from punchin.splice.choosing import container_of, splicer_for, suffix
from punchin.splice.model import CannotSplice, KeptBytes, Method, Patch, Splice, Splicer
from punchin.splice.recode import as_stored
from punchin.splice.writing import check_output, whole_file

__all__ = [
    "CannotSplice",
    "KeptBytes",
    "Method",
    "Patch",
    "Splice",
    "Splicer",
    "as_stored",
    "check_output",
    "container_of",
    "splicer_for",
    "suffix",
    "whole_file",
]
