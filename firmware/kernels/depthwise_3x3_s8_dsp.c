#include "depthwise_3x3_s8_dsp.h"

#include <string.h>

#include "dsp.h"
#include "product_s8_dsp.h"

/* Channel by channel. Three input rows of the channel lie in scratch as int16 with their padding, so
 * that the sums check no borders; the oldest row makes room for the next. Two outputs are summed at
 * a time, as they share words of two inputs. */

enum { TAPS = 9 };

struct filter {
    uint32_t front[3], back[3]; /* taps 0 and 1, taps 1 and 2 of each row, doubled */
    struct tinyssl_channel channel;
    int32_t start, rounding;
};

static struct filter load_filter(const struct tinyssl_depthwise_3x3_dsp *p, int32_t c)
{
    const int8_t *tap = p->weight + c * TAPS;
    struct filter f;
    for (int32_t row = 0; row < 3; row++, tap += 3) {
        f.front[row] = tinyssl_pack(2 * tap[0], 2 * tap[1]);
        f.back[row] = tinyssl_pack(2 * tap[1], 2 * tap[2]);
    }
    f.channel = tinyssl_channel_at(p->channel, c);
    f.start = tinyssl_start(f.channel);
    f.rounding = tinyssl_rounding(p->out_zero, f.channel);
    return f;
}

static void fill(uint8_t *row, const struct tinyssl_depthwise_3x3_dsp *p)
{
    const uint32_t zeros = tinyssl_pack(p->in_zero, p->in_zero);
    for (int32_t x = 0; x < p->row; x += 2) {
        tinyssl_store(row + 2 * x, zeros);
    }
}

/* Input row y of the channel that `in` starts at. The padding left and right is there already. */
static void widen(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p, int32_t y,
                  uint8_t *row)
{
    if (y < 0 || y >= p->in_h) {
        fill(row, p);
        return;
    }
    const int32_t step = p->channels;
    const int8_t *from = in + y * p->in_w * step;
    row += 2 * p->pad_left;
    int32_t left = p->copied;
    for (; left >= 2; left -= 2, from += 2 * step, row += 4) {
        tinyssl_store(row, tinyssl_pack(from[0], from[step]));
    }
    if (left > 0) {
        const int16_t last = *from;
        memcpy(row, &last, sizeof last);
    }
}

/* One row of outputs, stride 1: windows at columns x and x + 1 of the widened rows. */
static inline void line1(uint8_t *const rows[3], const struct filter *f, int32_t count,
                         int32_t step, int32_t sign, int8_t *out)
{
    const uint8_t *at[3] = {rows[0], rows[1], rows[2]};
    for (; count > 0; count -= 2) {
        int32_t a = f->start;
        int32_t b = a;
        for (int32_t k = 0; k < 3; k++) {
            const struct tinyssl_words x = tinyssl_sliding_words(&at[k]);
            a = tinyssl_dual_mac(x.first, f->front[k], a);
            a = tinyssl_mac_low_high(x.second, f->back[k], a);
            b = tinyssl_mac_high_low(x.first, f->front[k], b);
            b = tinyssl_dual_mac(x.second, f->back[k], b);
        }
        *out = tinyssl_requantise_dsp(a, f->channel, f->rounding, sign);
        out += step;
        if (count > 1) {
            *out = tinyssl_requantise_dsp(b, f->channel, f->rounding, sign);
            out += step;
        }
    }
}

/* The same, stride 2: windows at columns 2 x and 2 x + 2. */
static inline void line2(uint8_t *const rows[3], const struct filter *f, int32_t count,
                         int32_t step, int32_t sign, int8_t *out)
{
    const uint8_t *at[3] = {rows[0], rows[1], rows[2]};
    for (; count > 0; count -= 2) {
        int32_t a = f->start;
        int32_t b = a;
        for (int32_t k = 0; k < 3; k++) {
            const struct tinyssl_words x = tinyssl_next_words(&at[k]);
            a = tinyssl_dual_mac(x.first, f->front[k], a);
            a = tinyssl_mac_low_high(x.second, f->back[k], a);
            b = tinyssl_dual_mac(x.second, f->front[k], b);
            b = tinyssl_mac_low_high(tinyssl_load(at[k]), f->back[k], b);
        }
        *out = tinyssl_requantise_dsp(a, f->channel, f->rounding, sign);
        out += step;
        if (count > 1) {
            *out = tinyssl_requantise_dsp(b, f->channel, f->rounding, sign);
            out += step;
        }
    }
}

static void line(uint8_t *const rows[3], const struct tinyssl_depthwise_3x3_dsp *p,
                 const struct filter *f, int8_t *out)
{
    if (p->stride == 1 && p->sign) {
        line1(rows, f, p->out_w, p->channels, 1, out);
    } else if (p->stride == 1) {
        line1(rows, f, p->out_w, p->channels, 0, out);
    } else if (p->sign) {
        line2(rows, f, p->out_w, p->channels, 1, out);
    } else {
        line2(rows, f, p->out_w, p->channels, 0, out);
    }
}

static void plane(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p,
                  const struct filter *f, uint8_t *rows[3], int8_t *out)
{
    int32_t next = -p->pad_top;
    for (int32_t k = 0; k < 3; k++) {
        widen(in, p, next++, rows[k]);
    }
    for (int32_t y = 0; y < p->out_h; y++, out += p->out_w * p->channels) {
        for (int32_t k = 0; y > 0 && k < p->stride; k++) {
            uint8_t *oldest = rows[0];
            rows[0] = rows[1];
            rows[1] = rows[2];
            rows[2] = oldest;
            widen(in, p, next++, oldest);
        }
        line(rows, p, f, out);
    }
}

void tinyssl_depthwise_3x3_s8_dsp(const int8_t *in, const struct tinyssl_depthwise_3x3_dsp *p,
                                  int8_t *out, int8_t *scratch)
{
    uint8_t *start = (uint8_t *)scratch;
    uint8_t *rows[3] = {start, start + 2 * p->row, start + 4 * p->row};
    for (int32_t k = 0; k < 3; k++) {
        fill(rows[k], p);
    }
    for (int32_t c = 0; c < p->channels; c++) {
        const struct filter f = load_filter(p, c);
        plane(in + c, p, &f, rows, out + c);
    }
    tinyssl_activate(out, p->out_h * p->out_w * p->channels, p->out_min, p->out_max);
}
