#include "product_s8_dsp.h"

#include <string.h>

#include "dsp.h"
#include "fixed_point.h"

static uint8_t *widen(uint32_t bytes, uint8_t *column)
{
    tinyssl_store(column, tinyssl_double(tinyssl_even_bytes(bytes)));
    tinyssl_store(column + 4, tinyssl_double(tinyssl_odd_bytes(bytes)));
    return column + 8;
}

/* The last one to three bytes of a pixel, zeros behind them. */
static uint32_t rest(const int8_t *at, int32_t count)
{
    uint32_t bytes = 0;
    for (int32_t i = 0; i < count; i++) {
        bytes |= (uint32_t)(uint8_t)at[i] << (8 * i);
    }
    return bytes;
}

void tinyssl_widen2(const int8_t *first, const int8_t *second, int32_t depth, uint8_t *column)
{
    int32_t k = 0;
    TINYSSL_UNROLL
    for (; k + 4 <= depth; k += 4) {
        column = widen(tinyssl_load(first + k), column);
        column = widen(tinyssl_load(second + k), column);
    }
    if (k < depth) {
        column = widen(rest(first + k, depth - k), column);
        (void)widen(rest(second + k, depth - k), column);
    }
}

void tinyssl_widen1(const int8_t *pixel, int32_t depth, uint8_t *column)
{
    int32_t k = 0;
    TINYSSL_UNROLL
    for (; k + 4 <= depth; k += 4) {
        column = widen(tinyssl_load(pixel + k), column);
    }
    if (k < depth) {
        (void)widen(rest(pixel + k, depth - k), column);
    }
}

/* Two channels of two pixels. */
struct block {
    int32_t sum[2][2]; /* [pixel][channel] */
};

static inline struct block multiply2(const uint8_t **weight, const uint8_t *column, int32_t steps,
                                     int32_t start0, int32_t start1)
{
    int32_t a = start0;
    int32_t b = start1;
    int32_t c = start0;
    int32_t d = start1;
    TINYSSL_UNROLL
    for (; steps > 0; steps--) {
        const struct tinyssl_words w = tinyssl_next_words(weight);
        const uint32_t even0 = tinyssl_even_bytes(w.first);
        const uint32_t even1 = tinyssl_even_bytes(w.second);
        const uint32_t odd0 = tinyssl_odd_bytes(w.first);
        const uint32_t odd1 = tinyssl_odd_bytes(w.second);
        const struct tinyssl_words x = tinyssl_next_words(&column);
        a = tinyssl_dual_mac(even0, x.first, a);
        b = tinyssl_dual_mac(even1, x.first, b);
        a = tinyssl_dual_mac(odd0, x.second, a);
        b = tinyssl_dual_mac(odd1, x.second, b);
        const struct tinyssl_words y = tinyssl_next_words(&column);
        c = tinyssl_dual_mac(even0, y.first, c);
        d = tinyssl_dual_mac(even1, y.first, d);
        c = tinyssl_dual_mac(odd0, y.second, c);
        d = tinyssl_dual_mac(odd1, y.second, d);
    }
    return (struct block){{{a, b}, {c, d}}};
}

static inline void product2(const struct tinyssl_product_dsp *p, const uint8_t *column,
                            int8_t *first, int8_t *second, int32_t sign)
{
    const uint8_t *weight = (const uint8_t *)p->weight;
    const int32_t steps = (p->depth + 3) / 4;
    for (int32_t c = 0; c < p->out_c; c += 2) {
        const int32_t pair = c + 1 < p->out_c;
        const struct tinyssl_channel even = tinyssl_channel_at(p->channel, c);
        const struct tinyssl_channel odd = tinyssl_channel_at(p->channel, c + pair);
        const struct block block =
            multiply2(&weight, column, steps, tinyssl_start(even), tinyssl_start(odd));
        int32_t rounding = tinyssl_rounding(p->out_zero, even);
        *first++ = tinyssl_requantise_dsp(block.sum[0][0], even, rounding, sign);
        *second++ = tinyssl_requantise_dsp(block.sum[1][0], even, rounding, sign);
        if (pair) {
            rounding = tinyssl_rounding(p->out_zero, odd);
            *first++ = tinyssl_requantise_dsp(block.sum[0][1], odd, rounding, sign);
            *second++ = tinyssl_requantise_dsp(block.sum[1][1], odd, rounding, sign);
        }
    }
}

void tinyssl_product2(const struct tinyssl_product_dsp *p, const uint8_t *column, int8_t *first,
                      int8_t *second)
{
    if (p->sign) {
        product2(p, column, first, second, 1);
    } else {
        product2(p, column, first, second, 0);
    }
}

void tinyssl_product1(const struct tinyssl_product_dsp *p, const uint8_t *column, int8_t *out)
{
    const uint8_t *weight = (const uint8_t *)p->weight;
    for (int32_t c = 0; c < p->out_c; c += 2) {
        const int32_t pair = c + 1 < p->out_c;
        const struct tinyssl_channel even = tinyssl_channel_at(p->channel, c);
        const struct tinyssl_channel odd = tinyssl_channel_at(p->channel, c + pair);
        const uint8_t *at = column;
        int32_t a = tinyssl_start(even);
        int32_t b = tinyssl_start(odd);
        TINYSSL_UNROLL
        for (int32_t steps = (p->depth + 3) / 4; steps > 0; steps--) {
            const struct tinyssl_words w = tinyssl_next_words(&weight);
            const struct tinyssl_words x = tinyssl_next_words(&at);
            a = tinyssl_dual_mac(tinyssl_even_bytes(w.first), x.first, a);
            b = tinyssl_dual_mac(tinyssl_even_bytes(w.second), x.first, b);
            a = tinyssl_dual_mac(tinyssl_odd_bytes(w.first), x.second, a);
            b = tinyssl_dual_mac(tinyssl_odd_bytes(w.second), x.second, b);
        }
        *out++ = tinyssl_requantise_dsp(a, even, tinyssl_rounding(p->out_zero, even), p->sign);
        if (pair) {
            *out++ = tinyssl_requantise_dsp(b, odd, tinyssl_rounding(p->out_zero, odd), p->sign);
        }
    }
}

void tinyssl_activate(int8_t *out, int32_t size, int32_t low, int32_t high)
{
    if (low == INT8_MIN && high == INT8_MAX) {
        return;
    }
    for (int32_t i = 0; i < size; i++) {
        out[i] = tinyssl_clamp(out[i], low, high);
    }
}
