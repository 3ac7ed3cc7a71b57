/* Frames of samples: `learn batch` teaches with them, `learn eval` judges by them, `learn keep` keeps them
 * to judge by them later. */
#include <string.h>

#include "app.h"
#include "engine.h"

enum { MOST_NUMBERS = 2 };

/* A command with a frame: `learn <word> NUMBER… N CRC`, the last number is that of samples. */
struct learning_frame {
    const char *word;
    const char *takes; /* before the number of samples, for the error */
    uint32_t numbers;
#if TINYSSL_TRAINS
    uint8_t *(*place)(struct app *app, uint32_t *bytes);
    void (*take)(struct app *app);
#endif
};

#if TINYSSL_TRAINS

/* In RAM that nothing uses. */
static uint8_t *in_room(struct app *app, uint32_t *bytes)
{
    return app_frame_room(app, bytes);
}

/* Among those that are kept; from the place `number` on. */
static uint8_t *in_kept(struct app *app, uint32_t *bytes)
{
    uint8_t *place = learning_guard_place(app, app->frame.number, app->frame.count);
    *bytes = place == NULL ? 0 : app->frame.count * learning_sample_bytes();
    return place;
}

/* The targets that a host sent are no longer there. */
static void forget_target(struct app *app)
{
    const uint32_t target = learning_target();
    if (target < TINYSSL_TENSOR_COUNT) {
        app->loaded[target] = 0;
    }
}

static bool can_take(struct app *app)
{
    if (app->engine_error != NULL) {
        app_error(app, ERROR_ENGINE, TEXT_FIELDS(TEXT_STRING(app->engine_error)));
        return false;
    }
    forget_target(app);
    return true;
}

static void take_batch(struct app *app)
{
    struct learning_answer *answer = &app->learning.answer;
    const uint8_t *sample = app->in.frame.data;
    if (answer->batch && answer->number == app->frame.number) {
        learning_say_step(app);
        return;
    }
    if (!can_take(app)) {
        return;
    }
    learning_guard_before(app);
    *answer = (struct learning_answer){.batch = true};
    for (uint32_t i = 0; i < app->frame.count; i++) {
        learning_load_sample(app, sample + i * learning_sample_bytes());
        if (!learning_step(app, &answer->outcome)) {
            return;
        }
    }
    answer->guard = learning_guard_after(app, app->frame.count);
    answer->number = app->frame.number;
    learning_say_step(app);
}

static void take_eval(struct app *app)
{
    struct learning_outcome outcome = {0};
    const uint8_t *sample = app->in.frame.data;
    if (!can_take(app)) {
        return;
    }
    for (uint32_t i = 0; i < app->frame.count; i++) {
        learning_load_sample(app, sample + i * learning_sample_bytes());
        if (!learning_judge(app, &outcome)) {
            return;
        }
    }
    app_say_sealed(app, SEALED_EVAL, "%u,%u,%u,%x,%u",
                   TEXT_FIELDS(TEXT_NUMBER(outcome.samples), TEXT_NUMBER(outcome.accepted),
                               TEXT_NUMBER(outcome.right),
                               TEXT_NUMBER(learning_bits(outcome.loss.value)),
                               TEXT_NUMBER(outcome.inference_ticks)));
}

static void take_keep(struct app *app)
{
    learning_guard_kept(app, app->frame.number + app->frame.count);
    learning_say_validation(app, GUARD_NONE);
}

#define FRAME(word, takes, numbers, place, take)                                                   \
    {                                                                                              \
        word, takes, numbers, place, take                                                          \
    }
#else
#define FRAME(word, takes, numbers, place, take)                                                   \
    {                                                                                              \
        word, takes, numbers                                                                       \
    }
#endif

static const struct learning_frame frames[] = {
    FRAME("batch", "number of the step, ", 2, in_room, take_batch),
    FRAME("eval", "", 1, in_room, take_eval),
    FRAME("keep", "place, ", 2, in_kept, take_keep),
};

/* Reads all that stands behind the word; the last number is that of samples. */
static bool read_numbers(struct app *app, const struct learning_frame *frame, char *rest,
                         uint32_t numbers[MOST_NUMBERS], uint32_t *bytes)
{
    for (uint32_t i = 0; i < frame->numbers; i++) {
        const char *word = protocol_word(&rest);
        if (word == NULL || !protocol_number(word, &numbers[i])) {
            return false;
        }
    }
    const char *size = protocol_word(&rest);
    return app_read_size(app, size, &rest, bytes) && numbers[frame->numbers - 1u] > 0;
}

#if TINYSSL_TRAINS

static bool fits(const struct app *app, uint32_t bytes, uint32_t room)
{
    const uint64_t whole = (uint64_t)app->frame.count * learning_sample_bytes();
    return bytes == whole && bytes <= room;
}

static void expect(struct app *app, const struct learning_frame *frame, const uint32_t *numbers,
                   uint32_t bytes)
{
    uint32_t room = 0;
    app->frame.samples = true;
    app->frame.command = frame;
    app->frame.number = numbers[0];
    app->frame.count = numbers[frame->numbers - 1u];
    uint8_t *place = frame->place(app, &room);
    const bool fitting = fits(app, bytes, room);
    protocol_expect(&app->in, fitting ? place : NULL, fitting ? bytes : 0, bytes);
}

void app_samples_done(struct app *app)
{
    const struct learning_frame *frame = app->frame.command;
    const uint32_t size = app->in.frame.size;
    const uint64_t whole = (uint64_t)app->frame.count * learning_sample_bytes();
    uint32_t room = 0;
    if (app->in.frame.data != NULL) {
        if (app_check_crc(app)) {
            frame->take(app);
        }
    } else if (size != whole) {
        app_error(
            app, ERROR_FRAME_SAMPLES,
            TEXT_FIELDS(TEXT_NUMBER(size), TEXT_NUMBER(app->frame.count), TEXT_NUMBER(whole)));
    } else if (frame->place == in_kept) {
        app_error(app, ERROR_FRAME_KEEP, TEXT_FIELDS(TEXT_NUMBER(TINYSSL_VALIDATION)));
    } else {
        (void)app_frame_room(app, &room);
        app_error(app, ERROR_FRAME_ROOM, TEXT_FIELDS(TEXT_NUMBER(size), TEXT_NUMBER(room)));
    }
}

#else

void app_samples_done(struct app *app)
{
    (void)app; /* app_refuse_samples() has made them a frame without a place */
}

#endif

bool app_expect_samples(struct app *app, const char *word, char *rest)
{
    uint32_t numbers[MOST_NUMBERS] = {0};
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        if (strcmp(word, frames[i].word) != 0) {
            continue;
        }
        if (!read_numbers(app, &frames[i], rest, numbers, &bytes)) {
            app_error(app, ERROR_LEARN_SAMPLES,
                      TEXT_FIELDS(TEXT_STRING(word), TEXT_STRING(frames[i].takes)));
            return true;
        }
#if TINYSSL_TRAINS
        expect(app, &frames[i], numbers, bytes);
#else
        app_refuse_samples(app, bytes);
#endif
        return true;
    }
    return false;
}
