"""A check of words: whether tags and lyrics contain what a list of words calls unsafe. No more than that."""

from punchin.moderation.words import Policy, Verdict, check_words

__all__ = ["Policy", "Verdict", "check_words"]
