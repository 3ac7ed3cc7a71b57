#include "fused_block_s8_dsp.h"

#include "block_rows_dsp.h"

/* One pixel to all planes. */
static void spread1(const int8_t *in, int32_t channels, int32_t step, uint8_t *plane)
{
    for (; channels > 0; channels--, plane += step) {
        tinyssl_store_half(plane, (uint32_t)*in++);
    }
}

/* Two pixels, the columns of a pair. */
static void spread2(const int8_t *first, const int8_t *second, int32_t channels, int32_t step,
                    uint8_t *plane)
{
    for (; channels >= 4; channels -= 4, first += 4, second += 4, plane += 2 * step) {
        const uint32_t x = tinyssl_load(first);
        const uint32_t y = tinyssl_load(second);
        const uint32_t even0 = tinyssl_sxtb16(x);
        const uint32_t even1 = tinyssl_sxtb16(y);
        const uint32_t odd0 = tinyssl_sxtb16_ror8(x);
        const uint32_t odd1 = tinyssl_sxtb16_ror8(y);
        tinyssl_store(plane, tinyssl_pkhbt_lsl16(even0, even1));
        tinyssl_store(plane + step, tinyssl_pkhbt_lsl16(odd0, odd1));
        plane += 2 * step;
        tinyssl_store(plane, tinyssl_pkhtb_asr16(even0, even1));
        tinyssl_store(plane + step, tinyssl_pkhtb_asr16(odd0, odd1));
    }
    for (; channels > 0; channels--, plane += step) {
        tinyssl_store(plane, tinyssl_pair(*first++, *second++));
    }
}

/* An input row to the planes as it is. */
static void spread_row(const int8_t *in, const struct tinyssl_fused_block_dsp *p,
                       const struct tinyssl_block_work *w)
{
    const int32_t c = p->channels;
    const int32_t end = p->pad_left + p->in_w;
    uint8_t *const slot = w->planes + 4 * w->slot;
    int32_t x = p->pad_left;
    if (x & 1) {
        spread1(in, c, w->step, slot + tinyssl_plane_offset(x, 0));
        in += c;
        x++;
    }
    for (; x + 1 < end; x += 2, in += 2 * c) {
        spread2(in, in + c, c, w->step, slot + tinyssl_plane_offset(x, 0));
    }
    if (x < end) {
        spread1(in, c, w->step, slot + tinyssl_plane_offset(x, 0));
    }
}

/* An input row, expanded or as it is. */
static void input_row(const int8_t *in, const struct tinyssl_fused_block_dsp *p,
                      const struct tinyssl_block_work *w)
{
    const int8_t *const row = in + w->next * p->in_w * p->in_c;
    if (p->expand.depth == 0) {
        spread_row(row, p, w);
    } else {
        tinyssl_product_row_to_planes(&p->expand, row, p->in_c, p->in_w, w->column,
                                      tinyssl_block_pixel(p, w), w->step);
        tinyssl_clamp_block_row(&p->expand, p, w);
    }
}

void tinyssl_fused_block_s8_dsp(const int8_t *in, const struct tinyssl_fused_block_dsp *p,
                                int8_t *out, int8_t *scratch)
{
    tinyssl_block_of_rows(in, p, out, scratch, input_row);
}
