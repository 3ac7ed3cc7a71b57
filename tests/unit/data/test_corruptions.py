"""Corruptions against definitions, scipy and Pillow; the same pixels for the same arguments."""

from __future__ import annotations

import colorsys
import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from tinyssl.core.config import DataConfig, EvaluateConfig
from tinyssl.core.errors import UsageError
from tinyssl.data import load_dataset
from tinyssl.data.corruptions import CORRUPTIONS, LEVELS, OURS, corrupt
from tinyssl.data.corruptions.blur import disc
from tinyssl.data.corruptions.sampling import (
    filter_2d,
    gaussian_matrix,
    plasma,
    sample,
    separable,
    smear,
    zoom_matrix,
)
from tinyssl.data.corruptions.suite import Suite, mean_accuracy
from tinyssl.data.subsets import label_subset

NOT_RANDOM = ("defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression")
STRONGER_CHANGES_MORE = (
    "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "zoom_blur", "fog",
    "brightness", "contrast", "jpeg_compression",
)  # fmt: skip


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Smooth pictures with edges, as photographs have: 24 of 32 x 32."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (24, 5, 5, 3), dtype=np.uint8)
    return np.stack(
        [
            np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BICUBIC))
            for image in coarse
        ]
    )


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


def test_there_are_the_fifteen_of_the_paper() -> None:
    assert len(CORRUPTIONS) == 15
    assert set(OURS) < set(CORRUPTIONS)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_equal_arguments_give_equal_pixels(kind, images):
    for level in (1, LEVELS):
        found = corrupt(images, kind, level, seed=3)
        assert found.shape == images.shape
        assert found.dtype == np.uint8
        assert 0.1 < distance(found, images) < 100
        np.testing.assert_array_equal(found, corrupt(images, kind, level, seed=3))
        other = corrupt(images, kind, level, seed=4)
        assert np.array_equal(found, other) == (kind in NOT_RANDOM)


@pytest.mark.parametrize("kind", STRONGER_CHANGES_MORE)
def test_a_higher_level_changes_more(kind, images):
    distances = [distance(corrupt(images, kind, level), images) for level in range(1, LEVELS + 1)]
    assert distances == sorted(distances)


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("side", [8, 48])
def test_other_sizes_and_no_images_at_all(kind, side):
    source = np.random.default_rng(1).integers(0, 256, (2, side, side, 3), dtype=np.uint8)
    assert corrupt(source, kind, 5).shape == source.shape
    assert corrupt(source[:0], kind, 5).shape == (0, side, side, 3)


def test_what_does_not_exist_is_refused(images):
    with pytest.raises(UsageError, match="no corruption 'fogg'") as caught:
        corrupt(images, "fogg", 1)
    assert "did you mean fog?" in caught.value.hint
    with pytest.raises(ValueError, match="from 1 to 5"):
        corrupt(images, "fog", 6)


def test_noise_has_the_stated_strength() -> None:
    grey = np.full((40, 32, 32, 3), 128, np.uint8)
    level = 128 / 255
    gaussian = corrupt(grey, "gaussian_noise", 3) / 255 - level
    assert gaussian.std() == pytest.approx(0.08, rel=0.02)
    assert abs(gaussian.mean()) < 0.002
    shot = corrupt(grey, "shot_noise", 5) / 255
    assert shot.var() == pytest.approx(level / 50, rel=0.03)  # Poisson: variance = mean / photons
    impulses = corrupt(grey, "impulse_noise", 5)
    assert (impulses == 0).mean() == pytest.approx(0.035, rel=0.1)
    assert (impulses == 255).mean() == pytest.approx(0.035, rel=0.1)


def test_brightness_is_the_value_of_hsv() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    pixels[0, 0, 0] = 0
    found = corrupt(pixels, "brightness", 4)
    for before, after in zip(pixels.reshape(-1, 3), found.reshape(-1, 3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*(before / 255))
        expected = colorsys.hsv_to_rgb(hue, saturation, min(value + 0.2, 1))
        np.testing.assert_allclose(after / 255, expected, atol=0.51 / 255)


def test_contrast_keeps_the_mean_and_shrinks_the_rest(images):
    before, after = images / 255, corrupt(images, "contrast", 4) / 255
    mean = before.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(after, (before - mean) * 0.3 + mean, atol=0.51 / 255)


def test_pixelate_and_jpeg_are_pillows(images):
    picture = Image.fromarray(images[0])
    small = picture.resize((20, 20), Image.Resampling.BOX).resize((32, 32), Image.Resampling.BOX)
    np.testing.assert_array_equal(corrupt(images, "pixelate", 5)[0], np.asarray(small))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=40)
    np.testing.assert_array_equal(
        corrupt(images, "jpeg_compression", 5)[0], np.asarray(Image.open(file))
    )


def test_fog_keeps_the_highest_value_and_brightens_the_dark() -> None:
    dark = np.full((8, 32, 32, 3), 20, np.uint8)
    dark[:, 0, 0] = 200
    found = corrupt(dark, "fog", 5)
    assert found.max() <= 200
    assert found[:, 8:].mean() > dark[:, 8:].mean()


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.3])
def test_gaussian_blur_is_scipys(sigma, images):
    found = separable(images[:2].astype(np.float32), gaussian_matrix(32, sigma))
    radius = max(int(np.ceil(3 * sigma)), 1)
    expected = ndimage.gaussian_filter(
        images[:2].astype(float), (0, sigma, sigma, 0), mode="mirror", radius=(0, radius, radius, 0)
    )
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_filter_is_scipys(images):
    kernel = np.random.default_rng(0).random((5, 5))
    found = filter_2d(images[:2].astype(np.float32), kernel)
    expected = ndimage.correlate(images[:2].astype(float), kernel[None, :, :, None], mode="mirror")
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_disc_grows_and_sums_to_one() -> None:
    for radius, soft in ((0.3, 0.4), (1.0, 0.2), (1.5, 0.1), (6.0, 0.4)):
        kernel = disc(radius, soft)
        assert kernel.sum() == pytest.approx(1)
        np.testing.assert_allclose(kernel, kernel[::-1, ::-1])
    assert disc(1.0, 0.01).max() == pytest.approx(1 / 5)  # the centre and four neighbours
    assert disc(1.5, 0.01).max() == pytest.approx(1 / 9)


def test_samples_between_pixels_are_scipys(images):
    rng = np.random.default_rng(0)
    rows, columns = rng.uniform(-6, 38, (2, 2, 10, 10)).astype(np.float32)
    found = sample(images[:2].astype(np.float32), rows, columns)
    for index in range(2):
        for channel in range(3):
            expected = ndimage.map_coordinates(
                images[index, :, :, channel].astype(float),
                (rows[index], columns[index]),
                order=1,
                mode="mirror",
            )
            np.testing.assert_allclose(found[index, :, :, channel], expected, atol=0.01)


def test_zoom_enlarges_about_the_centre() -> None:
    ramp = np.arange(32, dtype=np.float32)
    found = zoom_matrix(32, 2.0) @ ramp
    np.testing.assert_allclose(found, 15.5 + (ramp - 15.5) / 2, atol=1e-5)
    np.testing.assert_allclose(zoom_matrix(32, 1.0), np.eye(32))


def test_motion_smears_along_the_angle_only() -> None:
    dot = np.zeros((3, 9, 9, 1), np.float32)
    dot[:, 4, 4] = 1
    found = smear(dot, np.array([0.0, np.pi / 2, np.pi / 4]), 3, 2.0)
    assert [len(np.unique(np.nonzero(image[:, :, 0])[0])) for image in found] == [1, 4, 3]
    assert [len(np.unique(np.nonzero(image[:, :, 0])[1])) for image in found] == [4, 1, 3]
    # at 45° the third step rounds to the pixel of the second
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), 1, rtol=1e-6)
    weights = np.exp(-0.5 * (np.arange(4) / 2.0) ** 2)
    np.testing.assert_allclose(found[0, 4, 4::-1, 0][:4], weights / weights.sum(), rtol=1e-6)


def test_clouds_fill_the_range_and_are_smoother_with_more_decay() -> None:
    rough, smooth = (plasma(30, 24, decay, np.random.default_rng(0)) for decay in (1.2, 3.0))
    assert rough.shape == (30, 24, 24)
    for clouds in (rough, smooth):
        assert clouds.min() >= 0
        assert clouds.max() <= 1
    jumps = [np.abs(np.diff(clouds, axis=1)).mean() / clouds.std() for clouds in (rough, smooth)]
    assert jumps[1] < 0.6 * jumps[0]


def test_suite_is_the_same_for_every_model(images):
    labels = np.arange(24)
    config = EvaluateConfig(corruption_images=5, corruptions=["fog", "snow"], seed=2)
    suite = Suite.of(images, labels, config)
    assert suite.total == 5 * 2 * LEVELS
    again = {(c.kind, c.level): c.images for c in Suite.of(images, labels, config)}
    assert list(again) == [(kind, level) for kind in ("fog", "snow") for level in range(1, 6)]
    for corrupted in suite:
        np.testing.assert_array_equal(corrupted.images, again[corrupted.kind, corrupted.level])
    np.testing.assert_array_equal(suite.images, images[suite.labels])
    with pytest.raises(UsageError, match="no corruption 'rain'"):
        Suite.of(images, labels, EvaluateConfig(corruptions=["rain"]))


def test_mean_over_kinds_of_the_mean_over_levels() -> None:
    assert mean_accuracy({"a": [1.0, 0.0], "b": [0.5, 0.5], "c": [0.0, 0.25]}) == 0.375


def test_few_labels_are_stratified_and_the_same_every_time() -> None:
    digits = load_dataset(DataConfig(image_size=8))
    labels = digits.labels[digits.train]
    for share in (0.0001, 0.01, 0.1, 1.0):
        chosen = label_subset(digits, share, 0, seed=0)
        counts = np.bincount(labels[chosen], minlength=10)
        expected = [max(round(share * n), 1) for n in np.bincount(labels, minlength=10)]
        assert counts.tolist() == expected
        np.testing.assert_array_equal(chosen, label_subset(digits, share, 0, seed=0))
    other = label_subset(digits, 0.1, 1, seed=0)
    assert not np.array_equal(other, label_subset(digits, 0.1, 0, seed=0))
    assert not np.array_equal(other, label_subset(digits, 0.1, 1, seed=1))
