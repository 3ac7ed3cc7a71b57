#include "split.h"

void tinyssl_split(const int8_t *const *in, const struct tinyssl_runs *p, int8_t *const *out)
{
    const int32_t *run = p->run;
    for (int32_t i = 0; i < p->count; i++, run += TINYSSL_RUN) {
        tinyssl_move_runs(in[0] + run[TINYSSL_RUN_START], p->pitch, out[i], run[TINYSSL_RUN_PITCH],
                          run[TINYSSL_RUN_BYTES], p->rounds);
    }
}
