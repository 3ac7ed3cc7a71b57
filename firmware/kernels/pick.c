#include "pick.h"

#include <string.h>

#define LAST (TINYSSL_PICK_AXES - 1)

static int8_t *pick_runs(const int8_t *in, const struct tinyssl_pick *p, const uint16_t *index,
                         int8_t *out)
{
    const int32_t count = p->count[LAST], step = p->step[LAST];
    if (p->run == 1 && p->out_step == 1) {
        for (int32_t i = 0; i < count; i++) {
            *out++ = in[index[i] * step];
        }
        return out;
    }
    for (int32_t i = 0; i < count; i++) {
        memcpy(out, in + index[i] * step, (size_t)p->run);
        out += p->out_step;
    }
    return out;
}

void tinyssl_pick(const int8_t *in, const struct tinyssl_pick *p, int8_t *out)
{
    const uint16_t *const first = p->index, *const second = first + p->count[0];
    const uint16_t *const third = second + p->count[1], *const fourth = third + p->count[2];
    const uint16_t *const fifth = fourth + p->count[3];
    for (int32_t a = 0; a < p->count[0]; a++) {
        for (int32_t b = 0; b < p->count[1]; b++) {
            for (int32_t c = 0; c < p->count[2]; c++) {
                for (int32_t d = 0; d < p->count[3]; d++) {
                    const int8_t *const row = in + first[a] * p->step[0] + second[b] * p->step[1] +
                                              third[c] * p->step[2] + fourth[d] * p->step[3];
                    out = pick_runs(row, p, fifth, out);
                }
            }
        }
    }
}
