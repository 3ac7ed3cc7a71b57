"""Views of sound, sensors and rows: what each transform changes, and what it leaves."""

from __future__ import annotations

import pytest
import torch

from tinyssl.data.augment import (
    AudioViewOptions,
    Rows,
    SensorViewOptions,
    TableViewOptions,
    ViewSpec,
    make_views,
    to_float,
)

NOTHING = {"shift": 0, "gain": 0, "noise": 0, "time_mask": 0}


def clips(count: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(-100, 100, (count, 40, 12, 1), generator=generator, dtype=torch.int8)


def windows(count: int = 6) -> torch.Tensor:
    return torch.rand(count, 30, 3, generator=torch.Generator().manual_seed(1))


def view(samples: torch.Tensor, options: object) -> torch.Tensor:
    torch.manual_seed(5)
    return make_views(samples, ViewSpec.of(1, options))[0]


@pytest.mark.parametrize(
    ("samples", "options"),
    [
        (clips(), AudioViewOptions(**NOTHING, frequency_mask=0)),
        (windows(), SensorViewOptions(**NOTHING)),
        (torch.rand(4, 5), TableViewOptions(noise=0, swap=0)),
    ],
)
def test_without_transforms_a_view_is_the_sample(samples, options) -> None:
    assert torch.allclose(view(samples, options), to_float(samples), atol=1e-6)


def test_a_shift_moves_every_bin_alike_and_repeats_the_edge() -> None:
    options = AudioViewOptions(**NOTHING | {"shift": 0.5}, frequency_mask=0)
    moved, clean = view(clips(), options), to_float(clips())
    assert not torch.equal(moved, clean)
    for one, was in zip(moved, clean, strict=True):
        offsets = [
            o for o in range(-20, 21)
            if torch.equal(one[:, max(o, 0) : 40 + min(o, 0)], was[:, max(-o, 0) : 40 - max(o, 0)])
        ]  # fmt: skip
        assert len(offsets) == 1
        edge = 0 if offsets[0] > 0 else -1
        assert torch.equal(one[:, edge], was[:, edge])


def test_masks_blank_a_stretch_of_time_and_a_band() -> None:
    options = AudioViewOptions(**NOTHING | {"time_mask": 0.5}, frequency_mask=0.5, mask=1)
    changed = view(clips(32), options) != to_float(clips(32))
    rows, columns = changed.all(dim=3)[:, 0], changed.all(dim=2)[:, 0]
    assert rows.any()
    assert columns.any()
    untouched = ~rows[:, :, None] & ~columns[:, None, :]
    assert not (changed[:, 0] & untouched).any()
    for masked in rows:  # one stretch
        assert (masked[1:] & ~masked[:-1]).sum() + masked[0] <= 1


def test_gain_stretches_a_sensor_around_its_mean() -> None:
    samples = 0.25 + 0.5 * windows()  # room on both sides
    found = view(samples, SensorViewOptions(**NOTHING | {"gain": 0.4}))
    clean = to_float(samples)
    assert torch.allclose(found.mean(2), clean.mean(2), atol=1e-6)
    factor = found.std(2) / clean.std(2)
    assert factor.min() > 0.59
    assert factor.max() < 1.41
    assert factor.std() > 0.05


def test_rows_take_columns_from_other_rows() -> None:
    samples = torch.arange(40).reshape(8, 5) / 40
    found = view(samples, TableViewOptions(noise=0, swap=0.5))
    for column in range(5):
        assert set(found[:, column].tolist()) <= set(samples[:, column].tolist())
    share = (found != samples).float().mean()
    assert 0.2 < share < 0.8


@pytest.mark.parametrize("samples", [clips(8), windows(8)])
def test_a_part_of_a_batch_gets_the_views_of_the_whole(samples) -> None:
    options = AudioViewOptions() if samples.dtype == torch.int8 else SensorViewOptions()
    spec = ViewSpec.of(2, options)
    torch.manual_seed(3)
    whole = make_views(samples, spec)
    torch.manual_seed(3)
    part = make_views(samples[2:5], spec, rows=Rows(2, 5, 8))
    for one, every in zip(part, whole, strict=True):
        assert torch.equal(one, every[2:5])
    assert not torch.equal(whole[0], whole[1])
