static const struct call calls[TINYSSL_MODEL_OP_COUNT] = {
    /* #0 CONV_2D 1x1/1: 1x4x4x2 at 0 -> 1x4x4x1 at 32, 32 MACs */
    { &tinyssl_model_op0, { 2, 0, 0 }, CONV2D_S8 },
    /* #1 CONV_2D 1x1/1: 1x4x4x2 at 0 -> 1x4x4x1 at 48, 32 MACs */
    { &tinyssl_model_op1, { 3, 0, 0 }, CONV2D_S8 },
    /* #2 ADD: 1x4x4x1 at 32 + 1x4x4x1 at 48 -> 1x4x4x1 at 0 */
    { &tinyssl_model_op2, { 0, 2, 3 }, ADD_S8 },
};

const struct tinyssl_conv2d tinyssl_model_op0 = {
    .weight = weight_1,
    .bias = NULL,
    .multiplier = multiplier_0,
    .shift = shift_0,
    .in_h = 4,
    .in_w = 4,
    .in_c = 2,
    .out_h = 4,
    .out_w = 4,
    .out_c = 1,
    .k_h = 1,
    .k_w = 1,
    .stride_h = 1,
    .stride_w = 1,
    .dilation_h = 1,
    .dilation_w = 1,
    .pad_top = 0,
    .pad_left = 0,
    .in_zero = -3,
    .out_zero = -3,
    .out_min = -128,
    .out_max = 127,
};

const struct tinyssl_conv2d tinyssl_model_op1 = {
    .weight = weight_3,
    .bias = NULL,
    .multiplier = multiplier_1,
    .shift = shift_1,
    .in_h = 4,
    .in_w = 4,
    .in_c = 2,
    .out_h = 4,
    .out_w = 4,
    .out_c = 1,
    .k_h = 1,
    .k_w = 1,
    .stride_h = 1,
    .stride_w = 1,
    .dilation_h = 1,
    .dilation_w = 1,
    .pad_top = 0,
    .pad_left = 0,
    .in_zero = -3,
    .out_zero = 5,
    .out_min = -128,
    .out_max = 127,
};

const struct tinyssl_add tinyssl_model_op2 = {
    .size = 16,
    .left_multiplier = 1227133480,
    .right_multiplier = 1073741824,
    .out_multiplier = 1670265000,
    .left_shift = -1,
    .right_shift = 0,
    .out_shift = -19,
    .left_zero = -3,
    .right_zero = 5,
    .out_zero = 8,
    .out_min = -128,
    .out_max = 127,
};
