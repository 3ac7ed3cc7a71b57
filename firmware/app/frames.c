/* Commands that a frame of raw bytes may follow, and the inference that `run` asks for. */
#include <string.h>

#include "app.h"
#include "engine.h"
#include "port.h"

void app_run_once(struct app *app)
{
    if (!app_can_run(app)) {
        return;
    }
    app_load_input(app);
    port_write(NULL, 0);
    uint64_t start = port_ticks();
    bool done = app_invoke(app);
    uint64_t ticks = port_ticks() - start;
    if (!done) {
        return;
    }
    memcpy(app->result, engine_output(0), TINYSSL_OUTPUT_BYTES);
    app->has_result = true;
    app_open_sealed(app, SEALED_RUN);
    text_format(&app->out, "%u,", TEXT_FIELDS(TEXT_NUMBER(ticks)));
    text_hex(&app->out, app->result, TINYSSL_OUTPUT_BYTES);
    app_close_sealed(app);
}

static uint32_t tensor_bytes(const struct app_frame *frame)
{
    return engine_tensors.list[frame->tensor].bytes;
}

/* True when the bytes have a place: all of input 0, or a part of a tensor. */
static bool fits(const struct app_frame *frame, uint32_t size)
{
    if (frame->tensor == APP_NO_TENSOR) {
        return false;
    }
    const uint32_t bytes = tensor_bytes(frame);
    return frame->whole ? size == bytes : frame->offset <= bytes && size <= bytes - frame->offset;
}

/* Where the bytes go. */
static uint8_t *place(struct app *app)
{
    const uint32_t tensor = app->frame.tensor;
    uint8_t *data = tensor < TINYSSL_INPUT_COUNT ? app->wire[tensor] : engine_data(tensor);
    return data + app->frame.offset;
}

/* A frame without a place is taken, too, and refused afterwards: its bytes are no commands. */
static void expect_frame(struct app *app, uint32_t size)
{
    struct app_frame *frame = &app->frame;
    if (!fits(frame, size)) {
        protocol_expect(&app->in, NULL, 0, size);
        return;
    }
    frame->loaded = app->loaded[frame->tensor];
    app_begin_write(app, frame->tensor, frame->offset); /* until the CRC has proved the new bytes */
    protocol_expect(&app->in, place(app), size, size);
}

static void refuse(struct app *app, uint32_t size)
{
    const struct app_frame *frame = &app->frame;
    if (frame->tensor == APP_NO_TENSOR) {
        app_error(app, ERROR_FRAME_TENSOR, NULL);
    } else if (frame->whole) {
        app_error(app, ERROR_FRAME_SIZE,
                  TEXT_FIELDS(TEXT_NUMBER(size), TEXT_NUMBER(tensor_bytes(frame))));
    } else {
        app_error(app, ERROR_FRAME_RANGE,
                  TEXT_FIELDS(TEXT_NUMBER(size), TEXT_NUMBER(frame->offset),
                              TEXT_NUMBER(tensor_bytes(frame))));
    }
}

/* The bytes are right: they count, where nothing is missing in front of them. */
static void accept(struct app *app, uint32_t size)
{
    const struct app_frame *frame = &app->frame;
    const uint32_t end = frame->offset + size;
    if (frame->offset <= frame->loaded) {
        app->loaded[frame->tensor] = end > frame->loaded ? end : frame->loaded;
    }
    if (frame->tensor == 0 && !frame->whole && engine_info.input_is_uint8) {
        uint8_t *data = place(app); /* `set` sends int8, the wire's input 0 is kept as pixels */
        for (uint32_t i = 0; i < size; i++) {
            data[i] ^= 0x80u;
        }
    }
}

void app_frame_done(struct app *app)
{
    const struct protocol_frame *bytes = &app->in.frame;
    if (!fits(&app->frame, bytes->size)) {
        refuse(app, bytes->size);
    } else if (bytes->crc != app->frame.crc) {
        app_error(app, ERROR_FRAME_CRC,
                  TEXT_FIELDS(TEXT_NUMBER(bytes->crc), TEXT_NUMBER(app->frame.crc)));
    } else {
        accept(app, bytes->size);
        app_say(app, REPLY_LOAD_DONE, NULL);
        if (app->frame.run) {
            app_run_once(app);
        }
    }
}

void app_frame_cut(struct app *app)
{
    const struct protocol_frame *frame = &app->in.frame;
    app_error(app, ERROR_FRAME_CUT, TEXT_FIELDS(TEXT_NUMBER(frame->got), TEXT_NUMBER(frame->size)));
}

/* Reads `N CRC`, the end of a command that announces a frame. */
static bool read_size(struct app *app, const char *size, char **rest, uint32_t *bytes)
{
    const char *crc = protocol_word(rest);
    return size != NULL && crc != NULL && protocol_number(size, bytes) && *bytes > 0 &&
           protocol_hex(crc, &app->frame.crc);
}

/* All of input 0. */
static void expect_input(struct app *app, const char *command, const char *size, char *rest)
{
    uint32_t bytes = 0;
    app->frame.whole = true;
    app->frame.tensor = 0;
    app->frame.offset = 0;
    if (read_size(app, size, &rest, &bytes)) {
        expect_frame(app, bytes);
    } else {
        app_error(app, ERROR_FRAME_ARGUMENTS, TEXT_FIELDS(TEXT_STRING(command)));
    }
}

void command_bin(struct app *app, char *rest)
{
    app->frame.run = false;
    const char *size = protocol_word(&rest);
    expect_input(app, "bin", size, rest);
}

void command_run(struct app *app, char *rest)
{
    const char *size = protocol_word(&rest);
    if (size == NULL) {
        app_run_once(app);
    } else {
        app->frame.run = true;
        expect_input(app, "run", size, rest);
    }
}

/* A part of an input, parameter or state. */
void command_set(struct app *app, char *rest)
{
    uint32_t bytes = 0;
    const char *tensor = protocol_word(&rest);
    const char *offset = protocol_word(&rest);
    const char *size = protocol_word(&rest);
    app->frame.run = false;
    app->frame.whole = false;
    if (tensor == NULL || offset == NULL || !protocol_number(offset, &app->frame.offset) ||
        !read_size(app, size, &rest, &bytes)) {
        app_error(app, ERROR_SET_ARGUMENTS, NULL);
        return;
    }
    const uint32_t id = app_find_tensor(tensor);
    const bool writable =
        id != APP_NO_TENSOR && engine_tensors.list[id].kind != TINYSSL_KIND_OUTPUT;
    app->frame.tensor = writable ? id : APP_NO_TENSOR;
    expect_frame(app, bytes);
}
