"""Written by `python -m tools.fit_cost`; do not edit.

Commit d9e5660-dirty, 2026-11-21, mps2_an500,
x86_64, qemu-system-arm 7.2.22, arm-none-eabi-gcc 12.2.1.
Models: backbone 96x96, backbone 32x32, zoo 32x32, vww_96, resnet8, kws.
mean_s8_dsp, which changed since: from docs/engines.json of commit fac70e1, by the same fit.
"""

CONSTANTS: dict[str, dict[str, float]] = {
    "add_s8_dsp": {
        "call": 92.71,
        "input": 6.001,
    },
    "average_pool2d_s8_dsp": {
        "input": 1.137,
        "output": 32.89,
    },
    "conv2d_1x1_s8_dsp": {
        "call": 85.25,
        "group 4": 112.3,
        "mac 1": 1.351,
        "mac 4": 0.7921,
        "output 1": 13.13,
        "output 4": 6.823,
        "signed": 0.9504,
        "widened 1": 4.276,
        "widened 4": 1.298,
    },
    "conv2d_s8_dsp": {
        "border": 340.7,
        "call": 47.75,
        "copied": 2.176,
        "group 4": 238.3,
        "mac 4": 0.8014,
        "output 4": 6.788,
        "signed": 1.181,
        "widened 4": 0.9444,
    },
    "depthwise_3x3_s8_dsp": {
        "call": 466.9,
        "channel": 107.3,
        "line": 35.14,
        "output 2": 8.046,
        "row": 37.56,
        "tap": 16.51,
    },
    "depthwise_image_s8_dsp": {
        "call": 1503.0,
        "channel": 54.99,
        "line": 12.29,
        "odd": 4.686,
        "output 2": 11.41,
        "tap": 17.58,
    },
    "depthwise_s8_dsp": {
        "call": 368.7,
        "output 1": 15.69,
        "output 2": 20.09,
        "row": 23.49,
        "tap": 14.39,
    },
    "fully_connected_s8_dsp": {
        "call": 151.3,
        "mac 1": 1.154,
        "output 1": 10.92,
        "signed": 1.612,
        "widened 1": 4.345,
    },
    "fused_block_s8_dsp": {
        "added": 5.031,
        "depthwise 1": 9.919,
        "expand group 4": 150.4,
        "expand mac 1": 0.8147,
        "expand mac 2": 0.9835,
        "expand mac 4": 0.8047,
        "expand output 1": 53.24,
        "expand output 2": 12.52,
        "expand output 4": 10.51,
        "expand widened 2": 2.984,
        "line": 65.13,
        "line's rest": 45.64,
        "prepared": 95.8,
        "project group 2": 1310.0,
        "project group 4": 105.0,
        "project mac 1": 1.594,
        "project mac 2": 1.01,
        "project mac 4": 0.836,
        "project output 2": 2.856,
        "project output 4": 8.043,
        "project signed": 2.066,
        "row": 66.3,
        "spread": 6.185,
    },
    "mean_s8_dsp": {
        "call": 21190.0,
        "input": 1.306,
    },
    "softmax_s8": {
        "input": 261.9,
    },
}
"""Kernel -> feature (tinyssl/targets/features.py) -> instructions"""

RESIDUALS: dict[str, tuple[int, float, float]] = {
    "add_s8_dsp": (33, 0.1, 1.4),
    "average_pool2d_s8_dsp": (3, 0.0, 0.0),
    "conv2d_1x1_s8_dsp": (113, 0.2, 0.7),
    "conv2d_s8_dsp": (12, 0.0, 0.1),
    "depthwise_3x3_s8_dsp": (14, 0.0, 0.0),
    "depthwise_image_s8_dsp": (39, 0.2, 1.2),
    "depthwise_s8_dsp": (15, 0.1, 0.4),
    "fully_connected_s8_dsp": (14, 0.1, 0.7),
    "fused_block_s8_dsp": (322, 1.0, 4.0),
    "mean_s8_dsp": (2, 0.0, 0.0),
    "softmax_s8": (4, 20.7, 35.5),
}
"""Kernel -> steps measured, median and largest error of them in percent"""
