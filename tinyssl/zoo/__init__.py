"""Trained models that come with tinyssl. See docs/zoo.md."""

from tinyssl.zoo.add import CardTexts, add_entry
from tinyssl.zoo.card import ModelCard, ZooEntry
from tinyssl.zoo.entries import default_name, entries, entry_of, find_entry, set_default
from tinyssl.zoo.hub import pull, push
from tinyssl.zoo.sources import Sources, find_sources

__all__ = [
    "CardTexts",
    "ModelCard",
    "Sources",
    "ZooEntry",
    "add_entry",
    "default_name",
    "entries",
    "entry_of",
    "find_entry",
    "find_sources",
    "pull",
    "push",
    "set_default",
]
