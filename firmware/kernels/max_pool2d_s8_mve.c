#include "max_pool2d_s8_mve.h"

#include "lanes_mve.h"

/* 16 channels, or `count` where there are fewer. in: in the first place of the window. */
TINYSSL_INLINE void block(const int8_t *in, int32_t rows, int32_t columns,
                          const struct tinyssl_pool2d *p, int8_t *out, int32_t count)
{
    const int32_t step = p->in_pitch, row = p->in_w * step;
    tinyssl_block found = tinyssl_dup_block(p->out_min);
    for (; rows > 0; rows--, in += row) {
        const int8_t *at = in;
        for (int32_t x = columns; x > 0; x--, at += step) {
            found = tinyssl_max_block(found, tinyssl_load_block(at, count));
        }
    }
    tinyssl_store_block(out, tinyssl_min_block(found, tinyssl_dup_block(p->out_max)), count);
}

void tinyssl_max_pool2d_s8_mve(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, out += p->out_pitch) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            const int8_t *from = in + (rows.begin * p->in_w + columns.begin) * p->in_pitch;
            const int32_t height = rows.end - rows.begin, width = columns.end - columns.begin;
            int8_t *to = out;
            int32_t left = p->channels;
            for (; left >= TINYSSL_BLOCK; left -= TINYSSL_BLOCK, from += TINYSSL_BLOCK) {
                block(from, height, width, p, to, TINYSSL_BLOCK);
                to += TINYSSL_BLOCK;
            }
            if (left > 0) {
                block(from, height, width, p, to, left);
            }
        }
    }
}
