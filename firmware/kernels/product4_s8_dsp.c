#include "product4_s8_dsp.h"

#include "product4_body_dsp.h"

TINYSSL_PRODUCT_CORE(1)
TINYSSL_PRODUCT_CORE(2)
TINYSSL_PRODUCT_CORE(4)

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

static inline void store_pairs(uint32_t bytes, int32_t pixels, uint8_t *at)
{
    bytes ^= RAISE;
    tinyssl_store(at, (bytes << 1) & PAIR);
    tinyssl_store(at + 4 * pixels, (bytes >> 7) & PAIR);
}

#if TINYSSL_DSP && defined(__thumb2__)

/* The whole words of each row of four pixels, at least one. 20 instructions for 16 values.
 * row_step: from behind the words of a row to the next. */
__attribute__((naked, noinline)) static void words4(const int8_t *in __attribute__((unused)),
                                                    int32_t pitch __attribute__((unused)),
                                                    int32_t words __attribute__((unused)),
                                                    uint8_t *column __attribute__((unused)),
                                                    int32_t rows __attribute__((unused)),
                                                    int32_t row_step __attribute__((unused)))
{
    __asm__ volatile("push {r2, r4-r11, lr}\n"
                     "add r12, r1, r1, lsl #1\n"
                     "movw lr, #0x01fe\n"
                     "movt lr, #0x01fe\n"
                     "1:\n"
                     "ldr r2, [sp]\n"
                     "2:\n"
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
                     "bne 2b\n"
                     "ldrd r4, r5, [sp, #40]\n"
                     "add r0, r0, r5\n"
                     "subs r4, r4, #1\n"
                     "str r4, [sp, #40]\n"
                     "bne 1b\n"
                     "add sp, sp, #4\n"
                     "pop {r4-r11, pc}\n");
}

#else

static void words4(const int8_t *in, int32_t pitch, int32_t words, uint8_t *column, int32_t rows,
                   int32_t row_step)
{
    for (; rows > 0; rows--, in += row_step) {
        for (int32_t k = 0; k < words; k++, in += 4, column += 32) {
            for (int32_t i = 0; i < 4; i++) {
                store_pairs(tinyssl_load(in + i * pitch), 4, column + 4 * i);
            }
        }
    }
}

#endif

/* The whole words of one pixel of a column of several. */
static void words1(const int8_t *in, const struct tinyssl_taps *taps, int32_t pixels,
                   uint8_t *column)
{
    for (int32_t row = 0; row < taps->rows; row++, in += taps->row_bytes) {
        TINYSSL_UNROLL
        for (int32_t k = 0; k + 4 <= taps->bytes; k += 4, column += 8 * pixels) {
            store_pairs(tinyssl_load(in + k), pixels, column);
        }
    }
}

/* What is left of the rows of one pixel: one to three bytes each. */
static void left1(const int8_t *in, const struct tinyssl_taps *taps, int32_t pixels,
                  uint8_t *column)
{
    const int32_t count = taps->bytes & 3;
    uint32_t bytes = 0;
    int32_t filled = 0;
    in += taps->bytes - count;
    for (int32_t row = 0; row < taps->rows; row++, in += taps->row_bytes) {
        for (int32_t k = 0; k < count; k++) {
            bytes |= (uint32_t)(uint8_t)in[k] << (8 * filled);
            filled = (filled + 1) & 3;
            if (filled == 0) {
                store_pairs(bytes, pixels, column);
                column += 8 * pixels;
                bytes = 0;
            }
        }
    }
    if (filled > 0) {
        store_pairs(bytes, pixels, column);
    }
}

/* The same for three rows of one byte, for all pixels: 3x3 taps of three channels. */
static void left_of_3(const int8_t *in, int32_t pitch, int32_t row_bytes, int32_t pixels,
                      uint8_t *column)
{
    const uint8_t *first = (const uint8_t *)in;
    const uint8_t *second = first + row_bytes;
    const uint8_t *third = second + row_bytes;
    for (int32_t i = 0; i < pixels; i++, column += 4) {
        store_pairs((uint32_t)*first | (uint32_t)*second << 8 | (uint32_t)*third << 16, pixels,
                    column);
        first += pitch;
        second += pitch;
        third += pitch;
    }
}

static void left(const int8_t *in, int32_t pitch, const struct tinyssl_taps *taps, int32_t pixels,
                 uint8_t *column)
{
    const int32_t whole = taps->bytes & ~3;
    column += 2 * taps->rows * whole * pixels;
    if (taps->rows == 3 && taps->bytes - whole == 1) {
        left_of_3(in + whole, pitch, taps->row_bytes, pixels, column);
        return;
    }
    for (int32_t i = 0; i < pixels; i++, in += pitch, column += 4) {
        left1(in, taps, pixels, column);
    }
}

void tinyssl_taps_to_column(const int8_t *in, int32_t pitch, const struct tinyssl_taps *taps,
                            int32_t pixels, uint8_t *column)
{
    const int32_t words = taps->bytes >> 2;
    if (pixels == 4 && words > 0) {
        words4(in, pitch, words, column, taps->rows, taps->row_bytes - 4 * words);
    } else {
        for (int32_t i = 0; i < pixels; i++) {
            words1(in + i * pitch, taps, pixels, column + 4 * i);
        }
    }
    if (taps->bytes & 3) {
        left(in, pitch, taps, pixels, column);
    }
}

void tinyssl_to_column(const int8_t *in, int32_t pitch, int32_t depth, int32_t pixels,
                       uint8_t *column)
{
    const struct tinyssl_taps taps = {1, depth, 0};
    tinyssl_taps_to_column(in, pitch, &taps, pixels, column);
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
        tinyssl_product_column(p, column, count, out, p->out_pitch);
        pixels -= count;
        in += count * pitch;
        out += count * p->out_pitch;
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
        tinyssl_product_column(p, columns, count, out, p->out_pitch);
        pixels -= count;
        columns += TINYSSL_COLUMN(p->depth, count);
        out += count * p->out_pitch;
    }
}

void tinyssl_clamp_outputs(const struct tinyssl_product4_dsp *p, int8_t *out, int32_t pixels)
{
    tinyssl_narrow_pixels(out, pixels, p->out_c, p->out_pitch, p->out_min, p->out_max);
}
