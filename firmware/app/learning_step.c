/* One sample: an inference, its loss, a step. */
#include <string.h>

#include "app.h"
#include "engine.h"
#include "port.h"

#if TINYSSL_TRAINS

#define NO_CLASS UINT32_MAX

bool learning_can_step(struct app *app)
{
    const uint32_t target = learning_target();
    if (target < TINYSSL_TENSOR_COUNT && app->loaded[target] < engine_tensors.list[target].bytes) {
        app_error(app, ERROR_TENSOR_SHORT,
                  TEXT_FIELDS(TEXT_NUMBER(target), TEXT_NUMBER(app->loaded[target]),
                              TEXT_NUMBER(engine_tensors.list[target].bytes)));
        return false;
    }
    return app_can_run(app);
}

uint32_t learning_target(void)
{
    const uint32_t last = TINYSSL_TENSOR_COUNT - 1u;
    return engine_tensors.list[last].kind == TINYSSL_KIND_TARGET ? last : TINYSSL_TENSOR_COUNT;
}

bool learning_is_learnt(uint32_t tensor)
{
    static const char *const rates[] = {TINYSSL_RATES};
    const struct tinyssl_tensor *found = &engine_tensors.list[tensor];
    bool is_rate = false;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        is_rate = is_rate || strcmp(found->name, rates[i]) == 0;
    }
    return found->kind == TINYSSL_KIND_PARAMETER && !is_rate;
}

static bool in_sample(uint32_t tensor)
{
    return tensor < engine_info.inputs || tensor == learning_target();
}

uint32_t learning_sample_bytes(void)
{
    uint32_t bytes = 0;
    for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        bytes += in_sample(id) ? engine_tensors.list[id].bytes : 0u;
    }
    return bytes;
}

void learning_load_sample(struct app *app, const uint8_t *sample)
{
    for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        if (in_sample(id)) {
            memcpy(engine_data(id), sample, engine_tensors.list[id].bytes);
            sample += engine_tensors.list[id].bytes;
        }
        if (id < engine_info.inputs && !app_keeps_input(app)) {
            app->loaded[id] = 0;
        }
    }
}

/* Number of the largest value; NO_CLASS where one is no number, or their type has no order here. */
static uint32_t largest(const struct tinyssl_tensor *tensor, const void *data)
{
    const float *reals = data;
    const int8_t *codes = data;
    const bool real = tensor->type == TINYSSL_TYPE_FLOAT32;
    const uint32_t count = real ? tensor->bytes / (uint32_t)sizeof(float) : tensor->bytes;
    uint32_t found = real || tensor->type == TINYSSL_TYPE_INT8 ? 0u : NO_CLASS;
    for (uint32_t i = 0; i < count && found != NO_CLASS; i++) {
        const bool nan = real && !(reals[i] == reals[i]);
        const bool more = real ? reals[i] > reals[found] : codes[i] > codes[found];
        found = nan ? NO_CLASS : more ? i : found;
    }
    return found;
}

/* Compares the answer with the label, where the target is one. */
static void judge_answer(struct learning_outcome *outcome)
{
    const uint32_t target = learning_target();
    int32_t label = 0;
    if (target == TINYSSL_TENSOR_COUNT || engine_tensors.list[target].type != TINYSSL_TYPE_INT32) {
        return;
    }
    memcpy(&label, engine_data(target), sizeof label);
    outcome->judged++;
    outcome->right +=
        largest(&engine_tensors.list[engine_info.inputs], engine_output(0)) == (uint32_t)label ? 1u
                                                                                               : 0u;
}

/* One sample's outcome joins that of the others; of one that was not accepted its answer does not count. */
static void join(struct learning_outcome *all, const struct learning_outcome *one)
{
    all->samples++;
    all->inference_ticks += one->inference_ticks;
    all->training_ticks += one->training_ticks;
    if (one->accepted > 0) {
        all->accepted++;
        all->judged += one->judged;
        all->right += one->right;
        all->drifts += one->drifts;
        learning_mean_add(&all->loss, *engine_loss_value());
    }
}

static bool infer(struct app *app, struct learning_outcome *one)
{
    const uint64_t start = port_ticks();
    const bool done = app_invoke(app);
    one->inference_ticks = port_ticks() - start;
    if (done) {
        judge_answer(one);
    }
    return done;
}

bool learning_step(struct app *app, struct learning_outcome *outcome)
{
    struct learning_outcome one = {0};
    if (!infer(app, &one)) {
        return false;
    }
    const uint64_t start = port_ticks();
    one.accepted = engine_train() == 0 ? 1u : 0u;
    one.training_ticks = port_ticks() - start;
    one.drifts =
        learning_count(&app->learning, one.accepted > 0 ? engine_loss_value() : NULL) ? 1u : 0u;
    join(&app->learning.all, &one);
    if (outcome != NULL) {
        join(outcome, &one);
    }
    return true;
}

bool learning_judge(struct app *app, struct learning_outcome *outcome)
{
    struct learning_outcome one = {0};
    if (!infer(app, &one)) {
        return false;
    }
    const float before = *engine_loss_value();
    one.accepted = engine_loss() == 0 ? 1u : 0u;
    join(outcome, &one);
    *engine_loss_value() = before;
    return true;
}

#endif
