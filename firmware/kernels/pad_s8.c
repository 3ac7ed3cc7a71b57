#include "pad_s8.h"

#include <stddef.h>
#include <string.h>

static int8_t *fill(int8_t *out, int32_t value, int32_t count)
{
    memset(out, value, (size_t)count);
    return out + count;
}

void tinyssl_pad_s8(const int8_t *in, const struct tinyssl_pad *p, int8_t *out)
{
    const int32_t row = p->in_w * p->in_c;
    const int32_t wide = (p->left + p->in_w + p->right) * p->in_c;
    out = fill(out, p->value, p->top * wide);
    for (int32_t y = 0; y < p->in_h; y++) {
        out = fill(out, p->value, p->left * p->in_c);
        memcpy(out, in + y * row, (size_t)row);
        out = fill(out + row, p->value, p->right * p->in_c);
    }
    fill(out, p->value, p->bottom * wide);
}
