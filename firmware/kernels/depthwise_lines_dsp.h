/* Lines of a depthwise 3x3 convolution, one channel at a time, over planes of int16.
 *
 * A plane holds the three input rows that a line of outputs reads, interleaved: for each pair of
 * columns one word of each row, [columns / 2][3 slots][2] int16, aligned to 4 bytes. Column 0 is the
 * first column of the left padding; padding holds the zero point of the input. Rows keep their slot
 * as long as they live: the next row takes the slot of the oldest, `stride` slots on for each line.
 * A line of `count` outputs reads TINYSSL_PLANE_COLUMNS(count, stride) columns at most, the last of
 * which need not hold anything of use. */
#ifndef TINYSSL_DEPTHWISE_LINES_DSP_H
#define TINYSSL_DEPTHWISE_LINES_DSP_H

#include "in_bytes.h"
#include <stdint.h>

#include "dsp.h"

enum { TINYSSL_PLANE_WORDS = 3 };

/* Columns that a plane must have; even. */
#define TINYSSL_PLANE_COLUMNS(count, stride) ((stride) == 1 ? ((count) + 3) / 2 * 2 : (count)*2 + 2)

#define TINYSSL_PLANE_BYTES(columns) ((columns) / 2 * 4 * TINYSSL_PLANE_WORDS)

/* Bytes from the start of a plane to an element. The two columns of a pair lie side by side. */
static inline int32_t tinyssl_plane_offset(int32_t column, int32_t slot)
{
    return ((column >> 1) * TINYSSL_PLANE_WORDS + slot) * 4 + (column & 1) * 2;
}

/* What the lines of one channel have in common. Its order is that of the instructions that load it. */
struct TINYSSL_IN_BYTES tinyssl_line {
    int32_t word;       /* of the channel's table: the shift in the low byte */
    int32_t step;       /* bytes from an output to the next; columns: from four to the next four */
    uint32_t end;       /* low word of the address: of the plane's words that pairs start at */
    int32_t multiplier; /* Q31 */
    int32_t rounding;   /* tinyssl_depthwise_rounding() */
    int32_t start[2];   /* tinyssl_start(), twice */
    int32_t odd;        /* 1: one output follows the last pair */
    uint32_t taps[10];  /* for rows 0, 1, 2, 0, 1: taps 0 and 1, taps 1 and 2, doubled */
};

/* Where the pairs of a line of `count` outputs end, for tinyssl_line. */
static inline uint32_t tinyssl_line_end(const uint8_t *plane, int32_t stride, int32_t count)
{
    return (uint32_t)(uintptr_t)(plane + count / 2 * stride * 4 * TINYSSL_PLANE_WORDS);
}

/* taps: the channel's weights, [3][3]; one byte behind them is read too.
 * out_zero: the output's zero point; for columns raised by 128.
 * plane: where its planes lie; count: outputs of a line. */
void tinyssl_prepare_line(struct tinyssl_line *line, const int8_t *taps,
                          struct tinyssl_channel channel, int32_t out_zero, const uint8_t *plane,
                          int32_t stride, int32_t count, int32_t step);

/* The taps for a line whose first input row lies in `slot`, [0, 2]. */
static inline const uint32_t *tinyssl_line_taps(const struct tinyssl_line *line, int32_t slot)
{
    return line->taps + 2 * (slot == 0 ? 0 : 3 - slot);
}

/* One line of outputs of the channel.
 * plane: the one that `line` was prepared for; taps: tinyssl_line_taps().
 * _1, _2: stride. _relu: for layers whose clamp begins at their zero point; _signed: for all.
 * The clamp is int8's; a narrower one is a pass of its own.
 * int8: output i goes to out + i * step.
 * columns: output i, raised by 128, as int16 to out + (i / 4) * step + (i & 3) * 4: into columns of
 * four pixels of product4_s8_dsp.h, if `out` is the channel's place in the first. As _relu. */
void tinyssl_line_1_relu(const uint8_t *plane, const struct tinyssl_line *line,
                         const uint32_t *taps, int8_t *out);
void tinyssl_line_2_relu(const uint8_t *plane, const struct tinyssl_line *line,
                         const uint32_t *taps, int8_t *out);
void tinyssl_line_1_signed(const uint8_t *plane, const struct tinyssl_line *line,
                           const uint32_t *taps, int8_t *out);
void tinyssl_line_2_signed(const uint8_t *plane, const struct tinyssl_line *line,
                           const uint32_t *taps, int8_t *out);
void tinyssl_line_1_columns(const uint8_t *plane, const struct tinyssl_line *line,
                            const uint32_t *taps, int8_t *out);
void tinyssl_line_2_columns(const uint8_t *plane, const struct tinyssl_line *line,
                            const uint32_t *taps, int8_t *out);

#endif
