/* tinyssl's own commands. Their reply lines are sealed with a CRC-32, so that a figure with a lost
 * digit is never taken for a figure. */
#include <string.h>

#include "app.h"
#include "crc32.h"
#include "engine.h"
#include "port.h"

/* The linker script's; their addresses are the values. Weak: a native build has none. */
extern const char tinyssl_flash_used[] __attribute__((weak));
extern const char tinyssl_ram_used[] __attribute__((weak));

static void say_text(struct app *app, const char *key, const char *value)
{
    app_say_sealed(app, key, "%s", TEXT_FIELDS(TEXT_STRING(value == NULL ? "" : value)));
}

static void say_number(struct app *app, const char *key, uint64_t value)
{
    app_say_sealed(app, key, "%u", TEXT_FIELDS(TEXT_NUMBER(value)));
}

void command_tinyssl(struct app *app, char *rest)
{
    (void)rest;
    int32_t zero = engine_info.output_zero_point;
    say_number(app, SEALED_PROTOCOL, PROTOCOL_VERSION);
    say_text(app, SEALED_BOARD, TINYSSL_BOARD);
    say_text(app, SEALED_ENGINE, engine_info.engine);
    say_text(app, SEALED_MODEL, engine_info.model);
    say_text(app, SEALED_SHA256, engine_info.model_sha256);
    say_text(app, SEALED_BUILD, TINYSSL_BUILD_ID);
    app_say_sealed(app, SEALED_INPUT, "%u,%s,%s",
                   TEXT_FIELDS(TEXT_NUMBER(TINYSSL_INPUT_BYTES),
                               TEXT_STRING(engine_info.input_is_uint8
                                               ? "uint8"
                                               : app_type_name(engine_tensors.list[0].type)),
                               TEXT_STRING(app_keeps_input(app) ? "kept" : "used")));
    app_say_sealed(app, SEALED_OUTPUT, "%u,%s%u,%u",
                   TEXT_FIELDS(TEXT_NUMBER(TINYSSL_OUTPUT_BYTES), TEXT_STRING(zero < 0 ? "-" : ""),
                               TEXT_NUMBER((uint32_t)(zero < 0 ? -zero : zero)),
                               TEXT_NUMBER((uint32_t)engine_info.output_milli_q16)));
    app_say_sealed(app, SEALED_TENSORS, "%u,%u,%u",
                   TEXT_FIELDS(TEXT_NUMBER(engine_info.inputs), TEXT_NUMBER(engine_tensors.outputs),
                               TEXT_NUMBER(engine_tensors.count)));
    uint32_t frame = 0;
    (void)app_frame_room(app, &frame);
    say_number(app, SEALED_FRAME, frame);
    say_number(app, SEALED_OPS, TINYSSL_OP_COUNT);
    say_number(app, SEALED_FLASH, (uintptr_t)tinyssl_flash_used);
    say_number(app, SEALED_RAM, (uintptr_t)tinyssl_ram_used);
    say_number(app, SEALED_ARENA, engine_info.arena_bytes);
    say_number(app, SEALED_CLOCK, TINYSSL_CLOCK_HZ);
    app_say_sealed(
        app, SEALED_TICK, "%s,%u",
        TEXT_FIELDS(TEXT_STRING(TINYSSL_TICK_UNIT), TEXT_NUMBER(port_ticks_per_second())));
    say_text(app, SEALED_WARNING, app->warning);
    say_text(app, SEALED_RESET, port_reset_cause());
}

static void note_ticks(void *context, uint32_t index)
{
    struct app *app = context;
    uint64_t spent = port_ticks() - app->op_start;
    if (index < TINYSSL_OP_COUNT) {
        app->op_ticks[index] = spent > UINT32_MAX ? UINT32_MAX : (uint32_t)spent;
    }
    app->op_start = port_ticks(); /* the note itself is no operator's time */
}

void command_prof(struct app *app, char *rest)
{
    (void)rest;
    if (!app_can_run(app)) {
        return;
    }
    app_load_input(app);
    memset(app->op_ticks, 0, sizeof app->op_ticks);
    port_write(NULL, 0);
    uint64_t start = port_ticks();
    app->op_start = start;
    int error = engine_invoke(note_ticks, app);
    uint64_t total = port_ticks() - start;
    app->has_outputs = error == 0;
    if (error != 0) {
        app_error(app, ERROR_ENGINE_RUN, TEXT_FIELDS(TEXT_NUMBER((uint32_t)error)));
        return;
    }
    for (uint32_t i = 0; i < TINYSSL_OP_COUNT; i++) {
        app_say_sealed(app, SEALED_OP, "%u,%u,%s",
                       TEXT_FIELDS(TEXT_NUMBER(i), TEXT_NUMBER(app->op_ticks[i]),
                                   TEXT_STRING(engine_op_name(i))));
    }
    say_number(app, SEALED_TOTAL, total);
}

void command_mem(struct app *app, char *rest)
{
    uint32_t used = 0;
    uint32_t size = 0;
    (void)rest;
    port_stack(&used, &size);
    app_say_sealed(app, SEALED_MEMORY, "%u,%u,%u,%u",
                   TEXT_FIELDS(TEXT_NUMBER(engine_arena_used()),
                               TEXT_NUMBER(engine_info.arena_bytes), TEXT_NUMBER(used),
                               TEXT_NUMBER(size)));
}

/* From now on a program that hangs restarts the board. */
void command_watchdog(struct app *app, char *rest)
{
    uint32_t milliseconds = 0;
    const char *word = protocol_word(&rest);
    if (word == NULL || !protocol_number(word, &milliseconds) ||
        milliseconds < PROTOCOL_WATCHDOG_MS) {
        app_error(app, ERROR_WATCHDOG, TEXT_FIELDS(TEXT_NUMBER(PROTOCOL_WATCHDOG_MS)));
        return;
    }
    const uint32_t armed = port_watchdog(milliseconds);
    if (armed == 0) {
        app_error(app, ERROR_WATCHDOG_NONE, TEXT_FIELDS(TEXT_NUMBER(milliseconds)));
    } else {
        say_number(app, SEALED_WATCHDOG, armed);
    }
}

void command_reset(struct app *app, char *rest)
{
    (void)app;
    (void)rest;
    port_write(NULL, 0);
    port_reset();
}
