#include "fill.h"

#include <stddef.h>
#include <string.h>

void tinyssl_fill(const struct tinyssl_fill *p, int8_t *out)
{
    if (p->size == 1 || p->value == 0) {
        memset(out, p->value, (size_t)p->count * (size_t)p->size);
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

void tinyssl_fill_like(const int8_t *in, const struct tinyssl_fill *p, int8_t *out)
{
    (void)in;
    tinyssl_fill(p, out);
}
