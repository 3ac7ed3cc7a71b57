static const struct call calls[TINYSSL_MODEL_OP_COUNT] = {
    /* #1 CONV_2D 3x3/2 pad 0,1,0,1: 1x8x8x4 at 0 -> 1x4x4x6 at 256, 3,456 MACs */
    { &tinyssl_model_op0, { 16, 0 }, CONV2D_S8 },
};

const struct tinyssl_conv2d tinyssl_model_op0 = {
    .weight = weight_2,
    .bias = NULL,
    .multiplier = multiplier_0,
    .shift = shift_0,
    .in_h = 8,
    .in_w = 8,
    .in_c = 4,
    .out_h = 4,
    .out_w = 4,
    .out_c = 6,
    .out_pitch = 6,
    .k_h = 3,
    .k_w = 3,
    .stride_h = 2,
    .stride_w = 2,
    .dilation_h = 1,
    .dilation_w = 1,
    .pad_top = 0,
    .pad_left = 0,
    .in_zero = -20,
    .out_zero = 2,
    .out_min = -128,
    .out_max = 127,
};
