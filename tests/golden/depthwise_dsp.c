static const struct call calls[TINYSSL_MODEL_OP_COUNT] = {
    /* #1 DEPTHWISE_CONV_2D 3x3/2 pad 0,1,0,1: 1x8x8x4 at 1152 -> 1x4x4x4 at 1152, 576 MACs */
    { &tinyssl_model_op0, { 72, 72, 0 }, DEPTHWISE_IMAGE_S8_DSP },
};

const struct tinyssl_depthwise_image_dsp tinyssl_model_op0 = {
    .weight = taps_2,
    .channel = channel_0,
    .four = tinyssl_image_32_2_signed,
    .channels = 4,
    .in_w = 8,
    .out_h = 4,
    .out_w = 4,
    .stride = 2,
    .pad_top = 0,
    .pad_left = 0,
    .pitch = 32,
    .rows = 9,
    .copied_h = 8,
    .copied_w = 8,
    .in_zero = -20,
    .out_zero = 2,
    .out_min = -128,
    .out_max = 127,
};
