#include "dynamic_update_slice.h"

#include <stddef.h>
#include <string.h>

static int64_t read_start(const int8_t *starts, int32_t wide, int32_t axis)
{
    if (wide) {
        int64_t start;
        memcpy(&start, starts + 8 * axis, sizeof start);
        return start;
    }
    int32_t start;
    memcpy(&start, starts + 4 * axis, sizeof start);
    return start;
}

void tinyssl_dynamic_update_slice(const int8_t *const *in,
                                  const struct tinyssl_dynamic_update_slice *p, int8_t *const *out)
{
    struct tinyssl_copy update = p->update;
    for (int32_t axis = 0; axis < p->rank; axis++) {
        int64_t start = read_start(in[2], p->wide, axis);
        if (start > p->last[axis]) {
            start = p->last[axis];
        }
        update.out_start += start < 0 ? 0 : (int32_t)start * p->step[axis];
    }
    if (in[0] != out[0]) {
        memcpy(out[0], in[0], (size_t)p->bytes);
    }
    tinyssl_copy(in[1], &update, out[0]);
}
