/* Layers of weighted sums in INT8 that learn: the error of what they read, and steps of their weights
 * and biases. Errors are those of error_s8.h. */
#ifndef TINYSSL_LAYER_TRAINING_S8_H
#define TINYSSL_LAYER_TRAINING_S8_H

#include <stdint.h>

/* The geometry is that of `struct tinyssl_convolution`. The weights of channel c at tap (y, x) begin
 * at first + c * step_c + y * step_h + x * step_w, one for each input of the group. */
struct tinyssl_geometry_s8 {
    int32_t batch;                  /* images */
    int32_t in_h, in_w, in_c;       /* elements */
    int32_t out_h, out_w, out_c;    /* elements */
    int32_t group_in, group_out;    /* channels of a group */
    int32_t k_h, k_w;               /* taps */
    int32_t stride_h, stride_w;     /* elements of the spread input a step */
    int32_t dilation_h, dilation_w; /* elements of the spread input between taps */
    int32_t up_h, up_w;             /* elements of the spread input for one of the input */
    int32_t pad_top, pad_left;      /* elements of the spread input */
    int32_t first, step_c, step_h, step_w;
};

struct tinyssl_layer_error_s8 {
    struct tinyssl_geometry_s8 layer;
    const int8_t *weight; /* NULL: they learn, and are an operand */
    const int16_t
        *share; /* [out_c] scale of a channel's weights over the unit of the sums, 0..256 */
    int32_t exponent_step; /* of the output from that of the input, before its own shift */
};

/* in: error, exponent, and the weights where they learn; out: error of the inputs, its exponent.
 * scratch: 4 * in_c + 8 * out_c bytes, aligned to 4. Sums must stay within +-2^30. */
void tinyssl_layer_error_s8(const int8_t *const *in, const struct tinyssl_layer_error_s8 *p,
                            int8_t *const *out, int8_t *scratch);

struct tinyssl_layer_update_s8 {
    struct tinyssl_geometry_s8 layer;
    int8_t weight_learns, bias_learns;
    int16_t in_zero;          /* zero point of what the layer read */
    const float *weight_step; /* [out_c] quantisation steps, for a rate of 1 and a sum of 1 */
    const float *bias_step;   /* [out_c] */
    int32_t bias_most;        /* largest size of a bias */
};

/* in: what the layer read (where weights learn), error, exponent, rate; out: weights [..], biases
 * [out_c], the state of the random numbers [1]. scratch: 8 * out_c bytes, aligned to 4.
 * A step is rounded up or down at random, so that it is right on average; the numbers depend on the
 * state and on the place of the weight in its tensor, and so on no order. */
void tinyssl_layer_update_s8(const int8_t *const *in, const struct tinyssl_layer_update_s8 *p,
                             int8_t *const *out, int8_t *scratch);

#endif
