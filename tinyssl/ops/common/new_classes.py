"""What the operators of a class set that grows share."""

from __future__ import annotations

from tinyssl.ops.common.params import Fields

FREE = -1e9
"""Bias of a free class, whose weights are zeros: softmax gives it 0, and so does its gradient"""
FREE_BELOW = -1e6
"""A class with a lower bias is free"""
SOURCE = "new_classes_f32"
"""C file of the kernels"""
STRUCT = "tinyssl_new_classes"
NEEDED = ("loss_f32.h", "loss_f32.c", "smooth_f32.h", "smooth_f32.c", "elements.h", "product_f32.h")
"""Further files of the kernels"""


def class_fields(size: int, free: int, *, momentum: bool = False) -> Fields:
    """Members of `struct tinyssl_new_classes`.

    Args:
        size: Classes in all.
        free: Of these, the last ones, which may be free.
        momentum: Whether their biases have velocities.
    """
    return {"size": size, "first": size - free, "momentum": int(momentum)}
