#include "fully_connected_s8.h"

#include <stddef.h>

#include "fixed_point.h"

void tinyssl_fully_connected_s8(const int8_t *in, const struct tinyssl_fully_connected *p,
                                int8_t *out)
{
    for (int32_t c = 0; c < p->out_c; c++) {
        const int8_t *weight = p->weight + c * p->in_c;
        int32_t sum = p->bias != NULL ? p->bias[c] : 0;
        for (int32_t i = 0; i < p->in_c; i++) {
            sum += (in[i] - p->in_zero) * weight[i];
        }
        sum = tinyssl_requantise(sum, p->multiplier[c], p->shift[c]) + p->out_zero;
        out[c] = tinyssl_clamp(sum, p->out_min, p->out_max);
    }
}
