"""Trained models that come with tinyssl. See docs/zoo.md."""

from tinyssl.zoo.add import Words, add_entry
from tinyssl.zoo.card import Card, Entry
from tinyssl.zoo.entries import default_name, entries, find_entry, set_default
from tinyssl.zoo.sources import Sources, find_sources

__all__ = [
    "Card",
    "Entry",
    "Sources",
    "Words",
    "add_entry",
    "default_name",
    "entries",
    "find_entry",
    "find_sources",
    "set_default",
]
