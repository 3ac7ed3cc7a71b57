"""Configs refuse what cannot be right, with the field's name."""

from typing import Any

import pytest
from pydantic import ValidationError

from tinyssl.core.config import STAGES, BenchConfig, BuildConfig, DataConfig, PretrainConfig


def test_defaults_are_legal() -> None:
    for config in STAGES.values():
        assert config() == config()


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        (DataConfig, "test_fraction", 0),
        (DataConfig, "test_fraction", 1),
        (DataConfig, "image_size", 7),
        (DataConfig, "split_seed", 2**32),
        (PretrainConfig, "epochs", 0),
        (PretrainConfig, "batch_size", 1),
        (PretrainConfig, "stem_stride", 3),
        (PretrainConfig, "lr", 0),
        (PretrainConfig, "weight_decay", -0.1),
        (PretrainConfig, "seed", -1),
        (BuildConfig, "engine", "tflite"),
        (BuildConfig, "flash_budget", 0),
        (BenchConfig, "runs", 0),
        (BenchConfig, "timeout", 0),
    ],
)
def test_bad_value_is_refused_by_name(config: Any, field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        config(**{field: value})
    assert [problem["loc"] for problem in caught.value.errors()] == [(field,)]


@pytest.mark.parametrize("config", STAGES.values(), ids=STAGES)
def test_unknown_field_is_refused(config: Any) -> None:
    with pytest.raises(ValidationError):
        config(nonsense=1)


@pytest.mark.parametrize("config", STAGES.values(), ids=STAGES)
def test_configs_cannot_be_changed(config: Any) -> None:
    value = config()
    with pytest.raises(AttributeError):
        setattr(value, next(iter(config.__dataclass_fields__)), None)
