"""A method's backward pass, which must not reach the teacher."""

from tinyssl.learn.methods import Batch, Method
from tinyssl.learn.methods.base import Losses


def backward(method: Method, batch: Batch) -> Losses:
    """The losses of a batch whose teacher's features could take a gradient, and got none."""
    assert batch.targets is not None
    batch.targets.summary.requires_grad_()
    losses = method.loss(batch)
    losses.total.backward()
    assert batch.targets.summary.grad is None
    return losses
