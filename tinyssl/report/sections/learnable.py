"""What can learn in the firmware, what a step takes, and how `--train-ram` chose it."""

from __future__ import annotations

from collections.abc import Iterator

from tinyssl.report.chain import Chain
from tinyssl.report.page import BarCell, Block, Column, Note, PageSection, PageTable
from tinyssl.report.values import Fields, grouped, percent, ratio, rows

LARGEST = 12
"""Tensors that are shown before the table is folded"""
SHARE = "share of the fall of the loss that a step on all tensors would bring, to the first order"


def learnable(chain: Chain) -> PageSection | None:
    """Costs of a step, and the ranking where a budget of RAM chose what learns."""
    if chain.build is None or not chain.build.training:
        return None
    training, selection = Fields(chain.build.training), Fields(chain.build.selection)
    blocks: list[Block] = [Note(text, "plain") for text in _costs(Fields(chain.build.learning))]
    ranking = rows(selection.get("ranking"))
    if ranking:
        blocks += [_budget(selection), _ranking(ranking, selection)]
    what = "chosen by --train-ram" if ranking else training.text("what")
    lead = (
        f"What learns: {what}, in {training.text('weights') or 'float32'}, by"
        f" {training.text('loss')}. The rest is frozen in flash."
    )
    return PageSection("learnable", "What can learn on the device", lead, tuple(blocks))


def _costs(found: Fields) -> Iterator[str]:
    step, error = found.number("step_instructions"), found.number("error")
    if step is not None:
        yield (
            f"A training step takes about {grouped(step)} instructions, the inference before it"
            f" {grouped(found.number('inference_instructions'))}: estimates, up to"
            f" {percent(error, 0)} off."
        )
    code = found.number("flash_code")
    if code is not None:
        yield (
            f"In the linked image the code of learning takes {grouped(code)} bytes of flash, first"
            f" values of parameters {grouped(found.number('flash_first_values'))}."
        )


def _budget(selection: Fields) -> PageTable:
    taken, limit = selection.number("ram"), selection.number("budget")
    share = ratio(taken, limit)
    bar = BarCell(percent(share, 1), min(max(share or 0.0, 0.0), 1.0))
    return PageTable(
        (
            Column("RAM for learning", numeric=False),
            Column("By the plan, bytes"),
            Column("Budget, bytes"),
            Column("Share"),
        ),
        (("beside the inference", grouped(taken), grouped(limit), bar),),
    )


def _ranking(ranking: list[Fields], selection: Fields) -> PageTable:
    whole = sum(max(each.number("score") or 0.0, 0.0) for each in ranking) or 1.0
    shares = [(each.number("score") or 0.0) / whole for each in ranking]
    chosen = [each.get("chosen") is True for each in ranking]
    lines = tuple(
        (
            each.text("name"),
            "learns" if learns else "",
            BarCell(percent(share, 1), min(max(share, 0.0), 1.0)),
            grouped(each.number("bytes")),
        )
        for each, share, learns in zip(ranking, shares, chosen, strict=True)
    )
    gained = percent(sum(share for share, learns in zip(shares, chosen, strict=True) if learns), 0)
    samples = grouped(selection.number("samples"))
    folded = f"All {len(lines)} weights and biases" if len(lines) > LARGEST else ""
    return PageTable(
        (
            Column("Weights or biases", numeric=False, code=True),
            Column("", numeric=False),
            Column("Gain"),
            Column("Values, bytes"),
        ),
        lines,
        f"{sum(chosen)} of {len(lines)} tensors learn, with {gained} of the gain: the {SHARE}."
        f" Measured from the gradients of {samples} samples on this computer.",
        folded=folded,
    )
