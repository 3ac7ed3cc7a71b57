"""Operators whose results nobody reads."""

from __future__ import annotations

from dataclasses import replace

from tinyssl.graph.changes import ChangeKind, changed
from tinyssl.graph.model import Model
from tinyssl.graph.uses import split_unread


def drop_unread(model: Model) -> Model:
    """Leaves out operators whose results neither another one nor the caller reads."""
    kept = {*model.outputs, *model.lasting}
    ops, unread = split_unread(model.ops, kept)
    if not unread:
        return model
    changes = (*model.changes, *changed(ChangeKind.UNREAD, unread))
    return replace(model, ops=tuple(ops), changes=changes)
