#include "pad.h"

#include <stddef.h>
#include <string.h>

static void fill(const struct tinyssl_pad_axes *p, int8_t *out)
{
    if (p->size == 1) {
        memset(out, p->value, (size_t)p->count);
    } else if (p->size == 2) {
        const int16_t value = (int16_t)p->value;
        for (int32_t i = 0; i < p->count; i++) {
            memcpy(out + 2 * i, &value, 2);
        }
    } else {
        for (int32_t i = 0; i < p->count; i++) {
            memcpy(out + 4 * i, &p->value, 4);
        }
    }
}

void tinyssl_pad(const int8_t *in, const struct tinyssl_pad_axes *p, int8_t *out)
{
    fill(p, out);
    tinyssl_copy(in, &p->copy, out);
}
