#include "svdf_s8_mve.h"

#include "lanes_s16_mve.h"

/* New results of four filters from f on, as they are stored: modulo 2^8. Of fewer that are left, the last
 * one again. */
static void results(const struct tinyssl_svdf_mve *given, const int8_t *in, int32_t f,
                    int32_t filters, int32_t found[TINYSSL_QUAD])
{
    const struct tinyssl_svdf *p = &given->svdf;
    const int8_t *rows[TINYSSL_QUAD];
    int32_t from[TINYSSL_QUAD];
    for (int32_t r = 0; r < TINYSSL_QUAD; r++) {
        const int32_t filter = f + r < filters ? f + r : filters - 1;
        rows[r] = p->feature + filter * p->inputs;
        from[r] = given->start[filter];
    }
    const tinyssl_quad sums =
        tinyssl_add(tinyssl_dot_1x4(in, rows, p->inputs), tinyssl_load_quad(from));
    const tinyssl_quad x = tinyssl_requantise_quad(sums, p->state_multiplier, p->state_shift);
    const tinyssl_quad clamped =
        tinyssl_clamp_quad(x, tinyssl_dup(INT8_MIN), tinyssl_dup(INT8_MAX));
    tinyssl_store_lanes(found, tinyssl_add(clamped, tinyssl_dup(p->state_zero)));
}

/* Moves a state of `memory` results on by one; returns its products with `time`. */
TINYSSL_INLINE int32_t remember(int8_t *state, const int8_t *time, int32_t memory, int8_t newest)
{
    const int32_t moved = tinyssl_move_and_dot(state, time, memory - 1);
    state[memory - 1] = newest;
    return (int32_t)((uint32_t)moved + (uint32_t)(time[memory - 1] * newest));
}

/* The outputs of sums, as many as there are. */
TINYSSL_INLINE void outputs(const struct tinyssl_svdf *p, const int32_t sums[TINYSSL_QUAD],
                            int32_t count, int8_t *out)
{
    const tinyssl_quad x =
        tinyssl_requantise_quad(tinyssl_load_quad(sums), p->out_multiplier, p->out_shift);
    tinyssl_store_quad(out, x, p->out_zero, tinyssl_dup(INT8_MIN), tinyssl_dup(INT8_MAX), count);
}

static int8_t *batch(const struct tinyssl_svdf_mve *given, const int8_t *in, int8_t *state,
                     int8_t *out)
{
    const struct tinyssl_svdf *p = &given->svdf;
    const int32_t filters = p->outputs * p->rank, memory = p->memory;
    const int8_t *time = (const int8_t *)p->time;
    int32_t found[TINYSSL_QUAD], sums[TINYSSL_QUAD] = {0};
    int32_t f = 0, lane = 0;
    for (int32_t o = 0; o < p->outputs; o++) {
        uint32_t sum = (uint32_t)p->bias[o];
        for (int32_t r = 0; r < p->rank; r++, f++, state += memory, time += memory) {
            if (f % TINYSSL_QUAD == 0) {
                results(given, in, f, filters, found);
            }
            const int8_t newest = (int8_t)(uint8_t)found[f % TINYSSL_QUAD];
            sum += (uint32_t)remember(state, time, memory, newest);
        }
        sums[lane++] = (int32_t)sum;
        if (lane == TINYSSL_QUAD || o + 1 == p->outputs) {
            outputs(p, sums, lane, out + o + 1 - lane);
            lane = 0;
        }
    }
    return state;
}

void tinyssl_svdf_s8_mve(const int8_t *in, int8_t *state, const struct tinyssl_svdf_mve *p,
                         int8_t *out)
{
    for (int32_t b = 0; b < p->svdf.batches; b++) {
        state = batch(p, in + b * p->svdf.inputs, state, out + b * p->svdf.outputs);
    }
}
