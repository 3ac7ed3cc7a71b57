#include "move_error_f32.h"

#include <string.h>

#define LAST (TINYSSL_COPY_LOOPS - 1)

static void add_runs(const float *error, const struct tinyssl_copy *p, float *out)
{
    for (int32_t i = 0; i < p->count[LAST]; i++) {
        const float *from = error + i * p->in[LAST];
        float *to = out + i * p->out[LAST];
        for (int32_t k = 0; k < p->run; k++) {
            to[k] += from[k];
        }
    }
}

void tinyssl_move_error_f32(const float *error, const struct tinyssl_move_error *p, float *out)
{
    const struct tinyssl_copy *copy = &p->copy;
    int32_t round[LAST] = {0};
    int32_t from = copy->in_start, to = copy->out_start;
    int loop = 0;
    memset(out, 0, sizeof *out * (size_t)p->size);
    while (loop >= 0) {
        add_runs(error + from, copy, out + to);
        for (loop = LAST - 1; loop >= 0; loop--) {
            from += copy->in[loop];
            to += copy->out[loop];
            if (++round[loop] < copy->count[loop]) {
                break;
            }
            from -= copy->count[loop] * copy->in[loop];
            to -= copy->count[loop] * copy->out[loop];
            round[loop] = 0;
        }
    }
}
