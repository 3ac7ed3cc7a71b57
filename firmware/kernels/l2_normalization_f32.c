#include "l2_normalization_f32.h"

#include <math.h>

#include "product_f32.h"

void tinyssl_l2_normalization_f32(const float *in, const struct tinyssl_l2_normalization_f32 *p,
                                  float *out)
{
    const float least = 1e-6F;
    for (int32_t row = 0; row < p->rows; row++) {
        float sum = 0.0F;
        for (int32_t i = 0; i < p->depth; i++) {
            sum += tinyssl_product(in[i], in[i]);
        }
        float root = sqrtf(sum);
        root = root < least ? least : root;
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = in[i] / root;
        }
        in += p->depth;
        out += p->depth;
    }
}
