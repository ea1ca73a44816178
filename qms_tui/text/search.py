"""Texts that somebody looks for."""

from __future__ import annotations


def has_words(words: str, *texts: str) -> bool:
    """Whether each of the words is somewhere in the texts, in whatever case."""
    text = " ".join(texts).casefold()
    return all(word in text for word in words.casefold().split())
