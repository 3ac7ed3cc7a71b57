#include "camera_frame.h"

#include <string.h>

#define ONE_BITS 22
#define RGB 3

static uint8_t clip(int32_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static uint8_t rounded(int32_t sum)
{
    return clip(sum >> ONE_BITS);
}

static int32_t frame_channels(const struct tinyssl_camera_plan *plan)
{
    return plan->format == TINYSSL_CAMERA_GREY ? 1 : RGB;
}

/* ---- pixels ---- */

static void from_565(const uint8_t *low, const uint8_t *high, uint8_t *rgb)
{
    const uint32_t word = (uint32_t)*low | (uint32_t)*high << 8;
    const uint32_t red = word >> 11;
    const uint32_t green = word >> 5 & 63u;
    const uint32_t blue = word & 31u;
    rgb[0] = (uint8_t)(red << 3 | red >> 2);
    rgb[1] = (uint8_t)(green << 2 | green >> 4);
    rgb[2] = (uint8_t)(blue << 3 | blue >> 2);
}

static void from_yuv(int32_t luma, int32_t cb, int32_t cr, uint8_t *rgb)
{
    enum { RED_OF_CR = 91881, GREEN_OF_CB = -22554, GREEN_OF_CR = -46802, BLUE_OF_CB = 116130 };
    const int32_t half = 1 << 15;
    cb -= 128;
    cr -= 128;
    rgb[0] = clip(luma + ((RED_OF_CR * cr + half) >> 16));
    rgb[1] = clip(luma + ((GREEN_OF_CB * cb + GREEN_OF_CR * cr + half) >> 16));
    rgb[2] = clip(luma + ((BLUE_OF_CB * cb + half) >> 16));
}

/* Bayer: three lines, and where the reds are. */
struct mosaic {
    const uint8_t *above, *line, *below;
    int32_t last;  /* column */
    int red_line;  /* this line has reds, else blues */
    int first_red; /* column parity of the reds */
};

static void from_mosaic(const struct mosaic *m, int32_t x, uint8_t *rgb)
{
    const int32_t left = x > 0 ? x - 1 : 1;
    const int32_t right = x < m->last ? x + 1 : m->last - 1;
    const uint32_t beside = (uint32_t)m->line[left] + m->line[right];
    const uint32_t over = (uint32_t)m->above[x] + m->below[x];
    const uint32_t corners =
        (uint32_t)m->above[left] + m->above[right] + m->below[left] + m->below[right];
    const int in_red_column = (x & 1) == m->first_red;
    uint32_t red = (beside + 1u) / 2u;
    uint32_t green = m->line[x];
    uint32_t blue = (over + 1u) / 2u;
    if (in_red_column == m->red_line) { /* no green pixel */
        red = m->line[x];
        green = (beside + over + 2u) / 4u;
        blue = (corners + 2u) / 4u;
    }
    rgb[0] = (uint8_t)(m->red_line ? red : blue);
    rgb[1] = (uint8_t)green;
    rgb[2] = (uint8_t)(m->red_line ? blue : red);
}

static void decode_mosaic(const struct tinyssl_camera_plan *plan, const uint8_t *frame, int32_t y,
                          uint8_t *out)
{
    const int32_t width = plan->width;
    const int32_t last = plan->height - 1;
    const int red_line = plan->format == TINYSSL_CAMERA_GBRG || plan->format == TINYSSL_CAMERA_BGGR;
    const int red_column =
        plan->format == TINYSSL_CAMERA_GRBG || plan->format == TINYSSL_CAMERA_BGGR;
    const struct mosaic mosaic = {
        .above = frame + (y > 0 ? y - 1 : 1) * width,
        .line = frame + y * width,
        .below = frame + (y < last ? y + 1 : last - 1) * width,
        .last = width - 1,
        .red_line = (y & 1) == red_line,
        .first_red = red_column,
    };
    for (int32_t i = 0; i < plan->across.samples; i++) {
        from_mosaic(&mosaic, plan->across.start + i, out + RGB * i);
    }
}

/* The samples of line y that count, `frame_channels` bytes each. */
static void decode(const struct tinyssl_camera_plan *plan, const uint8_t *frame, int32_t y,
                   uint8_t *out)
{
    const int32_t start = plan->across.start;
    const int32_t samples = plan->across.samples;
    const uint8_t *pairs = frame + 2 * y * plan->width; /* of formats with 16 bits a pixel */
    switch (plan->format) {
    case TINYSSL_CAMERA_GREY:
        memcpy(out, frame + y * plan->width + start, (size_t)samples);
        break;
    case TINYSSL_CAMERA_RGB888:
        memcpy(out, frame + RGB * (y * plan->width + start), (size_t)(RGB * samples));
        break;
    case TINYSSL_CAMERA_RGB565:
    case TINYSSL_CAMERA_RGB565BE: {
        const int32_t low = plan->format == TINYSSL_CAMERA_RGB565BE;
        for (int32_t i = 0; i < samples; i++) {
            const uint8_t *pixel = pairs + 2 * (start + i);
            from_565(pixel + low, pixel + 1 - low, out + RGB * i);
        }
        break;
    }
    case TINYSSL_CAMERA_YUYV:
    case TINYSSL_CAMERA_UYVY: {
        const int32_t luma = plan->format == TINYSSL_CAMERA_UYVY;
        for (int32_t i = 0; i < samples; i++) {
            const uint8_t *quad = pairs + 4 * ((start + i) / 2);
            from_yuv(quad[luma + 2 * ((start + i) & 1)], quad[1 - luma], quad[3 - luma],
                     out + RGB * i);
        }
        break;
    }
    default:
        decode_mosaic(plan, frame, y, out);
        break;
    }
}

/* ---- the two passes ---- */

static void across(const struct tinyssl_camera_axis *axis, int32_t channels, const uint8_t *line,
                   uint8_t *out)
{
    for (int32_t x = 0; x < axis->outputs; x++) {
        const int32_t *weights = axis->weights + axis->row[x] * axis->taps;
        const uint8_t *samples = line + (axis->first[x] - axis->start) * channels;
        for (int32_t c = 0; c < channels; c++) {
            int32_t sum = 1 << (ONE_BITS - 1);
            for (int32_t tap = 0; tap < axis->taps; tap++) {
                sum += weights[tap] * samples[tap * channels + c];
            }
            *out++ = rounded(sum);
        }
    }
}

/* One line out of the lines in the ring, where line y lies at y modulo the taps. */
static void down(const struct tinyssl_camera_axis *axis, int32_t y, const uint8_t *ring,
                 int32_t bytes, uint8_t *out)
{
    const int32_t *weights = axis->weights + axis->row[y] * axis->taps;
    for (int32_t i = 0; i < bytes; i++) {
        int32_t sum = 1 << (ONE_BITS - 1);
        int32_t place = axis->first[y] % axis->taps;
        for (int32_t tap = 0; tap < axis->taps; tap++) {
            sum += weights[tap] * ring[place * bytes + i];
            place = place + 1 < axis->taps ? place + 1 : 0;
        }
        out[i] = rounded(sum);
    }
}

/* ---- codes ---- */

static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

/* A line of pixels as the model's codes; returns what lies behind them. */
static uint8_t *encode(const struct tinyssl_camera_plan *plan, const uint8_t *line, uint8_t *out)
{
    const int32_t channels = frame_channels(plan);
    for (int32_t x = 0; x < plan->across.outputs; x++) {
        const uint8_t *pixel = line + x * channels;
        for (int32_t c = 0; c < plan->channels; c++) {
            const uint8_t value = channels == 1         ? pixel[0]
                                  : plan->channels == 1 ? luma(pixel)
                                                        : pixel[c];
            const uint8_t *code = plan->codes;
            memcpy(out, code + (c * 256 + value) * plan->code_bytes, plan->code_bytes);
            out += plan->code_bytes;
        }
    }
    return out;
}

void tinyssl_camera_frame(const struct tinyssl_camera_plan *plan, const uint8_t *frame,
                          uint8_t *scratch, void *input)
{
    const struct tinyssl_camera_axis *rows = &plan->down;
    const int32_t channels = frame_channels(plan);
    const int32_t wide =
        channels * (plan->across_first ? plan->across.outputs : plan->across.samples);
    const int32_t longest =
        plan->across.outputs > plan->across.samples ? plan->across.outputs : plan->across.samples;
    uint8_t *ring = scratch;
    uint8_t *line = ring + rows->taps * wide;
    uint8_t *resized = line + channels * longest;
    uint8_t *out = input;
    int32_t next = rows->start;
    for (int32_t y = 0; y < rows->outputs; y++) {
        for (; next < rows->first[y] + rows->taps; next++) {
            uint8_t *place = ring + next % rows->taps * wide;
            if (plan->across_first) {
                decode(plan, frame, next, line);
                across(&plan->across, channels, line, place);
            } else {
                decode(plan, frame, next, place);
            }
        }
        down(rows, y, ring, wide, line);
        if (!plan->across_first) {
            across(&plan->across, channels, line, resized);
        }
        out = encode(plan, plan->across_first ? line : resized, out);
    }
}
