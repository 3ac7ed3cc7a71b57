"""Which backbone suits the pictures best: candidates of `tinyssl fit`, compared by folds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyssl.core.config import DataConfig, ProbeConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.intervals import wilson
from tinyssl.core.paths import existing
from tinyssl.core.records import RunRecord, Workspace, read_record
from tinyssl.stages.call import Call


@dataclass(frozen=True)
class BackboneCandidate:
    """A backbone that may be taken."""

    name: str
    """As it is shown"""
    weights: Path
    image_size: int
    """Pixels"""


@dataclass(frozen=True)
class BackboneChoice:
    """The candidate with the highest accuracy in the folds."""

    candidate: BackboneCandidate
    accuracies: dict[str, float]
    """Name of a candidate -> accuracy in the folds, in [0, 1]; empty where there was one"""
    honest: float | None = None
    """Accuracy where each fold takes the candidate that its own training part prefers, in [0, 1].
    The winner's own figure is a little too high, for it is the best of several"""
    samples: int = 0

    def lines(self) -> list[str]:
        """What the user reads of it."""
        if self.honest is None:
            return [f"backbone: {self.candidate.name}"]
        shown = []
        for name, share in sorted(self.accuracies.items(), key=lambda item: -item[1]):
            low, high = wilson(share, self.samples)
            shown.append(
                f"{name}: {100 * share:.1f} % in the folds (95 % interval {100 * low:.0f} to "
                f"{100 * high:.0f})"
            )
        return [
            *shown,
            f"backbone: {self.candidate.name}, the best of {len(shown)}; a choice like that is "
            f"right in {100 * self.honest:.1f} %",
        ]


def candidates(
    call: Call, zoo: tuple[str, ...], backbones: tuple[str, ...], runs: tuple[str, ...]
) -> list[BackboneCandidate]:
    """The backbones that were named; of none, all of the zoo and the workspace's last pretraining.

    Raises:
        UsageError: One is not there, or there is none at all.
        ModelError: One is damaged.
    """
    found = [_of_run(read_record(call.workspace.run_folder(Path(run)))) for run in runs]
    found += [_of_file(existing(path, "--backbone") or Path()) for path in backbones]
    found += [_of_zoo(name) for name in zoo]
    if found:
        return found
    own = _last_pretraining(call.workspace)
    return [*_whole_zoo(required=own is None), *([_of_run(own)] if own else [])]


def _of_zoo(name: str | None) -> BackboneCandidate:
    from tinyssl.zoo import find_entry

    entry = find_entry(name)
    card = entry.card
    shown = f"{card.name} of the zoo (pretrained on {card.data['name']} with {card.method})"
    return BackboneCandidate(shown, entry.backbone, _image_size(entry.backbone))


def _whole_zoo(*, required: bool) -> list[BackboneCandidate]:
    """All entries that take pictures; none is an error where they are `required`."""
    from tinyssl.zoo import entries

    known = entries()
    if not known and required:
        return [_of_zoo(None)]  # says that it is empty
    return [_of_zoo(entry.card.name) for entry in known]


def _of_file(path: Path) -> BackboneCandidate:
    return BackboneCandidate(str(path), path, _image_size(path))


def _of_run(record: RunRecord) -> BackboneCandidate:
    path = record.path("backbone")
    return BackboneCandidate(f"{record.folder.name} of this workspace", path, _image_size(path))


def _last_pretraining(workspace: Workspace) -> RunRecord | None:
    """The last finished one that learnt something from pictures."""
    for record in workspace.newest("pretrain"):
        if record.status != "complete" or record.config.get("method") == "random":
            continue
        if record.data.get("features", {}).get("kind", "image") == "image":
            return record
    return None


def _image_size(path: Path) -> int:
    from tinyssl.learn.backbones.storage import load_info

    return load_info(path)[1].image_size


def choose(call: Call, found: list[BackboneCandidate], folder: Path) -> BackboneChoice:
    """The best of several candidates, by folds over all pictures.

    Args:
        call: Gives settings; told what happens.
        found: At least one.
        folder: Labelled pictures.

    Raises:
        DataError: The pictures cannot be read.
    """
    if len(found) == 1:
        return BackboneChoice(found[0], {})
    from tinyssl.data import load_dataset
    from tinyssl.learn.backbones import load_backbone
    from tinyssl.learn.probes.features import all_features
    from tinyssl.learn.probes.fold_results import in_order
    from tinyssl.learn.probes.folds import FOLDS, REPEATS, cross_validate, most_folds

    named = _distinct(found)
    sizes = {candidate.image_size for candidate in found}
    datasets = {
        size: load_dataset(pictures(call, folder, size), call.progress) for size in sorted(sizes)
    }
    features = {}
    for name, candidate in named.items():
        dataset = datasets[candidate.image_size]
        backbone = load_backbone(candidate.weights)[0]
        features[name] = in_order(all_features(backbone, dataset, call.progress, name), dataset)
    labels = datasets[found[0].image_size].labels
    folds = min(FOLDS, most_folds(labels))
    compared = cross_validate(features, labels, folds, REPEATS, call.config(ProbeConfig).seed)
    accuracies = {name: folded.accuracy for name, folded in compared.each.items()}
    return BackboneChoice(named[compared.best], accuracies, compared.chosen.accuracy, len(labels))


def _distinct(found: list[BackboneCandidate]) -> dict[str, BackboneCandidate]:
    named = {candidate.name: candidate for candidate in found}
    if len(named) < len(found):
        raise UsageError("a backbone is named twice", hint="name each once")
    return named


def pictures(call: Call, folder: Path, image_size: int) -> DataConfig:
    """How `fit` reads the pictures of a folder for a backbone."""
    return call.config(
        DataConfig, dataset="folder", data_path=folder, image_size=image_size, val_fraction=0.2
    )
