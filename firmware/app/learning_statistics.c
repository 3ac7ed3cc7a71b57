/* What came of the last step, and of all samples so far: `learn statistics`. */
#include <string.h>

#include "app.h"

#if TINYSSL_TRAINS

void learning_mean_add(struct learning_mean *mean, float value)
{
    mean->count++;
    mean->value += (value - mean->value) / (float)mean->count;
}

uint32_t learning_bits(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

const char *learning_guard_name(enum learning_guard guard)
{
    static const char *const names[] = {
        [GUARD_NONE] = "none", [GUARD_BEST] = "best", [GUARD_BACK] = "back"};
    return names[guard];
}

void learning_say_step(struct app *app)
{
    const struct learning_answer *answer = &app->learning.answer;
    const struct learning_outcome *outcome = &answer->outcome;
    if (answer->batch) {
        app_say_sealed(app, SEALED_BATCH, "%u,%u,%u,%u,%x,%u,%u,%s,%u",
                       TEXT_FIELDS(TEXT_NUMBER(answer->number), TEXT_NUMBER(outcome->samples),
                                   TEXT_NUMBER(outcome->accepted), TEXT_NUMBER(outcome->right),
                                   TEXT_NUMBER(learning_bits(outcome->loss.value)),
                                   TEXT_NUMBER(outcome->inference_ticks),
                                   TEXT_NUMBER(outcome->training_ticks),
                                   TEXT_STRING(learning_guard_name(answer->guard)),
                                   TEXT_NUMBER(outcome->drifts)));
    } else {
        app_say_sealed(
            app, SEALED_LEARN, "%u,%u,%u,%u,%s,%u",
            TEXT_FIELDS(TEXT_NUMBER(answer->number), TEXT_NUMBER(outcome->inference_ticks),
                        TEXT_NUMBER(outcome->training_ticks), TEXT_NUMBER(outcome->accepted),
                        TEXT_STRING(learning_guard_name(answer->guard)),
                        TEXT_NUMBER(outcome->drifts)));
    }
}

void learning_count_anew(struct learning *learning)
{
    learning->answer.number = 0;
    learning->all = (struct learning_outcome){0};
    learning->last_loss = 0;
#if TINYSSL_DRIFT
    learning->drift = (struct drift){0};
    learning->drift_sample = 0;
#endif
}

bool learning_count(struct learning *learning, const float *loss)
{
    if (loss == NULL) {
        return false;
    }
    learning->last_loss = *loss;
#if TINYSSL_DRIFT
    if (drift_add(&learning->drift, *loss)) {
        learning->drift_sample = learning->all.samples + 1u;
        return true;
    }
#endif
    return false;
}

static void say_drift(struct app *app)
{
#if TINYSSL_DRIFT
    const struct learning *learning = &app->learning;
    app_say_sealed(app, SEALED_DRIFT, "page-hinkley,%u,%u,%x",
                   TEXT_FIELDS(TEXT_NUMBER(learning->drift.found),
                               TEXT_NUMBER(learning->drift_sample),
                               TEXT_NUMBER(learning_bits(learning->drift.sum))));
#else
    app_say_sealed(app, SEALED_DRIFT, "off,0,0,00000000", NULL);
#endif
}

void learning_say_statistics(struct app *app)
{
    const struct learning_outcome *all = &app->learning.all;
    app_say_sealed(app, SEALED_STATISTICS, "%u,%u,%u,%u,%u,%x,%x",
                   TEXT_FIELDS(TEXT_NUMBER(all->samples), TEXT_NUMBER(all->accepted),
                               TEXT_NUMBER(all->samples - all->accepted), TEXT_NUMBER(all->judged),
                               TEXT_NUMBER(all->right), TEXT_NUMBER(learning_bits(all->loss.value)),
                               TEXT_NUMBER(learning_bits(app->learning.last_loss))));
    learning_say_validation(app, GUARD_NONE);
    say_drift(app);
    app_say_store(app);
}

#endif
