#include "product4_s8_dsp.h"

#include "fixed_point.h"
#include "product4_body_dsp.h"

TINYSSL_FORM(tinyssl_bytes_relu, DOUBLED, RELU, BYTES)
TINYSSL_FORM(tinyssl_bytes_signed, DOUBLED, SIGNED, BYTES)
TINYSSL_FORM(tinyssl_planes_relu, DOUBLED, RELU, PLANES)
TINYSSL_FORM(tinyssl_planes_signed, DOUBLED, SIGNED, PLANES)
TINYSSL_FORM(tinyssl_plain_relu, PLAIN, RELU, BYTES)
TINYSSL_FORM(tinyssl_plain_signed, PLAIN, SIGNED, BYTES)

/* Four bytes, raised by 128: as unsigned bytes they can be doubled in place, so one AND of the
 * shifted word gives a pair. */
#define RAISE UINT32_C(0x80808080)
#define PAIR UINT32_C(0x01fe01fe)

static inline void put(uint32_t bytes, int32_t pixels, uint8_t *at)
{
    bytes ^= RAISE;
    tinyssl_store(at, (bytes << 1) & PAIR);
    tinyssl_store(at + 4 * pixels, (bytes >> 7) & PAIR);
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

#if TINYSSL_DSP && defined(__thumb2__)

/* Groups of four inputs, at least one. 20 instructions for 16 values. */
__attribute__((naked, noinline)) static void to_column4(const int8_t *in __attribute__((unused)),
                                                        int32_t pitch __attribute__((unused)),
                                                        int32_t groups __attribute__((unused)),
                                                        uint8_t *column __attribute__((unused)))
{
    __asm volatile(
        "push {r4-r11, lr}\n"
        "add r12, r1, r1, lsl #1\n"
        "movw lr, #0x01fe\n"
        "movt lr, #0x01fe\n"
        "1:\n"
        "ldr r5, [r0, r1]\n"
        "ldr r6, [r0, r1, lsl #1]\n"
        "ldr r7, [r0, r12]\n"
        "ldr r4, [r0], #4\n"
        "eor r5, r5, #0x80808080\n"
        "eor r6, r6, #0x80808080\n"
        "eor r7, r7, #0x80808080\n"
        "eor r4, r4, #0x80808080\n"
        "and r8, lr, r4, lsl #1\n"
        "and r9, lr, r5, lsl #1\n"
        "and r10, lr, r6, lsl #1\n"
        "and r11, lr, r7, lsl #1\n"
        "stm r3!, {r8-r11}\n"
        "and r4, lr, r4, lsr #7\n"
        "and r5, lr, r5, lsr #7\n"
        "and r6, lr, r6, lsr #7\n"
        "and r7, lr, r7, lsr #7\n"
        "stm r3!, {r4-r7}\n"
        "subs r2, r2, #1\n"
        "bne 1b\n"
        "pop {r4-r11, pc}\n");
}

#else

static void to_column4(const int8_t *in, int32_t pitch, int32_t groups, uint8_t *column)
{
    for (; groups > 0; groups--, in += 4, column += 32) {
        for (int32_t i = 0; i < 4; i++) {
            put(tinyssl_load(in + i * pitch), 4, column + 4 * i);
        }
    }
}

#endif

/* One pixel of a column of several, from its input `from` on. */
static void to_column1(const int8_t *in, int32_t from, int32_t depth, int32_t pixels,
                       uint8_t *column)
{
    column += 2 * from * pixels;
    TINYSSL_UNROLL
    for (; from + 4 <= depth; from += 4, column += 8 * pixels) {
        put(tinyssl_load(in + from), pixels, column);
    }
    if (from < depth) {
        put(rest(in + from, depth - from), pixels, column);
    }
}

void tinyssl_to_column(const int8_t *in, int32_t pitch, int32_t depth, int32_t pixels,
                       uint8_t *column)
{
    int32_t from = 0;
    if (pixels == 4 && depth >= 4) {
        from = depth & ~3;
        to_column4(in, pitch, depth >> 2, column);
    }
    if (from < depth) {
        for (int32_t i = 0; i < pixels; i++, in += pitch, column += 4) {
            to_column1(in, from, depth, pixels, column);
        }
    }
}

void tinyssl_product_column(const struct tinyssl_product4_dsp *p, const uint8_t *column,
                            int32_t pixels, void *out, int32_t step)
{
    if (pixels == 4) {
        p->form->four(p, column, out, step);
    } else if (pixels == 2) {
        p->form->two(p, column, out, step);
    } else {
        p->form->one(p, column, out, step);
    }
}

/* Four, two or one: the most that fit. */
static int32_t at_once(int32_t pixels)
{
    return pixels >= 4 ? 4 : pixels >= 2 ? 2 : 1;
}

void tinyssl_product_row(const struct tinyssl_product4_dsp *p, const int8_t *in, int32_t pitch,
                         int32_t pixels, uint8_t *column, int8_t *out)
{
    while (pixels > 0) {
        const int32_t count = at_once(pixels);
        tinyssl_to_column(in, pitch, p->depth, count, column);
        tinyssl_product_column(p, column, count, out, 0);
        pixels -= count;
        in += count * pitch;
        out += count * p->out_c;
    }
}

void tinyssl_product_row_to_planes(const struct tinyssl_product4_dsp *p, const int8_t *in,
                                   int32_t pitch, int32_t pixels, uint8_t *column, uint8_t *plane,
                                   int32_t step)
{
    for (int32_t i = 0; i < pixels;) {
        const int32_t count = at_once(pixels - i);
        tinyssl_to_column(in, pitch, p->depth, count, column);
        tinyssl_product_column(p, column, count, tinyssl_plane_pixel(plane, i), step);
        in += count * pitch;
        i += count;
    }
}

void tinyssl_product_columns(const struct tinyssl_product4_dsp *p, const uint8_t *columns,
                             int32_t pixels, int8_t *out)
{
    while (pixels > 0) {
        const int32_t count = at_once(pixels);
        tinyssl_product_column(p, columns, count, out, 0);
        pixels -= count;
        columns += TINYSSL_COLUMN(p->depth, count);
        out += count * p->out_c;
    }
}

void tinyssl_clamp_outputs(const struct tinyssl_product4_dsp *p, int8_t *out, int32_t size)
{
    if (p->out_min == INT8_MIN && p->out_max == INT8_MAX) {
        return;
    }
    for (int32_t i = 0; i < size; i++) {
        out[i] = tinyssl_clamp(out[i], p->out_min, p->out_max);
    }
}
