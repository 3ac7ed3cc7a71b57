static const struct call calls[TINYSSL_MODEL_OP_COUNT] = {
    /* #0 MAX_POOL_2D 2x2/2: 1x4x6x2 at 0 -> 1x2x3x2 at 48 */
    { &tinyssl_model_op0, { 3, 0 }, MAX_POOL2D_S8 },
    /* #1 RESHAPE: 1x2x3x2 at 48 -> 1x12 at 48, the same bytes */
    { NULL, { 3, 3 }, NO_KERNEL },
    /* #2 SOFTMAX: 1x12 at 48 -> 1x12 at 0 */
    { &tinyssl_model_op2, { 0, 3 }, SOFTMAX_S8 },
};

const struct tinyssl_pool2d tinyssl_model_op0 = {
    .in_h = 4,
    .in_w = 6,
    .channels = 2,
    .out_h = 2,
    .out_w = 3,
    .k_h = 2,
    .k_w = 2,
    .stride_h = 2,
    .stride_w = 2,
    .pad_top = 0,
    .pad_left = 0,
    .in_pitch = 2,
    .out_pitch = 2,
    .out_min = -128,
    .out_max = 127,
};

const struct tinyssl_softmax tinyssl_model_op2 = {
    .rows = 1,
    .depth = 12,
    .multiplier = 2061584256,
    .shift = 22,
    .diff_min = -496,
};
