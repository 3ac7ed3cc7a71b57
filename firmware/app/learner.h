/* State of a device that learns, and what the files learning*.c share. Only in images with
 * TINYSSL_TRAINS. From the build:
 *   TINYSSL_RATES   names of the parameters that no step changes, as strings
 *   TINYSSL_DRIFT   1: the loss of each step is tested for a drift; default 0
 *   TINYSSL_VALIDATION   samples that are kept to judge what was learnt; default 0: none, no RAM
 * and with it
 *   TINYSSL_VALIDATION_BYTES   of these samples
 *   TINYSSL_VALIDATION_EVERY   steps from check to check; 0: only when the host asks
 *   TINYSSL_VALIDATION_MARGIN   how far the score may fall before the parameters go back
 *   TINYSSL_LEARNT_BYTES   of the parameters that learn, without the learning rate
 *   TINYSSL_TARGET_BYTES   of the target
 *
 * A sample in a frame is every input in the model's order, then the target, each in its own element
 * type. */
#ifndef TINYSSL_LEARNER_H
#define TINYSSL_LEARNER_H

#include <stdbool.h>
#include <stdint.h>

#include "drift.h"

#ifndef TINYSSL_DRIFT
#define TINYSSL_DRIFT 0
#endif

#ifndef TINYSSL_VALIDATION
#define TINYSSL_VALIDATION 0
#endif

struct app;

/* A mean that needs no sum: it stays exact however many values come. */
struct learning_mean {
    uint32_t count;
    float value;
};

/* What came of some samples. */
struct learning_outcome {
    uint32_t samples;
    uint32_t accepted; /* with a loss: they taught, or were judged */
    uint32_t judged;   /* among them with a label */
    uint32_t right;    /* among them answered by the label, before the step */
    uint32_t drifts;
    struct learning_mean loss;
    uint64_t inference_ticks, training_ticks;
};

enum learning_guard { GUARD_NONE, GUARD_BEST, GUARD_BACK };

/* The last command that taught: asked again, it gets the same answer and teaches nothing. */
struct learning_answer {
    uint32_t number; /* as the host counts; 0: none yet */
    bool batch;
    enum learning_guard guard;
    struct learning_outcome outcome;
};

struct learning {
    struct learning_answer answer;
    struct learning_outcome all; /* since the start, or since the first values */
    float last_loss;
#if TINYSSL_DRIFT
    struct drift drift;
    uint32_t drift_sample; /* which one showed the last drift */
#endif
#if TINYSSL_VALIDATION > 0
    struct learning_validation {
        uint32_t samples; /* whole ones, from the first */
        uint32_t steps;   /* since the last check */
        uint32_t checks, returns;
        bool has_best;
        float best,
            last; /* scores: accuracy, or for targets that are no labels less the mean loss */
    } validation;
#endif
};

/* learning_step.c */

/* True when engine, inputs and target are whole; else the reply says what is missing. */
bool learning_can_step(struct app *app);

/* One inference on the engine's inputs, and one step. False where the engine failed, as the reply says. */
bool learning_step(struct app *app, struct learning_outcome *outcome);

/* One inference on the engine's inputs, its loss, no step. */
bool learning_judge(struct app *app, struct learning_outcome *outcome);

/* Bytes of a sample in a frame. */
uint32_t learning_sample_bytes(void);

/* Brings a sample to the engine. */
void learning_load_sample(struct app *app, const uint8_t *sample);

/* Id of the target; TINYSSL_TENSOR_COUNT: there is none. */
uint32_t learning_target(void);

/* True for what a step changes and a roll-back brings back: parameters, not the learning rate. */
bool learning_is_learnt(uint32_t tensor);

/* learning_statistics.c */

/* Starts to count anew. */
void learning_count_anew(struct learning *learning);

/* Counts one sample; `loss` NULL: it taught nothing. True: it shows a drift. */
bool learning_count(struct learning *learning, const float *loss);

void learning_mean_add(struct learning_mean *mean, float value);

uint32_t learning_bits(float value);

const char *learning_guard_name(enum learning_guard guard);

/* What came of the last command that taught. */
void learning_say_step(struct app *app);

void learning_say_statistics(struct app *app);

/* learning_guard.c */

/* Judges the parameters before a step, where that was not done yet. */
void learning_guard_before(struct app *app);

/* After so many steps: judges, keeps the parameters as the best, or goes back to the best. */
enum learning_guard learning_guard_after(struct app *app, uint32_t steps);

/* The parameters are others, and their best copy is of no use. */
void learning_guard_forget(struct app *app);

void learning_say_validation(struct app *app, enum learning_guard guard);

/* `learn check` */
void learning_check(struct app *app);

/* Where `count` samples that are to be kept go, from number `at` on: those behind no longer count. NULL:
 * there is no place. */
uint8_t *learning_guard_place(struct app *app, uint32_t at, uint32_t count);

/* They came whole: so many are kept now. */
void learning_guard_kept(struct app *app, uint32_t end);

#endif
