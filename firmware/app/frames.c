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

/* True for what must stay as it is until the CRC has proved the new bytes. */
static bool is_lasting(const struct app_frame *frame)
{
    const uint8_t kind = engine_tensors.list[frame->tensor].kind;
    return kind == TINYSSL_KIND_PARAMETER || kind == TINYSSL_KIND_STATE;
}

static bool is_real_parameter(const struct app_frame *frame)
{
    const struct tinyssl_tensor *tensor = &engine_tensors.list[frame->tensor];
    return tensor->kind == TINYSSL_KIND_PARAMETER && tensor->type == TINYSSL_TYPE_FLOAT32;
}

/* Why bytes have no place: all of input 0, or a part of a tensor have one. */
enum problem { FINE, NO_LEARNING, NO_TENSOR, SIZE, RANGE, ELEMENTS, ROOM };

static enum problem find_problem(struct app *app, uint32_t size)
{
    const struct app_frame *frame = &app->frame;
    uint32_t room = 0;
    if (frame->tensor == APP_NO_LEARNING || frame->tensor == APP_NO_TENSOR) {
        return frame->tensor == APP_NO_TENSOR ? NO_TENSOR : NO_LEARNING;
    }
    const uint32_t bytes = engine_tensors.list[frame->tensor].bytes;
    if (frame->whole) {
        return size == bytes ? FINE : SIZE;
    }
    if (frame->offset > bytes || size > bytes - frame->offset) {
        return RANGE;
    }
    if (is_real_parameter(frame) && (frame->offset | size) % sizeof(float) != 0) {
        return ELEMENTS;
    }
    (void)app_frame_room(app, &room);
    return is_lasting(frame) && size > room ? ROOM : FINE;
}

/* Where the bytes belong. */
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
    uint32_t room = 0;
    frame->samples = false;
    if (find_problem(app, size) != FINE) {
        protocol_expect(&app->in, NULL, 0, size);
        return;
    }
    frame->loaded = app->loaded[frame->tensor];
    if (is_lasting(frame)) {
        protocol_expect(&app->in, app_frame_room(app, &room), size, size);
    } else {
        app_begin_write(app, frame->tensor, frame->offset); /* until the CRC has proved them */
        protocol_expect(&app->in, place(app), size, size);
    }
}

static void refuse(struct app *app, enum problem problem, uint32_t size)
{
    static const char *const texts[] = {
        [NO_LEARNING] = ERROR_FRAME_LEARNING,
        [NO_TENSOR] = ERROR_FRAME_TENSOR,
        [SIZE] = ERROR_FRAME_SIZE,
        [RANGE] = ERROR_FRAME_RANGE,
        [ELEMENTS] = ERROR_FRAME_ELEMENTS,
        [ROOM] = ERROR_FRAME_ROOM,
    };
    const struct app_frame *frame = &app->frame;
    uint32_t limit = 0;
    if (problem == ROOM) {
        (void)app_frame_room(app, &limit);
    } else if (problem == ELEMENTS) {
        limit = sizeof(float);
    } else if (problem == SIZE || problem == RANGE) {
        limit = engine_tensors.list[frame->tensor].bytes;
    }
    if (problem == RANGE || problem == ELEMENTS) {
        app_error(app, texts[problem],
                  TEXT_FIELDS(TEXT_NUMBER(size), TEXT_NUMBER(frame->offset), TEXT_NUMBER(limit)));
    } else {
        app_error(app, texts[problem], TEXT_FIELDS(TEXT_NUMBER(size), TEXT_NUMBER(limit)));
    }
}

/* True when these bytes are float32 elements and one of them is no finite number. */
static bool has_no_number(const uint8_t *data, uint32_t size)
{
    static const uint32_t exponent = 0x7F800000u;
    uint32_t bits = 0;
    for (uint32_t i = 0; i < size; i += (uint32_t)sizeof bits) {
        memcpy(&bits, data + i, sizeof bits);
        if ((bits & exponent) == exponent) {
            return true;
        }
    }
    return false;
}

/* Parameters and states: the bytes are right and take the place of the old ones. */
static bool accept_lasting(struct app *app, uint32_t size)
{
    const uint32_t tensor = app->frame.tensor;
    const uint8_t *data = app->in.frame.data;
    if (is_real_parameter(&app->frame) && has_no_number(data, size)) {
        app_error(app, ERROR_NOT_FINITE, TEXT_FIELDS(TEXT_NUMBER(tensor)));
        return false;
    }
    memcpy(place(app), data, size);
    app_parameters_changed(app, tensor);
    return true;
}

/* Inputs and targets: the bytes are where they belong, and count where none in front is missing. */
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

bool app_check_crc(struct app *app)
{
    const uint32_t found = app->in.frame.crc;
    if (found != app->frame.crc) {
        app_error(app, ERROR_FRAME_CRC,
                  TEXT_FIELDS(TEXT_NUMBER(found), TEXT_NUMBER(app->frame.crc)));
    }
    return found == app->frame.crc;
}

void app_frame_done(struct app *app)
{
    const uint32_t size = app->in.frame.size;
    const enum problem problem = find_problem(app, size);
    if (problem != FINE) {
        refuse(app, problem, size);
        return;
    }
    if (!app_check_crc(app)) {
        return;
    }
    if (!is_lasting(&app->frame)) {
        accept(app, size);
    } else if (!accept_lasting(app, size)) {
        return;
    }
    app_say(app, REPLY_LOAD_DONE, NULL);
    if (app->frame.run) {
        app_run_once(app);
    }
}

void app_refuse_samples(struct app *app, uint32_t size)
{
    app->frame.run = false;
    app->frame.tensor = APP_NO_LEARNING;
    expect_frame(app, size);
}

void app_frame_cut(struct app *app)
{
    const struct protocol_frame *frame = &app->in.frame;
    app_error(app, ERROR_FRAME_CUT, TEXT_FIELDS(TEXT_NUMBER(frame->got), TEXT_NUMBER(frame->size)));
}

bool app_read_size(struct app *app, const char *size, char **rest, uint32_t *bytes)
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
    if (app_read_size(app, size, &rest, &bytes)) {
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
        !app_read_size(app, size, &rest, &bytes)) {
        app_error(app, ERROR_SET_ARGUMENTS, NULL);
        return;
    }
    const uint32_t id = app_find_tensor(tensor);
    const bool writable =
        id != APP_NO_TENSOR && engine_tensors.list[id].kind != TINYSSL_KIND_OUTPUT;
    app->frame.tensor = writable ? id : APP_NO_TENSOR;
    expect_frame(app, bytes);
}
