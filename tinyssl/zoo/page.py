"""`card.md`: a card for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinyssl.core.intervals import wilson
from tinyssl.core.text import printable_lines
from tinyssl.zoo.card import ModelCard


def card_page(card: ModelCard) -> str:
    """The card as Markdown."""
    return printable_lines("\n".join(_lines(card))) + "\n"


def _lines(card: ModelCard) -> Iterator[str]:
    yield f"# {card.name}"
    yield ""
    yield (
        f"{card.backbone}, stem stride {card.stem_stride}, input {card.image_size}×"
        f"{card.image_size}×3, pretrained with {card.method} on {card.data['name']}, with a linear "
        f"head for {len(card.classes)} classes. Written by `tinyssl zoo add` from the records."
    )
    yield ""
    yield from _markdown_table("accuracy", _accuracy(card))
    yield from _markdown_table("origin", _origin(card))
    yield from _markdown_table(
        "file",
        {name: f"{f['bytes']:,} bytes, SHA-256 `{f['sha256']}`" for name, f in card.files.items()},
    )
    yield "Made with:"
    yield ""
    yield from (f"    {command}" for command in card.commands)
    yield ""
    yield "Classes: " + ", ".join(card.classes)


def _markdown_table(title: str, rows: dict[str, str]) -> Iterator[str]:
    yield f"| {title} | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {text} |" for name, text in rows.items())
    yield ""


def _accuracy(card: ModelCard) -> dict[str, str]:
    figures, proof = card.accuracy, card.verified
    rows = {
        "linear probe, float": _share(figures["probe"], figures.get("probe_std")),
        "this head, float": _of_images(figures["float"], figures["images"]),
        "this head, INT8 on a computer": f"{_of_images(figures['int8'], figures['images'])}, "
        f"{figures['drop_points']:+.2f} points lost",
    }
    if figures.get("device") is not None:
        rows[f"this head, INT8 on {proof['board']}"] = _of_images(
            figures["device"], figures["device_images"]
        )
    rows["kNN on the features"] = _share(figures["knn"])
    rows["same bytes as TFLite Micro"] = (
        f"{proof['equal']:,} of {proof['inputs']:,} inputs on {proof['board']}, "
        f"{proof['host_equal']:,} of {proof['host_inputs']:,} on a computer"
    )
    rows["firmware"] = f"{proof['flash_bytes']:,} bytes of flash, {proof['ram_bytes']:,} of RAM"
    return rows


def _share(value: float, std: float | None = None) -> str:
    spread = f" ± {100 * std:.2f}" if std is not None else ""
    return f"{100 * value:.2f}{spread} %"


def _of_images(share: float, count: int) -> str:
    low, high = wilson(share, count)
    return (
        f"{_share(share)} of {count:,} test images (95 % interval {100 * low:.1f} to "
        f"{100 * high:.1f} %)"
    )


def _origin(card: ModelCard) -> dict[str, str]:
    data, made = card.data, card.made
    rows = {"images": f"{_images(data)}; labels were used {data['labels']}"}
    if card.head_data:
        rows["images of the head"] = _images(card.head_data)
    rows |= {"licence of the images": data["licence"], "teacher": _teacher(card.teacher)}
    if card.started_from:
        weights, digest = card.started_from["weights"], card.started_from["sha256"]
        rows["started from"] = f"{weights}; SHA-256 `{digest[:16]}…`"
    return rows | {
        "licence of the model": card.licence,
        "trained": f"{made['finished'][:10]}, seed {made['seed']}, "
        f"{_duration(made.get('seconds'))}, on {_describe_machine(made['machine'])}, "
        f"tinyssl at commit {made['commit'][:12]}, torch {made['versions'].get('torch', '?')}",
    }


def _images(data: dict[str, Any]) -> str:
    return (
        f"{data['name']}: {data['train']:,} training, {data['val']:,} validation, "
        f"{data['test']:,} test (fingerprint {data['fingerprint'][:12]})"
    )


def _teacher(teacher: dict[str, Any]) -> str:
    if not teacher:
        return "none"
    kind = "a supervised teacher" if teacher["supervised"] else "trained without labels"
    where = f" ({teacher['trained_on']})" if teacher.get("trained_on") else ""
    return (
        f"{teacher['name']} at {teacher['image_size']} px, **{kind}**{where}; licence "
        f"{teacher['licence']}; SHA-256 `{teacher['sha256'][:16]}…`"
    )


def _duration(seconds: float | None) -> str:
    return "time unknown" if seconds is None else f"{seconds / 60:.1f} minutes"


def _describe_machine(machine: dict[str, Any]) -> str:
    return machine.get("gpu") or f"{machine.get('cpu')}, {machine.get('cores')} cores"
