"""Written by `python -m tools.fit_training_cost`; do not edit.

Commit 26778fc9, 2026-12-01, mps2_an500, mps2_an385,
x86_64, qemu-system-arm 7.2.22, arm-none-eabi-gcc 12.2.1.
Fitted to: sine all float32; relu all float32; logistic all float32; autoencoder all float32; relu
all float32 momentum 0.9; sine all float32 momentum 0.9; resnet last:4 float32 momentum 0.9; kws all
float32; kws all int8; resnet last:4 float32; resnet last:4 int8; zoo last:6 float32; zoo last:6
int8; vww bias float32.
Held out: wide all float32 momentum 0.9; presence all float32; wide all float32; zoo head float32;
zoo last:12 float32; zoo last:12 int8; vww last:8 float32; vww last:8 int8; resnet all int8; kws
last:3 float32.
"""

CONSTANTS: dict[str, dict[str, dict[str, float]]] = {
    "with a floating-point unit": {
        "add_f32": {
            "call": 579.9,
            "input": 7.009,
        },
        "average_pool2d_any_f32": {
            "input": 8.401,
            "output": 45.91,
        },
        "average_pool_error_f32": {
            "output": 8.924,
        },
        "average_pool_error_s8": {
            "output": 277.7,
        },
        "clamp_error_f32": {
            "call": 51.9,
            "input": 6.002,
        },
        "clamp_error_s8": {
            "call": 108.8,
            "input": 5.85,
        },
        "clamp_mask_f32": {
            "input": 10.12,
        },
        "clamp_mask_s8": {
            "input": 11.26,
        },
        "convolution_error_f32": {
            "input": 9.527,
            "mac": 2.96,
            "mac behind a clamp": 2.829,
            "mac of groups behind a clamp": 3.927,
            "output": 7.602,
        },
        "convolution_layer_f32": {
            "input": 5.997,
            "mac": 2.471,
            "output": 44.42,
        },
        "convolution_update_f32": {
            "mac": 7.712,
            "mac behind a clamp": 5.787,
            "mac of groups behind a clamp": 6.393,
            "mac with momentum behind a clamp": 4.322,
            "output": 48.04,
        },
        "dense_error_f32": {
            "call": 137.4,
            "input": 0.5334,
            "mac": 2.983,
            "mac behind a clamp": 2.807,
            "output": 5.66,
        },
        "dense_layer_f32": {
            "call": 75.77,
            "input": 4.96,
            "mac": 2.65,
            "output": 27.98,
        },
        "dense_update_f32": {
            "call": 276.9,
            "input": 16.93,
            "mac": 4.053,
            "mac with momentum": 28.41,
            "mac with momentum behind a clamp": 30.71,
            "output": 3.659,
        },
        "dequantize_s8": {
            "call": 50.18,
            "input": 9.016,
        },
        "layer_error_s8": {
            "call": 2437.0,
            "input": 27.45,
            "mac": 0.8966,
            "mac behind a clamp": 1.389,
            "mac of groups behind a clamp": 11.78,
        },
        "layer_update_s8": {
            "call": 8539.0,
            "input": 9.903,
            "mac": 11.54,
            "mac behind a clamp": 6.078,
            "mac of groups behind a clamp": 17.88,
            "output": 47.67,
        },
        "learnt_conv2d_s8": {
            "call": 15790.0,
            "mac": 4.975,
            "output": 114.9,
        },
        "learnt_depthwise_s8": {
            "input": 101.8,
        },
        "learnt_fully_connected_s8": {
            "mac": 5.994,
            "output": 61.71,
        },
        "logistic_error_f32": {
            "call": 200.0,
        },
        "mask_error_f32": {
            "call": 25.41,
            "output": 10.47,
        },
        "mask_error_s8": {
            "call": 66.24,
            "input": 8.147,
        },
        "quantise_error_s8": {
            "call": 59.23,
            "output": 26.74,
        },
        "smooth_logistic_f32": {
            "call": 1760.0,
        },
        "smooth_softmax_f32": {
            "call": 60.57,
            "input": 94.02,
        },
        "smooth_tanh_f32": {
            "call": 2199.0,
        },
        "softmax_cross_entropy_f32": {
            "call": 46.25,
            "input": 91.82,
        },
        "squared_error_f32": {
            "call": 58.73,
            "output": 20.63,
        },
        "sum_f32": {
            "call": 80680.0,
        },
        "tanh_error_f32": {
            "call": 310.0,
        },
    },
    "without one": {
        "add_f32": {
            "call": 4684.0,
            "input": 59.63,
        },
        "add_s8": {
            "call": 526.5,
            "input": 43.82,
        },
        "average_pool2d_any_f32": {
            "input": 41.7,
            "output": 105.3,
        },
        "average_pool2d_s8": {
            "input": 8.109,
        },
        "average_pool_error_f32": {
            "call": 181900.0,
            "input": 14.75,
            "output": 11.77,
        },
        "average_pool_error_s8": {
            "output": 284.3,
        },
        "clamp_error_f32": {
            "call": 36.47,
            "input": 32.33,
        },
        "clamp_error_s8": {
            "call": 87.4,
            "input": 5.64,
        },
        "clamp_mask_f32": {
            "input": 60.94,
        },
        "clamp_mask_s8": {
            "input": 10.65,
        },
        "conv2d_s8": {
            "mac": 6.108,
            "output": 145.3,
        },
        "convolution_error_f32": {
            "input": 212.6,
            "mac": 89.04,
            "mac behind a clamp": 53.02,
            "mac of groups behind a clamp": 15.52,
            "output": 32.6,
        },
        "convolution_layer_f32": {
            "input": 34.82,
            "mac": 60.67,
            "output": 2.133,
        },
        "convolution_update_f32": {
            "mac": 80.34,
            "mac behind a clamp": 43.25,
            "mac of groups behind a clamp": 42.7,
            "mac with momentum behind a clamp": 50.94,
            "output": 139.0,
        },
        "dense_error_f32": {
            "input": 111.7,
            "mac": 75.87,
            "mac behind a clamp": 50.07,
        },
        "dense_layer_f32": {
            "call": 757.8,
            "mac": 71.3,
            "output": 114.6,
        },
        "dense_update_f32": {
            "call": 100.6,
            "input": 134.6,
            "mac": 79.94,
            "mac with momentum": 298.1,
            "mac with momentum behind a clamp": 285.0,
            "output": 46.71,
        },
        "depthwise_conv2d_s8": {
            "input": 3.025,
            "output": 96.45,
        },
        "dequantize_s8": {
            "call": 252.6,
            "input": 52.57,
        },
        "layer_error_s8": {
            "call": 2354.0,
            "input": 28.88,
            "mac": 0.8575,
            "mac behind a clamp": 1.31,
            "mac of groups behind a clamp": 10.4,
        },
        "layer_update_s8": {
            "call": 8490.0,
            "input": 10.29,
            "mac": 11.87,
            "mac behind a clamp": 6.158,
            "mac of groups behind a clamp": 17.8,
            "output": 48.74,
        },
        "learnt_conv2d_s8": {
            "call": 14690.0,
            "mac": 4.519,
            "output": 115.1,
        },
        "learnt_depthwise_s8": {
            "mac": 11.37,
        },
        "learnt_fully_connected_s8": {
            "mac": 5.994,
            "output": 61.71,
        },
        "logistic_error_f32": {
            "call": 2680.0,
        },
        "mask_error_f32": {
            "call": 47.08,
            "input": 9.151,
        },
        "mask_error_s8": {
            "call": 74.07,
            "input": 8.148,
        },
        "mean_s8": {
            "call": 88360.0,
        },
        "quantise_error_s8": {
            "call": 32.31,
            "output": 28.98,
        },
        "smooth_logistic_f32": {
            "call": 26800.0,
        },
        "smooth_softmax_f32": {
            "input": 1297.0,
        },
        "smooth_tanh_f32": {
            "call": 34000.0,
        },
        "softmax_cross_entropy_f32": {
            "input": 1278.0,
        },
        "softmax_s8": {
            "input": 165.4,
        },
        "squared_error_f32": {
            "call": 42.54,
            "input": 148.7,
        },
        "sum_f32": {
            "call": 289200.0,
        },
        "tanh_error_f32": {
            "call": 4140.0,
        },
    },
}
"""Core -> kernel -> feature -> instructions"""

ERRORS: dict[str, tuple[int, float, float]] = {
    "with a floating-point unit": (10, 0.073, 0.192),
    "without one": (10, 0.138, 0.208),
}
"""Core -> held-out models, median and largest relative error of a whole step"""
