/* What all commands share: replies and the engine. */
#include "app.h"

#include <string.h>

#include "engine.h"
#include "port.h"

void app_say(struct app *app, const char *format, const struct text_field *fields)
{
    text_format(&app->out, format, fields);
    text_end(&app->out);
}

void app_error(struct app *app, const char *format, const struct text_field *fields)
{
    text_string(&app->out, "e-[");
    text_format(&app->out, format, fields);
    text_string(&app->out, "]");
    text_end(&app->out);
}

void app_open_sealed(struct app *app, const char *key)
{
    text_format(&app->out, REPLY_SEALED_OPEN, TEXT_FIELDS(TEXT_STRING(key)));
}

void app_close_sealed(struct app *app)
{
    text_string(&app->out, REPLY_SEALED_CLOSE);
    text_format(&app->out, REPLY_SEAL, TEXT_FIELDS(TEXT_NUMBER(app->out.crc)));
    text_end(&app->out);
}

void app_say_sealed(struct app *app, const char *key, const char *format,
                    const struct text_field *fields)
{
    app_open_sealed(app, key);
    text_format(&app->out, format, fields);
    app_close_sealed(app);
}

static bool plain(char character)
{
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') || character == '_' || character == '.';
}

void app_error_quote(struct app *app, const char *format, const char *word)
{
    char quoted[PROTOCOL_ECHO_BYTES + 1u];
    size_t length = 0;
    for (; length < PROTOCOL_ECHO_BYTES && word[length] != '\0'; length++) {
        quoted[length] = plain(word[length]) ? word[length] : '?';
    }
    quoted[length] = '\0';
    app_error(app, format, TEXT_FIELDS(TEXT_STRING(quoted)));
}

bool app_can_run(struct app *app)
{
    if (app->engine_error != NULL) {
        app_error(app, ERROR_ENGINE, TEXT_FIELDS(TEXT_STRING(app->engine_error)));
        return false;
    }
    for (uint32_t id = 0; id < TINYSSL_TENSOR_COUNT; id++) {
        const struct tinyssl_tensor *tensor = &engine_tensors.list[id];
        const bool given =
            tensor->kind != TINYSSL_KIND_OUTPUT && tensor->kind != TINYSSL_KIND_TARGET;
        if (!given || app->loaded[id] == tensor->bytes) {
            continue;
        }
        if (id == 0) {
            app_error(app, ERROR_INPUT_SHORT,
                      TEXT_FIELDS(TEXT_NUMBER(app->loaded[0]), TEXT_NUMBER(tensor->bytes)));
        } else {
            app_error(app, ERROR_TENSOR_SHORT,
                      TEXT_FIELDS(TEXT_NUMBER(id), TEXT_NUMBER(app->loaded[id]),
                                  TEXT_NUMBER(tensor->bytes)));
        }
        return false;
    }
    return true;
}

bool app_keeps_input(const struct app *app)
{
    return app->wire[0] != (const uint8_t *)engine_input(0);
}

void app_load_input(struct app *app)
{
    int8_t *first = engine_input(0);
    for (uint32_t i = 0; i < TINYSSL_INPUT_COUNT; i++) {
        if (app_keeps_input(app)) {
            memcpy(engine_input(i), app->wire[i], engine_tensors.list[i].bytes);
        } else {
            app->loaded[i] = 0;
        }
    }
    if (engine_info.input_is_uint8) {
        for (size_t i = 0; i < TINYSSL_INPUT_BYTES; i++) {
            first[i] = (int8_t)(app->wire[0][i] - 128);
        }
    }
}

void app_begin_write(struct app *app, uint32_t tensor, uint32_t offset)
{
    if (app->loaded[tensor] > offset) {
        app->loaded[tensor] = offset;
    }
    if (tensor < TINYSSL_INPUT_COUNT) {
        app->expected = 0;
        app->has_outputs = app->has_outputs && app_keeps_input(app);
    }
}

bool app_invoke(struct app *app)
{
    port_watchdog_feed();
    int error = engine_invoke(NULL, NULL);
    app->has_outputs = error == 0;
    if (error != 0) {
        app_error(app, ERROR_ENGINE_RUN, TEXT_FIELDS(TEXT_NUMBER((uint32_t)error)));
    }
    return error == 0;
}

uint64_t app_microseconds(uint64_t ticks)
{
    /* Whole seconds apart, so that the product stays below 2^64 for ever. */
    uint64_t rate = port_ticks_per_second();
    return ticks / rate * 1000000u + ticks % rate * 1000000u / rate;
}
