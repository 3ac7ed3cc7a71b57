#include "detection_postprocess_f32.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "in_bytes.h"
#include "product_f32.h"

struct TINYSSL_IN_BYTES box {
    float top, left, bottom, right;
};

/* What is found so far, the best first; of equal scores the first found. */
struct found {
    struct box *boxes;
    float *classes;
    float *scores;
    int32_t count;
    int32_t most;
};

struct candidates {
    const struct box *boxes;
    const float *scores; /* of box i: scores[i * step] */
    int32_t step;
    int8_t *active;
};

/* A product in double that no compiler fuses with the sum it is added to. */
static double product(double left, double right)
{
    volatile double found = left * right;
    return found;
}

/* Centre and size in double, rounded to float before they are added. */
static struct box decode(const float *box, const float *anchor,
                         const struct tinyssl_detection_postprocess *p)
{
    const double down = (double)box[0] / (double)p->scale_y;
    const double right = (double)box[1] / (double)p->scale_x;
    const double height = 0.5 * exp((double)box[2] / (double)p->scale_h);
    const double width = 0.5 * exp((double)box[3] / (double)p->scale_w);
    const float y = (float)(product(down, (double)anchor[2]) + (double)anchor[0]);
    const float x = (float)(product(right, (double)anchor[3]) + (double)anchor[1]);
    const float half_h = (float)(height * (double)anchor[2]);
    const float half_w = (float)(width * (double)anchor[3]);
    return (struct box){y - half_h, x - half_w, y + half_h, x + half_w};
}

static float larger(float a, float b)
{
    return a < b ? b : a;
}

static float smaller(float a, float b)
{
    return b < a ? b : a;
}

static float overlap(const struct box *a, const struct box *b)
{
    const float area_a = tinyssl_product(a->bottom - a->top, a->right - a->left);
    const float area_b = tinyssl_product(b->bottom - b->top, b->right - b->left);
    if (area_a <= 0.0f || area_b <= 0.0f) {
        return 0.0f;
    }
    const float height = smaller(a->bottom, b->bottom) - larger(a->top, b->top);
    const float width = smaller(a->right, b->right) - larger(a->left, b->left);
    const float shared = tinyssl_product(larger(height, 0.0f), larger(width, 0.0f));
    return shared / (area_a + area_b - shared);
}

/* The active box of the highest score, the first of equal ones; -1: there is none. */
static int32_t best(const struct candidates *from, int32_t boxes)
{
    int32_t found = -1;
    for (int32_t i = 0; i < boxes; i++) {
        if (from->active[i] &&
            (found < 0 || from->scores[i * from->step] > from->scores[found * from->step])) {
            found = i;
        }
    }
    return found;
}

static void insert(struct found *to, const struct box *box, float label, float score)
{
    int32_t at = to->count;
    while (at > 0 && to->scores[at - 1] < score) {
        at--;
    }
    if (at == to->most) {
        return;
    }
    if (to->count < to->most) {
        to->count++;
    }
    const size_t moved = (size_t)(to->count - 1 - at);
    memmove(to->boxes + at + 1, to->boxes + at, moved * sizeof *to->boxes);
    memmove(to->classes + at + 1, to->classes + at, moved * sizeof *to->classes);
    memmove(to->scores + at + 1, to->scores + at, moved * sizeof *to->scores);
    to->boxes[at] = *box;
    to->classes[at] = label;
    to->scores[at] = score;
}

static int32_t best_class(const float *scores, int32_t classes)
{
    int32_t found = 0;
    for (int32_t i = 1; i < classes; i++) {
        if (scores[i] > scores[found]) {
            found = i;
        }
    }
    return found;
}

/* Takes the best box, and puts aside what overlaps it; -1: there is none. */
static int32_t take(const struct candidates *from, const struct tinyssl_detection_postprocess *p)
{
    const int32_t chosen = best(from, p->boxes);
    for (int32_t i = 0; chosen >= 0 && i < p->boxes; i++) {
        if (i == chosen ||
            (from->active[i] && overlap(&from->boxes[chosen], &from->boxes[i]) > p->overlap_max)) {
            from->active[i] = 0;
        }
    }
    return chosen;
}

static void activate(const struct candidates *from, const struct tinyssl_detection_postprocess *p)
{
    for (int32_t i = 0; i < p->boxes; i++) {
        from->active[i] = from->scores[i * from->step] >= p->score_min;
    }
}

/* Every class by itself: a box may be found for several. */
static void by_class(const float *scores, struct candidates *from,
                     const struct tinyssl_detection_postprocess *p, struct found *to)
{
    from->step = p->background + p->classes;
    for (int32_t label = 0; label < p->classes; label++) {
        from->scores = scores + p->background + label;
        activate(from, p);
        for (int32_t i = 0; i < p->per_class; i++) {
            const int32_t chosen = take(from, p);
            if (chosen < 0) {
                break;
            }
            insert(to, &from->boxes[chosen], (float)label, from->scores[chosen * from->step]);
        }
    }
}

/* Each box by its best class. maxima: [boxes]. */
static void by_box(const float *scores, struct candidates *from, float *maxima,
                   const struct tinyssl_detection_postprocess *p, struct found *to)
{
    const int32_t row = p->background + p->classes;
    scores += p->background;
    for (int32_t i = 0; i < p->boxes; i++) {
        maxima[i] = scores[i * row + best_class(scores + i * row, p->classes)];
    }
    from->scores = maxima;
    from->step = 1;
    activate(from, p);
    for (int32_t i = 0; i < p->detections; i++) {
        const int32_t chosen = take(from, p);
        if (chosen < 0) {
            break;
        }
        const int32_t label = best_class(scores + chosen * row, p->classes);
        insert(to, &from->boxes[chosen], (float)label, maxima[chosen]);
    }
}

void tinyssl_detection_postprocess_f32(const int8_t *const *in,
                                       const struct tinyssl_detection_postprocess *p,
                                       int8_t *const *out, int8_t *scratch)
{
    const float *values = (const float *)(const void *)in[0];
    const float *scores = (const float *)(const void *)in[1];
    struct box *boxes = (struct box *)(void *)scratch;
    float *maxima = (float *)(boxes + p->boxes);
    struct candidates from = {boxes, NULL, 0, (int8_t *)(maxima + p->boxes)};
    struct found to = {(struct box *)(void *)out[0], (float *)(void *)out[1],
                       (float *)(void *)out[2], 0, p->detections};
    const size_t most = (size_t)p->detections;
    for (int32_t i = 0; i < p->boxes; i++) {
        boxes[i] = decode(values + i * p->box_values, p->anchors + 4 * i, p);
    }
    memset(to.boxes, 0, most * sizeof *to.boxes);
    memset(to.classes, 0, most * sizeof *to.classes);
    memset(to.scores, 0, most * sizeof *to.scores);
    if (p->per_class > 0) {
        by_class(scores, &from, p, &to);
    } else {
        by_box(scores, &from, maxima, p, &to);
    }
    *(float *)(void *)out[3] = (float)to.count;
}
