#include "gather.h"

#include <string.h>

static int64_t bounded(int64_t index, int64_t last)
{
    return index < 0 ? 0 : index > last ? last : index;
}

/* An index of a tensor, which need not be aligned as int32 is. */
static int32_t index_at(const void *indices, int32_t at)
{
    int32_t index;
    memcpy(&index, (const int8_t *)indices + 4 * at, 4);
    return index;
}

static void gather(const int8_t *in, const void *indices, const struct tinyssl_gather *p,
                   int8_t *out)
{
    const size_t run = (size_t)p->run;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t outer = 0; outer < p->outers; outer++) {
            for (int32_t i = 0; i < p->picks; i++) {
                const int32_t index = index_at(indices, batch * p->picks + i);
                memcpy(out, in + (size_t)bounded(index, p->length - 1) * run, run);
                out += run;
            }
            in += (size_t)p->length * run;
        }
    }
}

void tinyssl_gather(const int8_t *in, const int8_t *indices, const struct tinyssl_gather *p,
                    int8_t *out)
{
    gather(in, indices, p, out);
}

void tinyssl_gather_constant(const int8_t *in, const struct tinyssl_gather *p, int8_t *out)
{
    gather(in, p->indices, p, out);
}

void tinyssl_gather_table(const int8_t *indices, const struct tinyssl_gather *p, int8_t *out)
{
    gather((const int8_t *)p->table, indices, p, out);
}

static void gather_nd(const int8_t *in, const void *indices, const struct tinyssl_gather_nd *p,
                      int8_t *out)
{
    for (int32_t i = 0; i < p->picks; i++) {
        int64_t start = 0;
        for (int32_t axis = 0; axis < p->depth; axis++) {
            start += (int64_t)index_at(indices, i * p->depth + axis) * p->step[axis];
        }
        memcpy(out, in + bounded(start, p->last), (size_t)p->run);
        out += p->run;
    }
}

void tinyssl_gather_nd(const int8_t *in, const int8_t *indices, const struct tinyssl_gather_nd *p,
                       int8_t *out)
{
    gather_nd(in, indices, p, out);
}

void tinyssl_gather_nd_constant(const int8_t *in, const struct tinyssl_gather_nd *p, int8_t *out)
{
    gather_nd(in, p->indices, p, out);
}

void tinyssl_gather_nd_table(const int8_t *indices, const struct tinyssl_gather_nd *p, int8_t *out)
{
    gather_nd((const int8_t *)p->table, indices, p, out);
}

void tinyssl_embedding_f32(const int32_t *indices, const struct tinyssl_embedding *p, float *out)
{
    for (int32_t i = 0; i < p->picks; i++) {
        const int8_t *const row = p->table + bounded(indices[i], p->rows - 1) * p->columns;
        for (int32_t column = 0; column < p->columns; column++) {
            *out++ = p->scale * (float)row[column];
        }
    }
}
