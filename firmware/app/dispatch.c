/* The command line: which command a line is, and the start. */
#include "app.h"

#include <string.h>

#include "engine.h"
#include "port.h"

struct entry {
    const char *name;
    const char *usage;
    const char *help;
    app_command *run;
};

#define ENTRY(key, usage, help) {#key, usage, help, command_##key},
static const struct entry commands[] = {PROTOCOL_COMMANDS(ENTRY)};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void ready(struct app *app)
{
    app_say(app, REPLY_READY, NULL);
}

void command_help(struct app *app, char *rest)
{
    (void)rest;
    for (size_t i = 0; i < COMMANDS; i++) {
        app_say(app, REPLY_HELP,
                TEXT_FIELDS(TEXT_STRING(commands[i].usage), TEXT_STRING(commands[i].help)));
    }
}

static void answer(struct app *app)
{
    char *rest = app->in.line;
    const char *name = protocol_word(&rest);
    size_t i = 0;
    while (name != NULL && i < COMMANDS && strcmp(name, commands[i].name) != 0) {
        i++;
    }
    if (name != NULL && i == COMMANDS) {
        app_error_quote(app, ERROR_UNKNOWN_COMMAND, name);
    } else if (name != NULL) {
        commands[i].run(app, rest);
    }
    /* `bin` and `run` are answered after their frame. */
    if (!app->in.in_frame) {
        ready(app);
    }
}

void app_receive(struct app *app, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (protocol_byte(&app->in, data[i])) {
        case PROTOCOL_COMMAND:
            answer(app);
            break;
        case PROTOCOL_TOO_LONG:
            app_error(app, ERROR_TOO_LONG, TEXT_FIELDS(TEXT_NUMBER(PROTOCOL_LINE_BYTES)));
            ready(app);
            break;
        case PROTOCOL_FRAME:
            if (app->frame.samples) {
                app_samples_done(app);
            } else {
                app_frame_done(app);
            }
            ready(app);
            break;
        case PROTOCOL_MORE:
            break;
        }
    }
}

void app_idle(struct app *app)
{
    if (protocol_give_up(&app->in)) {
        app_frame_cut(app);
        ready(app);
    }
}

/* Why the engine cannot be used, or NULL. The image is one build, so a difference in size means
 * that its parts come from two. */
static const char *start_engine(void)
{
    if (engine_info.input_bytes != TINYSSL_INPUT_BYTES ||
        engine_info.output_bytes != TINYSSL_OUTPUT_BYTES ||
        engine_info.inputs != TINYSSL_INPUT_COUNT || engine_tensors.count != TINYSSL_TENSOR_COUNT ||
        engine_info.op_count != TINYSSL_OP_COUNT) {
        return "engine and application were built for two models";
    }
    return engine_init();
}

/* A long answer on a slow line is no hang. */
static void send(const uint8_t *data, size_t size)
{
    port_watchdog_feed();
    port_write(data, size);
}

/* Where the inputs are received, one behind the other. A copy of their own where the build has one or
 * the board has RAM left: the engine may overwrite its inputs while it runs, and inputs that are kept
 * can be run again. NULL: where the engine reads them. */
static uint8_t *input_room(struct app *app)
{
#if TINYSSL_KEEP_INPUT
    return app->copy;
#else
    (void)app;
    uint32_t bytes = 0;
    uint8_t *room = app_spare(&bytes);
    return bytes >= TINYSSL_INPUTS_BYTES ? room : NULL;
#endif
}

static void place_inputs(struct app *app)
{
    uint8_t *room = input_room(app);
    for (uint32_t i = 0; i < TINYSSL_INPUT_COUNT; i++) {
        app->wire[i] = room == NULL ? engine_input(i) : room;
        if (room != NULL) {
            room += engine_tensors.list[i].bytes;
        }
    }
}

void app_init(struct app *app, const char *warning)
{
    uint8_t early[16];
    memset(app, 0, sizeof *app);
    text_init(&app->out, send);
    protocol_init(&app->in);
    app->warning = warning;
    app->engine_error = start_engine();
    app_start_learnt(app);
    place_inputs(app);
    app_count_first_values(app);
    /* What came before the parser was there gets no answer, as in MLPerf's reference. */
    while (port_read(early, sizeof early, 0) > 0) {
    }
    app_say(app, TINYSSL_ENERGY_MODE ? REPLY_MODE_ENERGY : REPLY_MODE_PERFORMANCE, NULL);
    command_timestamp(app, NULL);
    app_say(app, REPLY_INIT_DONE, NULL);
    ready(app);
}
