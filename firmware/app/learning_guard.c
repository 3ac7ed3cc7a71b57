/* Samples that are kept to judge what was learnt, and the way back to the best parameters. */
#include <string.h>

#include "app.h"
#include "engine.h"

#if TINYSSL_TRAINS && TINYSSL_VALIDATION > 0

static struct {
    uint8_t samples[TINYSSL_VALIDATION_BYTES];
    uint8_t best[TINYSSL_LEARNT_BYTES];
    uint8_t target[TINYSSL_TARGET_BYTES]; /* the host's, while the samples' stand in its place */
} kept;

/* Copies all that is learnt to `best`, or back. */
static void copy_learnt(bool back)
{
    uint8_t *copy = kept.best;
    for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        if (learning_is_learnt(id)) {
            const uint32_t bytes = engine_tensors.list[id].bytes;
            memcpy(back ? engine_data(id) : copy, back ? copy : engine_data(id), bytes);
            copy += bytes;
        }
    }
}

/* The share of right answers; where targets are no labels, less the mean loss. `good`: all of them have a
 * finite loss. */
static bool judge_kept(struct app *app, float *score, bool *good)
{
    struct learning_outcome outcome = {0};
    for (uint32_t i = 0; i < app->learning.validation.samples; i++) {
        learning_load_sample(app, kept.samples + i * learning_sample_bytes());
        if (!learning_judge(app, &outcome)) {
            return false;
        }
    }
    const uint32_t target = learning_target();
    const bool labels =
        target < TINYSSL_TENSOR_COUNT && engine_tensors.list[target].type == TINYSSL_TYPE_INT32;
    *score = labels ? (float)outcome.right / (float)outcome.samples : -outcome.loss.value;
    *good = outcome.accepted == outcome.samples;
    return true;
}

/* The score of the parameters as they are; the host's target stays. */
static bool score_now(struct app *app, float *score, bool *good)
{
    const uint32_t target = learning_target();
    if (target < TINYSSL_TENSOR_COUNT) {
        memcpy(kept.target, engine_data(target), TINYSSL_TARGET_BYTES);
    }
    const bool done = judge_kept(app, score, good);
    if (target < TINYSSL_TENSOR_COUNT) {
        memcpy(engine_data(target), kept.target, TINYSSL_TARGET_BYTES);
    }
    app->has_outputs = false;
    return done;
}

static enum learning_guard check(struct app *app)
{
    struct learning_validation *validation = &app->learning.validation;
    float score = 0;
    bool good = false;
    validation->steps = 0;
    if (validation->samples == 0 || !score_now(app, &score, &good)) {
        return GUARD_NONE;
    }
    validation->checks++;
    validation->last = score;
    if (good && (!validation->has_best || score >= validation->best)) {
        validation->has_best = true;
        validation->best = score;
        copy_learnt(false);
        return GUARD_BEST;
    }
    if (validation->has_best && (!good || validation->best - score > TINYSSL_VALIDATION_MARGIN)) {
        copy_learnt(true);
        engine_reset(); /* what momentum had gathered led here */
        validation->returns++;
        return GUARD_BACK;
    }
    return GUARD_NONE;
}

void learning_guard_before(struct app *app)
{
    if (!app->learning.validation.has_best) {
        (void)check(app);
    }
}

enum learning_guard learning_guard_after(struct app *app, uint32_t steps)
{
    struct learning_validation *validation = &app->learning.validation;
    validation->steps += steps;
    const bool due = TINYSSL_VALIDATION_EVERY > 0 && validation->steps >= TINYSSL_VALIDATION_EVERY;
    return due ? check(app) : GUARD_NONE;
}

void learning_guard_forget(struct app *app)
{
    app->learning.validation.has_best = false;
}

void learning_say_validation(struct app *app, enum learning_guard guard)
{
    const struct learning_validation *validation = &app->learning.validation;
    app_say_sealed(app, SEALED_VALIDATION, "%u,%u,%u,%u,%x,%x,%s",
                   TEXT_FIELDS(TEXT_NUMBER(validation->samples), TEXT_NUMBER(TINYSSL_VALIDATION),
                               TEXT_NUMBER(validation->checks), TEXT_NUMBER(validation->returns),
                               TEXT_NUMBER(learning_bits(validation->best)),
                               TEXT_NUMBER(learning_bits(validation->last)),
                               TEXT_STRING(learning_guard_name(guard))));
}

void learning_check(struct app *app)
{
    learning_say_validation(app, check(app));
}

uint8_t *learning_guard_place(struct app *app, uint32_t at, uint32_t count)
{
    struct learning_validation *validation = &app->learning.validation;
    if (at > validation->samples || at >= TINYSSL_VALIDATION || count > TINYSSL_VALIDATION - at) {
        return NULL;
    }
    validation->samples = at;
    validation->has_best = false;
    return kept.samples + at * learning_sample_bytes();
}

void learning_guard_kept(struct app *app, uint32_t end)
{
    app->learning.validation.samples = end;
}

#elif TINYSSL_TRAINS

void learning_guard_before(struct app *app)
{
    (void)app;
}

enum learning_guard learning_guard_after(struct app *app, uint32_t steps)
{
    (void)app;
    (void)steps;
    return GUARD_NONE;
}

void learning_guard_forget(struct app *app)
{
    (void)app;
}

void learning_say_validation(struct app *app, enum learning_guard guard)
{
    (void)guard;
    app_say_sealed(app, SEALED_VALIDATION, "0,0,0,0,00000000,00000000,none", NULL);
}

void learning_check(struct app *app)
{
    learning_say_validation(app, GUARD_NONE);
}

uint8_t *learning_guard_place(struct app *app, uint32_t at, uint32_t count)
{
    (void)app;
    (void)at;
    (void)count;
    return NULL;
}

void learning_guard_kept(struct app *app, uint32_t end)
{
    (void)app;
    (void)end;
}

#endif

#if TINYSSL_TRAINS

void app_parameters_changed(struct app *app, uint32_t tensor)
{
    if (learning_is_learnt(tensor)) {
        learning_guard_forget(app);
    }
}

#else

void app_parameters_changed(struct app *app, uint32_t tensor)
{
    (void)app;
    (void)tensor;
}

#endif
