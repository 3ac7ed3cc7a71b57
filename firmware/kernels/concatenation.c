#include "concatenation.h"

void tinyssl_concatenation(const int8_t *const *in, const struct tinyssl_runs *p,
                           int8_t *const *out)
{
    const int32_t *run = p->run;
    for (int32_t i = 0; i < p->count; i++, run += TINYSSL_RUN) {
        tinyssl_move_runs(in[i], run[TINYSSL_RUN_PITCH], out[0] + run[TINYSSL_RUN_START], p->pitch,
                          run[TINYSSL_RUN_BYTES], p->rounds);
    }
}

void tinyssl_concatenation_constants(const int8_t *const *in, const struct tinyssl_constant_runs *p,
                                     int8_t *const *out)
{
    const int32_t *run = p->runs.run;
    for (int32_t i = 0; i < p->runs.count; i++, run += TINYSSL_RUN) {
        const void *from = p->starts[i] < 0 ? (const void *)*in++ : p->constants + p->starts[i];
        tinyssl_move_runs((const int8_t *)from, run[TINYSSL_RUN_PITCH],
                          out[0] + run[TINYSSL_RUN_START], p->runs.pitch, run[TINYSSL_RUN_BYTES],
                          p->runs.rounds);
    }
}
