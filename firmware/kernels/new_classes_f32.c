#include "new_classes_f32.h"

#include <stddef.h>
#include <string.h>

#include "loss_f32.h"

static int is_free(const float *bias, int32_t at)
{
    return bias[at] < TINYSSL_FREE_CLASS_BELOW;
}

void tinyssl_growing_cross_entropy_f32(const float *scores, const int32_t *label, const float *bias,
                                       const struct tinyssl_new_classes *p, float *error,
                                       float *loss)
{
    const struct tinyssl_loss whole = {p->size, 0.0f, 0.0f};
    memcpy(error, scores, sizeof *error * (size_t)p->size);
    if (*label >= p->first && *label < p->size && is_free(bias, *label - p->first)) {
        error[*label] = 0.0f;
    }
    tinyssl_softmax_cross_entropy_f32(error, label, &whole, error, loss);
}

void tinyssl_open_class_f32(const int8_t *const *in, const struct tinyssl_new_classes *p,
                            int8_t *const *out)
{
    const int32_t label = *(const int32_t *)(const void *)in[0];
    float *bias = (float *)(void *)out[0];
    for (int32_t i = 0; i < p->size - p->first; i++) {
        if (!is_free(bias, i)) {
            continue;
        }
        bias[i] = label == p->first + i ? 0.0f : TINYSSL_FREE_CLASS;
        if (p->momentum != 0) {
            ((float *)(void *)out[1])[i] = 0.0f;
        }
    }
}
