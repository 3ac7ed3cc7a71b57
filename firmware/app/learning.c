/* `learn`: training steps on the device. */
#include <string.h>

#include "app.h"
#include "engine.h"
#include "port.h"

#if TINYSSL_TRAINS

static bool can_learn(struct app *app)
{
    for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        const struct tinyssl_tensor *tensor = &engine_tensors.list[id];
        if (tensor->kind == TINYSSL_KIND_TARGET && app->loaded[id] < tensor->bytes) {
            app_error(app, ERROR_TENSOR_SHORT,
                      TEXT_FIELDS(TEXT_NUMBER(id), TEXT_NUMBER(app->loaded[id]),
                                  TEXT_NUMBER(tensor->bytes)));
            return false;
        }
    }
    return app_can_run(app);
}

static void say_step(struct app *app)
{
    const struct app_step *step = &app->step;
    app_say_sealed(app, SEALED_LEARN, "%u,%u,%u,%u",
                   TEXT_FIELDS(TEXT_NUMBER(step->number), TEXT_NUMBER(step->inference_ticks),
                               TEXT_NUMBER(step->training_ticks),
                               TEXT_NUMBER(step->learnt ? 1u : 0u)));
}

/* One inference and one step. A number that was the last one gets the same answer and teaches nothing
 * again: the host asks twice where a byte was lost. */
static void learn_once(struct app *app, uint32_t number)
{
    struct app_step *step = &app->step;
    if (number == step->number) {
        say_step(app);
        return;
    }
    if (!can_learn(app)) {
        return;
    }
    app_load_input(app);
    port_write(NULL, 0);
    const uint64_t start = port_ticks();
    if (!app_invoke(app)) {
        return;
    }
    const uint64_t middle = port_ticks();
    step->learnt = engine_train() == 0;
    step->training_ticks = port_ticks() - middle;
    step->inference_ticks = middle - start;
    step->number = number;
    say_step(app);
}

/* Parameters and states as the firmware came; what is in flash stays. */
static void reset(struct app *app)
{
    app->engine_error = engine_init();
    if (app->engine_error != NULL) {
        app_error(app, ERROR_ENGINE, TEXT_FIELDS(TEXT_STRING(app->engine_error)));
    } else {
        app_count_first_values(app);
        app->step.number = 0;
        app_say_sealed(app, SEALED_FIRST, "reset", NULL);
    }
}

void command_learn(struct app *app, char *rest)
{
    static const struct {
        const char *word;
        void (*run)(struct app *app);
    } words[] = {{"reset", reset},
                 {"save", app_save_learnt},
                 {"load", app_load_learnt},
                 {"forget", app_forget_learnt}};
    uint32_t number = 0;
    const char *word = protocol_word(&rest);
    for (size_t i = 0; word != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i].word) == 0) {
            words[i].run(app);
            return;
        }
    }
    if (word != NULL && protocol_number(word, &number) && number > 0) {
        learn_once(app, number);
    } else {
        app_error(app, ERROR_LEARN_ARGUMENTS, NULL);
    }
}

#else

void command_learn(struct app *app, char *rest)
{
    (void)rest;
    app_error(app, ERROR_LEARN_NOTHING, NULL);
}

#endif
