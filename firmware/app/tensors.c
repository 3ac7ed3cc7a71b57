/* Commands that list, read and reset the model's named tensors; `set` is in frames.c. */
#include <string.h>

#include "app.h"
#include "engine.h"

const char *app_type_name(uint8_t type)
{
    static const char *const names[] = {"int8",    "int16", "int32",  "int64", "uint8",
                                        "float32", "bool",  "uint32", "uint64"};
    return names[type];
}

uint32_t app_type_bytes(uint8_t type)
{
    static const uint8_t bytes[] = {1, 2, 4, 8, 1, 4, 1, 4, 8};
    return bytes[type];
}

static const char *kind_name(uint8_t kind)
{
    static const char *const names[] = {"input", "output", "parameter", "state", "target"};
    return names[kind];
}

uint32_t app_find_tensor(const char *word)
{
    uint32_t id = 0;
    if (protocol_number(word, &id)) {
        return id < TINYSSL_TENSOR_COUNT ? id : APP_NO_TENSOR;
    }
    for (id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        if (strcmp(word, engine_tensors.list[id].name) == 0) {
            return id;
        }
    }
    return APP_NO_TENSOR;
}

static void add_shape(struct app *app, const struct tinyssl_tensor *tensor)
{
    for (uint32_t axis = 0; axis < tensor->rank; axis++) {
        text_string(&app->out, axis == 0 ? "" : "x");
        text_number(&app->out, (uint32_t)tensor->shape[axis]);
    }
}

static void say_tensor(struct app *app, uint32_t id)
{
    const struct tinyssl_tensor *tensor = &engine_tensors.list[id];
    const int32_t zero = tensor->zero_point;
    uint32_t scale = 0;
    memcpy(&scale, &tensor->scale, sizeof scale);
    app_open_sealed(app, SEALED_TENSOR);
    text_format(&app->out, "%u,%s,%s,",
                TEXT_FIELDS(TEXT_NUMBER(id), TEXT_STRING(kind_name(tensor->kind)),
                            TEXT_STRING(app_type_name(tensor->type))));
    add_shape(app, tensor);
    text_format(&app->out, ",%x,%s%u,%s",
                TEXT_FIELDS(TEXT_NUMBER(scale), TEXT_STRING(zero < 0 ? "-" : ""),
                            TEXT_NUMBER(zero < 0 ? 0u - (uint32_t)zero : (uint32_t)zero),
                            TEXT_STRING(tensor->name)));
    app_close_sealed(app);
}

void command_tensors(struct app *app, char *rest)
{
    (void)rest;
    for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        say_tensor(app, id);
    }
}

/* True when these bytes of the tensor say something; else the reply says what is missing. */
static bool can_read(struct app *app, uint32_t id, uint32_t end)
{
    const bool output = engine_tensors.list[id].kind == TINYSSL_KIND_OUTPUT;
    if (app->engine_error != NULL) {
        app_error(app, ERROR_ENGINE, TEXT_FIELDS(TEXT_STRING(app->engine_error)));
    } else if (output && !app->has_outputs) {
        app_error(app, ERROR_NO_RESULTS, NULL);
    } else if (!output && app->loaded[id] < end) {
        app_error(app, ERROR_TENSOR_SHORT,
                  TEXT_FIELDS(TEXT_NUMBER(id), TEXT_NUMBER(app->loaded[id]),
                              TEXT_NUMBER(engine_tensors.list[id].bytes)));
    } else {
        return true;
    }
    return false;
}

static void say_data(struct app *app, uint32_t id, uint32_t offset, uint32_t size)
{
    const uint8_t *data = id < TINYSSL_INPUT_COUNT ? app->wire[id] : engine_data(id);
    const uint8_t flip = id == 0 && engine_info.input_is_uint8 ? 0x80u : 0u;
    app_open_sealed(app, SEALED_DATA);
    text_format(&app->out, "%u,%u,", TEXT_FIELDS(TEXT_NUMBER(id), TEXT_NUMBER(offset)));
    for (uint32_t i = 0; i < size; i++) {
        const uint8_t byte = data[offset + i] ^ flip;
        text_hex(&app->out, &byte, 1);
    }
    app_close_sealed(app);
}

void app_count_first_values(struct app *app)
{
    for (uint32_t id = engine_info.inputs; id < TINYSSL_TENSOR_COUNT; id++) {
        const struct tinyssl_tensor *tensor = &engine_tensors.list[id];
        app->loaded[id] = tensor->kind == TINYSSL_KIND_TARGET ? 0 : tensor->bytes;
    }
}

void command_get(struct app *app, char *rest)
{
    uint32_t offset = 0;
    uint32_t size = 0;
    const char *word = protocol_word(&rest);
    const char *first = protocol_word(&rest);
    const char *second = protocol_word(&rest);
    if (word == NULL || (first != NULL && (second == NULL || !protocol_number(first, &offset) ||
                                           !protocol_number(second, &size) || size == 0))) {
        app_error(app, ERROR_GET_ARGUMENTS, NULL);
        return;
    }
    const uint32_t id = app_find_tensor(word);
    if (id == APP_NO_TENSOR) {
        app_error_quote(app, ERROR_TENSOR_UNKNOWN, word);
        return;
    }
    const uint32_t bytes = engine_tensors.list[id].bytes;
    size = first == NULL ? bytes : size;
    if (offset > bytes || size > bytes - offset) {
        app_error(app, ERROR_TENSOR_RANGE, TEXT_FIELDS(TEXT_NUMBER(id), TEXT_NUMBER(bytes)));
    } else if (can_read(app, id, offset + size)) {
        say_data(app, id, offset, size);
    }
}

void command_state(struct app *app, char *rest)
{
    const char *word = protocol_word(&rest);
    if (word == NULL || strcmp(word, "reset") != 0) {
        app_error(app, ERROR_STATE_ARGUMENTS, NULL);
    } else if (app->engine_error != NULL) {
        app_error(app, ERROR_ENGINE, TEXT_FIELDS(TEXT_STRING(app->engine_error)));
    } else {
        engine_reset();
        for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
            if (engine_tensors.list[id].kind == TINYSSL_KIND_STATE) {
                app->loaded[id] = engine_tensors.list[id].bytes;
            }
        }
        app_say_sealed(app, SEALED_STATE, "reset", NULL);
    }
}
