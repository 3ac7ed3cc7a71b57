#include "log_softmax_f32.h"

#include <math.h>

void tinyssl_log_softmax_f32(const float *in, const struct tinyssl_rows *p, float *out)
{
    for (int32_t row = 0; row < p->rows; row++) {
        float max = -3.402823466e+38F; /* the least */
        for (int32_t i = 0; i < p->depth; i++) {
            max = max < in[i] ? in[i] : max;
        }
        float sum = expf(in[0] - max);
        for (int32_t i = 1; i < p->depth; i++) {
            sum += expf(in[i] - max);
        }
        const float log_sum = logf(sum);
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = in[i] - max - log_sum;
        }
        in += p->depth;
        out += p->depth;
    }
}
