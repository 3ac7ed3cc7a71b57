/* `learn`: training steps on the device. */
#include <string.h>

#include "app.h"
#include "engine.h"
#include "port.h"

#if TINYSSL_TRAINS

/* One inference and one step. A number that was the last one gets the same answer and teaches nothing
 * again: the host asks twice where a byte was lost. */
static void learn_once(struct app *app, uint32_t number)
{
    struct learning_answer *answer = &app->learning.answer;
    if (!answer->batch && number == answer->number) {
        learning_say_step(app);
        return;
    }
    if (!learning_can_step(app)) {
        return;
    }
    if (app_keeps_input(app)) {
        learning_guard_before(app);
    }
    app_load_input(app);
    port_write(NULL, 0);
    *answer = (struct learning_answer){0};
    if (learning_step(app, &answer->outcome)) {
        answer->guard = learning_guard_after(app, 1);
        answer->number = number;
        learning_say_step(app);
    }
}

/* Parameters and states as the firmware came; what is in flash, and the samples that are kept, stay. */
static void reset(struct app *app)
{
    app->engine_error = engine_init();
    if (app->engine_error != NULL) {
        app_error(app, ERROR_ENGINE, TEXT_FIELDS(TEXT_STRING(app->engine_error)));
    } else {
        app_count_first_values(app);
        learning_count_anew(&app->learning);
        learning_guard_forget(app);
        app_say_sealed(app, SEALED_FIRST, "reset", NULL);
    }
}

void command_learn(struct app *app, char *rest)
{
    static const struct {
        const char *word;
        void (*run)(struct app *app);
    } words[] = {{"reset", reset},
                 {"check", learning_check},
                 {"statistics", learning_say_statistics},
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
    if (word != NULL && app_expect_samples(app, word, rest)) {
        return;
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
    const char *word = protocol_word(&rest);
    if (word == NULL || !app_expect_samples(app, word, rest)) {
        app_error(app, ERROR_LEARN_NOTHING, NULL);
    }
}

#endif
