"""The task `last-blocks` with a tiny backbone: float part, names, and INT8 on this computer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tinyssl.core.errors import DataError  # noqa: E402
from tinyssl.learn.backbones import load_backbone  # noqa: E402
from tinyssl.learn.backbones.mobilenet_v2 import WIDTH_035, MobileNetV2  # noqa: E402
from tinyssl.zoo import find_entry  # noqa: E402
from tools.learning_table.tasks import last_blocks as task  # noqa: E402

SEED = 0


@pytest.fixture(scope="module")
def net() -> MobileNetV2:
    """The zoo's weights, with the stride of 96x96."""
    made = MobileNetV2(WIDTH_035, 2)
    made.load_state_dict(load_backbone(find_entry().backbone)[0].state_dict())
    return made.eval()


def test_the_tail_is_the_backbones_end(net: MobileNetV2) -> None:
    torch.manual_seed(SEED)
    head, maps = (torch.randn(4, 1280), torch.randn(4)), torch.randn(3, 56, 3, 3)
    first, second = task.last_blocks(net)
    with torch.no_grad():
        features = net.last(second(first(maps))).mean((2, 3))
        found = task.Tail(net, *head)(maps)
    expected = features @ head[0].T + head[1]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_blocks_that_learn_fit_more_than_the_head_alone(net: MobileNetV2) -> None:
    """Noise with random labels, some passes: what is left of the loss."""
    random = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    labels = torch.from_numpy(random.integers(0, 4, 16))
    head, maps = (torch.zeros(4, 1280), torch.zeros(4)), torch.randn(16, 56, 3, 3)
    order = np.tile(np.arange(16), 6)
    left = {}
    for what in (task.HEAD, task.BLOCKS):
        tail = task.taught(task.Tail(net, *head), what, maps, labels, 0.01, order)
        with torch.no_grad():
            left[what] = float(torch.nn.functional.cross_entropy(tail(maps), labels))
    assert left[task.BLOCKS] < left[task.HEAD] < np.log(4)


def test_missing_pictures_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not there"):
        task.pictures(tmp_path / "part1.npz", SEED)


def test_the_blocks_of_the_zoo_learn_in_int8() -> None:
    """The shipped 32x32 model has the layers that the task names; two steps move them all."""
    random = np.random.default_rng(SEED)
    with task.on_host(find_entry().model, task.BLOCKS, 0.01) as host:
        before = host.snapshot()
        (value,) = host.inputs
        for _ in range(2):
            x = random.integers(-128, 128, value.shape).astype(np.int8)
            assert host.train({value.name: x}, {"target": np.array([3], np.int32)})
        after = host.snapshot()
    names = [name for name in before if name.startswith("layer")]
    assert names == [f"layer{n}/{role}" for n in (48, 51, 53) for role in ("weight", "bias")]
    assert all((before[name] != after[name]).any() for name in names if name.endswith("weight"))
