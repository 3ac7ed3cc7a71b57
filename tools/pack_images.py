"""Packs image collections whose .npz hold encoded files into one plain .npz for `--dataset npz`.

    python tools/pack_images.py part0.npz part1.npz --out cifar100.npz \
        --class-names examples/tables/cifar100_classes.txt

Each input holds `blob` (bytes of all encoded images after each other), `offsets` (n + 1,) into it,
`fine_label` or `labels` (n,), and optionally `is_test` (n,). All images must have one size.
"""

from __future__ import annotations

import argparse
import io
import itertools
from pathlib import Path

import numpy as np
from PIL import Image

LABEL_KEYS = ("fine_label", "labels", "label")


def unpack(path: Path) -> dict[str, np.ndarray]:
    """`images`, `labels` and `is_test` of one collection."""
    with np.load(path, allow_pickle=False) as archive:
        blob, offsets = archive["blob"].tobytes(), archive["offsets"]
        key = next((key for key in LABEL_KEYS if key in archive.files), None)
        if key is None:
            raise SystemExit(f"{path} has no labels ({', '.join(LABEL_KEYS)})")
        labels = archive[key].astype(np.int64)
        test = archive["is_test"] if "is_test" in archive.files else np.zeros(len(labels), bool)
    spans = itertools.pairwise(offsets)
    images = [np.asarray(Image.open(io.BytesIO(blob[a:b])).convert("RGB")) for a, b in spans]
    return {"images": np.stack(images), "labels": labels, "is_test": test.astype(bool)}


def main() -> None:
    """Reads the parts, writes the whole."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--class-names", type=Path, help="text file, a name a line, label 0 first")
    arguments = parser.parse_args()
    parts = [unpack(path) for path in arguments.parts]
    whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    if not whole["is_test"].any():
        del whole["is_test"]
    if arguments.class_names:
        whole["class_names"] = np.array(arguments.class_names.read_text(encoding="utf-8").split())
    np.savez(arguments.out, allow_pickle=True, **whole)
    print(f"{arguments.out}: {len(whole['labels'])} images of {whole['images'].shape[1:]}")  # noqa: T201 - a tool's result


if __name__ == "__main__":
    main()
