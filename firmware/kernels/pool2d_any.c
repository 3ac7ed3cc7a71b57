#include "pool2d_any.h"

/* Elements of one channel in a window: the first one's number, and the distances to the next. */
struct places {
    int32_t first, rows, columns, pitch, step;
};

/* Writes output number `at`, of one window. */
typedef void pool_window(const void *in, const struct places *places,
                         const struct tinyssl_pool2d_any *p, void *out, int32_t at);

static inline void pool(const void *in, const struct tinyssl_pool2d_any *p, void *out,
                        pool_window *write)
{
    const struct tinyssl_pool2d *w = &p->window;
    int32_t at = 0;
    for (int32_t row = 0; row < p->batch * w->out_h; row++) {
        const int32_t image = row / w->out_h;
        const struct tinyssl_span rows =
            tinyssl_span(row % w->out_h * w->stride_h - w->pad_top, w->k_h, w->in_h);
        for (int32_t x = 0; x < w->out_w; x++) {
            const struct tinyssl_span columns =
                tinyssl_span(x * w->stride_w - w->pad_left, w->k_w, w->in_w);
            struct places places;
            places.first = ((image * w->in_h + rows.begin) * w->in_w + columns.begin) * w->channels;
            places.rows = rows.end - rows.begin;
            places.columns = columns.end - columns.begin;
            places.pitch = w->in_w * w->channels;
            places.step = w->channels;
            for (int32_t c = 0; c < w->channels; c++, places.first++) {
                write(in, &places, p, out, at++);
            }
        }
    }
}

static int32_t clamp(int32_t x, const struct tinyssl_pool2d_any *p)
{
    return x < p->window.out_min   ? p->window.out_min
           : x > p->window.out_max ? p->window.out_max
                                   : x;
}

static float clamp_real(float x, const struct tinyssl_pool2d_any *p)
{
    const float low = x < p->real_min ? p->real_min : x;
    return p->real_max < low ? p->real_max : low;
}

/* Halves away from zero. */
static int32_t mean(int32_t sum, int32_t count)
{
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

/* A pooling of one element type: what `fold` makes of the elements, and what goes out. */
#define POOL(name, type, total_type, start, fold, result)                                          \
    static void name##_window(const void *in, const struct places *places,                         \
                              const struct tinyssl_pool2d_any *p, void *out, int32_t at)           \
    {                                                                                              \
        total_type total = start;                                                                  \
        const int32_t count = places->rows * places->columns;                                      \
        for (int32_t y = 0; y < places->rows; y++) {                                               \
            const type *x = (const type *)in + places->first + y * places->pitch;                  \
            for (int32_t i = 0; i < places->columns; i++, x += places->step) {                     \
                total = fold;                                                                      \
            }                                                                                      \
        }                                                                                          \
        (void)count;                                                                               \
        ((type *)out)[at] = (type)(result);                                                        \
    }                                                                                              \
    void tinyssl_##name(const type *in, const struct tinyssl_pool2d_any *p, type *out)             \
    {                                                                                              \
        pool(in, p, out, name##_window);                                                           \
    }

#define LARGER (*x > total ? *x : total)

POOL(average_pool2d_any_s8, int8_t, int32_t, 0, total + *x, clamp(mean(total, count), p))
POOL(average_pool2d_any_s16, int16_t, int32_t, 0, total + *x, clamp(mean(total, count), p))
POOL(average_pool2d_any_f32, float, float, 0.0F, total + *x, clamp_real(total / (float)count, p))
POOL(max_pool2d_any_s8, int8_t, int32_t, INT8_MIN, LARGER, clamp(total, p))
POOL(max_pool2d_any_s16, int16_t, int32_t, INT16_MIN, LARGER, clamp(total, p))
POOL(max_pool2d_any_f32, float, float, p->real_min, LARGER, clamp_real(total, p))
