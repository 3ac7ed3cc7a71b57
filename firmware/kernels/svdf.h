#ifndef TINYSSL_SVDF_H
#define TINYSSL_SVDF_H

#include <stdint.h>

/* Filters over time: `rank` of them make one output. */
struct tinyssl_svdf {
    const int8_t *feature; /* [outputs * rank][inputs] */
    const void *time;    /* [outputs * rank][memory] of the state's type, the oldest result first */
    const int32_t *bias; /* [outputs], less what the state's zero point adds */
    int32_t inputs, outputs, rank, memory, batches;
    int32_t state_multiplier, out_multiplier; /* 0 or [2^30, 2^31), Q31 */
    int16_t state_shift, out_shift;           /* [-31, 30] */
    int16_t in_zero, out_zero, state_zero;    /* zero points, [-128, 127]; int16 states have 0 */
};

/* in: [batches][inputs]; state: [batches][outputs * rank][memory], moved on by one result; out:
 * [batches][outputs], apart from both. */
void tinyssl_svdf_s8(const int8_t *in, int8_t *state, const struct tinyssl_svdf *p, int8_t *out);
void tinyssl_svdf_s8_s16(const int8_t *in, int16_t *state, const struct tinyssl_svdf *p,
                         int8_t *out);

#endif
