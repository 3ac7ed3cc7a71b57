#include "copy.h"

#include <string.h>

#include "fast_copy.h"

#define LAST (TINYSSL_COPY_LOOPS - 1)

/* The innermost loop, with a constant size where runs are single elements: then a run is one load and
 * one store. */
static void copy_runs(const int8_t *in, const struct tinyssl_copy *p, int8_t *out)
{
    const int32_t count = p->count[LAST], from = p->in[LAST], to = p->out[LAST];
    switch (p->run) {
    case 1:
        for (int32_t i = 0; i < count; i++) {
            out[i * to] = in[i * from];
        }
        break;
    case 2:
        for (int32_t i = 0; i < count; i++) {
            memcpy(out + i * to, in + i * from, 2);
        }
        break;
    case 4:
        for (int32_t i = 0; i < count; i++) {
            memcpy(out + i * to, in + i * from, 4);
        }
        break;
    default:
        for (int32_t i = 0; i < count; i++) {
            tinyssl_fast_copy(out + i * to, in + i * from, (size_t)p->run);
        }
        break;
    }
}

void tinyssl_copy(const int8_t *in, const struct tinyssl_copy *p, int8_t *out)
{
    int32_t round[LAST] = {0};
    int32_t from = p->in_start, to = p->out_start;
    int loop = 0;
    while (loop >= 0) {
        copy_runs(in + from, p, out + to);
        for (loop = LAST - 1; loop >= 0; loop--) {
            from += p->in[loop];
            to += p->out[loop];
            if (++round[loop] < p->count[loop]) {
                break;
            }
            from -= p->count[loop] * p->in[loop];
            to -= p->count[loop] * p->out[loop];
            round[loop] = 0;
        }
    }
}
