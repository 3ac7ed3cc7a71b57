"""MoCo v2: InfoNCE against hand-worked values, the authors' formulation and NT-Xent; queue and key
encoder after real steps."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tinyssl.data.augment import make_views
from tinyssl.learn.backbones import build_backbone
from tinyssl.learn.methods import Batch, Method, MethodContext, build_method, method_config
from tinyssl.learn.methods.moco_v2 import MoCoV2, info_nce


def moco(**options: object) -> MoCoV2:
    torch.manual_seed(0)
    backbone = build_backbone("mobilenet_v2_tiny", stem_stride=1)
    config = method_config("moco_v2", {"queue": 32} | options)
    method = build_method("moco_v2", backbone, config, MethodContext(image_size=32))
    assert isinstance(method, MoCoV2)
    return method.train()


def batch_for(method: Method, seed: int = 0) -> Batch:
    torch.manual_seed(seed)
    images = torch.randint(0, 256, (6, 32, 32, 3), dtype=torch.uint8)
    return Batch(make_views(images, method.views(0.0)))


def authors_info_nce(q: Tensor, k: Tensor, queue: Tensor, temperature: float) -> float:
    """github.com/facebookresearch/moco, moco/builder.py, forward: logits [q k, q queue] / T with
    the right answer in column 0, one row at a time; `queue` is (dim, size) there."""
    q, k = F.normalize(q, dim=1), F.normalize(k, dim=1)
    total = 0.0
    for row in range(len(q)):
        logits = [float(q[row] @ k[row]) / temperature]
        logits += [
            float(q[row] @ queue[:, column]) / temperature for column in range(queue.shape[1])
        ]
        total += math.log(sum(math.exp(value) for value in logits)) - logits[0]
    return total / len(q)


def test_info_nce_exact_values() -> None:
    q = torch.tensor([[[2.0, 0.0]]])
    k = torch.tensor([[5.0, 0.0]])
    one = torch.tensor([[0.0, 1.0]])  # right 1, wrong 0
    assert info_nce(q, k, one, 0.5).item() == pytest.approx(math.log(1 + math.exp(-2)))
    opposite = torch.tensor([[-1.0, 0.0], [0.0, 1.0]])  # right 1, wrong -1 and 0
    expected = math.log(1 + math.exp(-2) + math.exp(-1))
    assert info_nce(q, k, opposite, 1.0).item() == pytest.approx(expected)
    everywhere = torch.tensor([[1.0, 0.0]]).expand(7, 2)
    assert info_nce(q, k, everywhere, 0.2).item() == pytest.approx(math.log(8))


@pytest.mark.parametrize("temperature", [0.07, 0.2, 1.0])
def test_info_nce_is_the_authors(temperature):
    torch.manual_seed(0)
    q, k = torch.randn(2, 5, 7, dtype=torch.float64)
    negatives = F.normalize(torch.randn(11, 7, dtype=torch.float64), dim=1)
    found = info_nce(q[None], k, negatives, temperature)
    assert found.shape == (1,)
    assert found.item() == pytest.approx(authors_info_nce(q, k, negatives.T, temperature), rel=1e-5)


def test_info_nce_with_the_batchs_keys_as_negatives_is_nt_xents_row() -> None:
    """With all other keys as the queue, a query's loss is a softmax over all keys of the batch."""
    torch.manual_seed(0)
    q, k = torch.randn(2, 6, 5)
    keys = F.normalize(k, dim=1)
    rows = [
        info_nce(q[None, i : i + 1], k[i : i + 1], keys[torch.arange(6) != i], 0.5)
        for i in range(6)
    ]
    expected = F.cross_entropy(F.normalize(q, dim=1) @ keys.T / 0.5, torch.arange(6))
    assert torch.cat(rows).mean().item() == pytest.approx(expected.item(), rel=1e-5)


def test_info_nce_of_several_views_is_that_of_each() -> None:
    torch.manual_seed(0)
    q, k = torch.randn(3, 4, 5), torch.randn(4, 5)
    negatives = F.normalize(torch.randn(9, 5), dim=1)
    together = info_nce(q, k, negatives, 0.2)
    for view in range(3):
        alone = info_nce(q[view : view + 1], k, negatives, 0.2)
        assert together[view].item() == pytest.approx(alone.item())
    assert info_nce(q, k.roll(1, 0), negatives, 0.2)[0] != together[0]


def test_info_nce_is_float32_under_autocast() -> None:
    torch.manual_seed(0)
    q, k, negatives = torch.randn(1, 4, 5), torch.randn(4, 5), F.normalize(torch.randn(9, 5), dim=1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = info_nce(q, k, negatives, 0.2)
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, info_nce(q, k, negatives, 0.2))


def test_only_queries_get_a_gradient() -> None:
    torch.manual_seed(0)
    q, k = torch.randn(1, 4, 5, requires_grad=True), torch.randn(4, 5, requires_grad=True)
    negatives = F.normalize(torch.randn(9, 5), dim=1).requires_grad_()
    info_nce(q, k, negatives, 0.2).sum().backward()
    assert q.grad is not None
    assert k.grad is None
    assert negatives.grad is None


def test_key_is_the_first_view_and_query_the_second() -> None:
    method, batch = moco(), batch_for(moco())
    first, second = batch.views
    rows = method.queue.rows.clone()
    found = method.loss(batch).total
    q = method.head(method.backbone(second)).detach()
    k = method.key_encoder(first)
    assert found.item() == pytest.approx(authors_info_nce(q, k, rows.T, 0.2), rel=1e-4)
    swapped = moco().loss(Batch((second, first))).total
    assert abs(swapped.item() - found.item()) > 1e-4, "the roles are not symmetric"


def test_the_queue_holds_the_keys_after_the_loss() -> None:
    method, batch = moco(), batch_for(moco())
    before = method.queue.rows.clone()
    method.loss(batch)
    keys = F.normalize(method.key_encoder(batch.views[0]), dim=1)
    assert torch.allclose(method.queue.rows[:6], keys, atol=1e-5)
    assert torch.equal(method.queue.rows[6:], before[6:])


def test_key_encoder_gets_no_gradient_and_follows_slowly() -> None:
    method = moco(momentum=0.9)
    method.loss(batch_for(method)).total.backward()
    keys = {id(parameter) for parameter in method.key_encoder.parameters()}
    for name, parameter in method.named_parameters():
        if id(parameter) in keys:
            assert not parameter.requires_grad
            assert parameter.grad is None
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all()
    with torch.no_grad():
        for parameter in method.head.parameters():
            parameter.add_(1.0)
    average = method.key_encoder.get_parameter("1.0.weight")
    before = average.clone()
    method.after_step(0.5)  # the momentum is constant
    expected = 0.9 * before + 0.1 * method.head.get_parameter("0.weight")
    assert torch.allclose(average, expected, atol=1e-6)


def test_two_steps_in_a_row_can_be_trained() -> None:
    """The push writes into the rows that the first gradient needs: it must have kept a copy."""
    method = moco(queue=8)
    first = method.loss(batch_for(method, 0)).total
    second = method.loss(batch_for(method, 1)).total
    (first + second).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in method.parameters())


def test_local_queries_share_the_key_and_are_weighed() -> None:
    """The total from the views' own losses, with the weight of the paper."""
    options = {"local_views": 2, "local_size": 16, "alpha": 0.4}
    method, batch = moco(**options), batch_for(moco(**options))
    rows = method.queue.rows.clone()
    found = method.loss(batch).total.item()
    with torch.no_grad():
        k = method.key_encoder(batch.views[0])
        features = [method.backbone(batch.views[1]), method.backbone(torch.cat(batch.views[2:]))]
        queries = method.head(torch.cat(features)).chunk(3)
    losses = [authors_info_nce(q, k, rows.T, 0.2) for q in queries]
    expected = 0.4 * losses[0] + 0.6 * (losses[1] + losses[2]) / 2
    assert found == pytest.approx(expected, rel=1e-4)


def test_defaults() -> None:
    config = method_config("moco_v2", {})
    assert (config.temperature, config.momentum, config.queue) == (0.2, 0.99, 4096)
    method = build_method(
        "moco_v2", build_backbone("mobilenet_v2_035"), config, MethodContext(image_size=32)
    )
    assert isinstance(method, MoCoV2)
    assert [tuple(p.shape) for p in method.head.parameters()] == [
        (256, 1280),
        (256,),
        (128, 256),
        (128,),
    ]
