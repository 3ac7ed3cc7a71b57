/* The commands of MLPerf Tiny's device protocol. */
#include <string.h>

#include "app.h"
#include "engine.h"
#include "port.h"

void command_name(struct app *app, char *rest)
{
    (void)rest;
    app_say(app, REPLY_NAME, TEXT_FIELDS(TEXT_STRING(TINYSSL_BOARD)));
}

void command_profile(struct app *app, char *rest)
{
    (void)rest;
    app_say(app, REPLY_PROFILE, TEXT_FIELDS(TEXT_STRING(TINYSSL_VERSION)));
    app_say(app, REPLY_MODEL, TEXT_FIELDS(TEXT_STRING(engine_info.model)));
}

/* A stamp is taken first and printed later: nothing may be sent while the engine is timed. In
 * energy mode the stamp is a pulse for the power meter, and nothing is printed. */
static uint64_t stamp(void)
{
#if TINYSSL_ENERGY_MODE
    port_pulse();
#endif
    return port_ticks();
}

static void say_stamp(struct app *app, uint64_t ticks)
{
    if (!TINYSSL_ENERGY_MODE) {
        app_say(app, REPLY_LAP, TEXT_FIELDS(TEXT_NUMBER(app_microseconds(ticks))));
    }
}

void command_timestamp(struct app *app, char *rest)
{
    (void)rest;
    say_stamp(app, stamp());
}

static void db_load(struct app *app, char *rest)
{
    uint32_t size = 0;
    const char *word = protocol_word(&rest);
    if (word == NULL) {
        app_error(app, ERROR_DB_LOAD_BYTES, NULL);
        return;
    }
    bool number = protocol_number(word, &size);
    if (number && size == 0) {
        app_error(app, ERROR_DB_LOAD_ZERO, NULL);
    } else if (!number || size > TINYSSL_INPUT_BYTES) {
        app_error(app, ERROR_DB_LOAD_SIZE, TEXT_FIELDS(TEXT_NUMBER(TINYSSL_INPUT_BYTES)));
    } else {
        app_begin_write(app, 0, 0);
        app->expected = size;
        app_say(app, REPLY_EXPECTING, TEXT_FIELDS(TEXT_NUMBER(size)));
    }
}

static void db_print(struct app *app)
{
    for (uint32_t i = 0; i < app->loaded[0]; i += PROTOCOL_PRINT_BYTES) {
        text_string(&app->out, REPLY_BUFFER);
        for (uint32_t j = i; j < app->loaded[0] && j < i + PROTOCOL_PRINT_BYTES; j++) {
            text_string(&app->out, "-");
            text_hex(&app->out, &app->wire[0][j], 1);
        }
        text_end(&app->out);
    }
}

/* True when `digits` are whole bytes; else the reply says why not. Checked before any is stored,
 * so that a refused command can simply be sent again. */
static bool check_digits(struct app *app, const char *digits)
{
    size_t length = strlen(digits);
    if (length % 2 != 0) {
        app_error(app, ERROR_DB_HEX_COUNT, NULL);
        return false;
    }
    for (size_t i = 0; i < length; i += 2) {
        const char pair[3] = {digits[i], digits[i + 1], '\0'};
        if (protocol_digit(pair[0]) < 0 || protocol_digit(pair[1]) < 0) {
            app_error_quote(app, ERROR_DB_HEX_DIGIT, pair);
            return false;
        }
    }
    return true;
}

static void db_bytes(struct app *app, const char *digits)
{
    if (app->expected == 0) {
        app_error(app, ERROR_DB_NOT_STARTED, NULL);
    } else if (app->loaded[0] == app->expected) {
        app_error(app, ERROR_DB_FULL, TEXT_FIELDS(TEXT_NUMBER(app->expected)));
    } else if (check_digits(app, digits)) {
        /* Digits after the last expected byte are dropped, as in MLPerf's reference. */
        for (; *digits != '\0' && app->loaded[0] < app->expected; digits += 2) {
            int byte = protocol_digit(digits[0]) * 16 + protocol_digit(digits[1]);
            app->wire[0][app->loaded[0]++] = (uint8_t)byte;
        }
        if (app->loaded[0] == app->expected) {
            app_say(app, REPLY_LOAD_DONE, NULL);
        }
    }
}

void command_db(struct app *app, char *rest)
{
    const char *word = protocol_word(&rest);
    if (word == NULL) {
        app_error(app, ERROR_DB_SUBCOMMAND, NULL);
    } else if (strcmp(word, "load") == 0) {
        db_load(app, rest);
    } else if (strcmp(word, "print") == 0) {
        db_print(app);
    } else {
        db_bytes(app, word);
    }
}

/* Thousandths of a float, by integer arithmetic: chips without an FPU link no library for it. What is
 * not a number, or too large, is the largest that text_milli() can be given exactly. */
static int64_t float_milli(uint32_t bits)
{
    const int64_t most = INT64_C(1) << 60;
    const uint32_t exponent = (bits >> 23) & 0xFFu;
    const uint64_t mantissa = exponent == 0 ? 0 : ((bits & 0x7FFFFFu) | 0x800000u);
    int64_t milli = 0;
    if (exponent >= 150u) {
        const uint32_t shift = exponent - 150u;
        milli = shift > 26u ? most : (int64_t)((mantissa * 1000u) << shift);
    } else if (150u - exponent < 60u) {
        const uint32_t shift = 150u - exponent;
        milli = (int64_t)((mantissa * 1000u + (UINT64_C(1) << (shift - 1u))) >> shift);
    }
    return (bits >> 31) != 0 ? -milli : milli;
}

/* Thousandths of element `index` of the result. */
static int64_t result_milli(const struct app *app, uint32_t index)
{
    const struct tinyssl_tensor *output = &engine_tensors.list[engine_info.inputs];
    union {
        uint8_t u8;
        int8_t s8;
        int16_t s16;
        int32_t s32;
        int64_t s64;
        uint32_t bits;
    } value = {0};
    const uint32_t size = app_type_bytes(output->type);
    memcpy(&value, app->result + index * size, size);
    if (output->type == TINYSSL_TYPE_FLOAT32) {
        return float_milli(value.bits);
    }
    const int64_t q = output->type == TINYSSL_TYPE_INT8    ? value.s8
                      : output->type == TINYSSL_TYPE_INT16 ? value.s16
                      : output->type == TINYSSL_TYPE_INT32 ? value.s32
                      : output->type == TINYSSL_TYPE_INT64 ? value.s64
                                                           : value.u8;
    if (engine_info.output_milli_q16 == 0) {
        return q * 1000;
    }
    const int64_t scaled = (q - engine_info.output_zero_point) * engine_info.output_milli_q16;
    const int64_t half = scaled < 0 ? -0x8000 : 0x8000;
    return (scaled + half) / 0x10000;
}

static void say_results(struct app *app)
{
    const uint32_t size = app_type_bytes(engine_tensors.list[engine_info.inputs].type);
    text_string(&app->out, REPLY_RESULTS);
    for (uint32_t i = 0; i < TINYSSL_OUTPUT_BYTES / size; i++) {
        text_string(&app->out, i == 0 ? "" : ",");
        text_milli(&app->out, result_milli(app, i));
    }
    text_string(&app->out, "]");
    text_end(&app->out);
}

void command_results(struct app *app, char *rest)
{
    (void)rest;
    if (app->has_result) {
        say_results(app);
    } else {
        app_error(app, ERROR_NO_RESULTS, NULL);
    }
}

/* Inferences back to back. The input is loaded once, so only the first sees it whole where the
 * engine reuses its memory: that one's output is the result. A count is any number of 32 bits, and the
 * host is not heard meanwhile: so there is an end to their time. */
static bool infer_many(struct app *app, uint32_t count)
{
    const uint64_t end = port_ticks() + (uint64_t)PROTOCOL_INFER_SECONDS * port_ticks_per_second();
    for (uint32_t i = 0; i < count; i++) {
        if (!app_invoke(app)) {
            return false;
        }
        if (!app->has_result) {
            memcpy(app->result, engine_output(0), TINYSSL_OUTPUT_BYTES);
            app->has_result = true;
        }
        if (i + 1u < count && port_ticks() > end) {
            app_error(app, ERROR_INFER_TIME,
                      TEXT_FIELDS(TEXT_NUMBER(i + 1u), TEXT_NUMBER(count),
                                  TEXT_NUMBER(PROTOCOL_INFER_SECONDS)));
            return false;
        }
    }
    return true;
}

static void infer(struct app *app, uint32_t iterations, uint32_t warmups)
{
    app->has_result = false;
    app_load_input(app);
    app_say(app, REPLY_WARMUP_START, TEXT_FIELDS(TEXT_NUMBER(warmups)));
    if (!infer_many(app, warmups)) {
        return;
    }
    app_say(app, REPLY_WARMUP_DONE, NULL);
    app_say(app, REPLY_INFER_START, TEXT_FIELDS(TEXT_NUMBER(iterations)));
    port_write(NULL, 0); /* a transmit interrupt would steal cycles */
    uint64_t start = stamp();
    bool done = infer_many(app, iterations);
    uint64_t stop = stamp();
    if (done) {
        say_stamp(app, start);
        say_stamp(app, stop);
        app_say(app, REPLY_INFER_DONE, NULL);
        say_results(app);
    }
}

void command_infer(struct app *app, char *rest)
{
    uint32_t iterations = PROTOCOL_ITERATIONS;
    uint32_t warmups = PROTOCOL_WARMUPS;
    const char *first = protocol_word(&rest);
    const char *second = protocol_word(&rest);
    if (first != NULL && (!protocol_number(first, &iterations) || iterations == 0)) {
        app_error(app, ERROR_ITERATIONS, NULL);
    } else if (second != NULL && !protocol_number(second, &warmups)) {
        app_error(app, ERROR_WARMUPS, NULL);
    } else if (app_can_run(app)) {
        infer(app, iterations, warmups);
    }
}
