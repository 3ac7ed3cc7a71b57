#include "chosen_error_f32.h"

void tinyssl_chosen_error_f32(const float *error, const float *side, const float *chosen,
                              const struct tinyssl_chosen_error *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = (side[i] == chosen[i]) == p->equal ? error[i] : 0.0f;
    }
}
