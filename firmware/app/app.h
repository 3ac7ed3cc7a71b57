/* The application: answers commands about one engine on one board.
 *
 * Includes the generated tinyssl_build.h, which defines
 *   TINYSSL_VERSION, TINYSSL_BOARD, TINYSSL_BUILD_ID, TINYSSL_TICK_UNIT   strings
 *   TINYSSL_CLOCK_HZ, TINYSSL_OP_COUNT   numbers
 *   TINYSSL_INPUT_COUNT, TINYSSL_TENSOR_COUNT   of the model's named tensors
 *   TINYSSL_INPUT_BYTES, TINYSSL_OUTPUT_BYTES   of input 0 and output 0, which MLPerf's commands use
 *   TINYSSL_INPUTS_BYTES   of all inputs together
 *   TINYSSL_KEEP_INPUT   1: every inference starts from a copy of the inputs; 0: the same where the RAM
 *                        that nothing uses has room for it, else the inputs are received where the
 *                        engine reads them, and serve one inference; default 1
 *   TINYSSL_TRAINS   1: the engine has a training step; default 0
 *   TINYSSL_ENERGY_MODE   1: time stamps are pulses on a pin (port_pulse()); default 0
 * and reads from the linker, where the linker script gives them, the addresses of the symbols
 *   tinyssl_flash_used, tinyssl_ram_used   bytes; absent (a native build): 0, "unknown"
 *   tinyssl_spare_start, tinyssl_spare_end   RAM that nothing uses; absent: there is none
 */
#ifndef TINYSSL_APP_H
#define TINYSSL_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"
#include "text.h"
#include "tinyssl_build.h"

#include "learner.h"

#ifndef TINYSSL_ENERGY_MODE
#define TINYSSL_ENERGY_MODE 0
#endif

#ifndef TINYSSL_KEEP_INPUT
#define TINYSSL_KEEP_INPUT 1
#endif

#ifndef TINYSSL_TRAINS
#define TINYSSL_TRAINS 0
#endif

#define APP_NO_TENSOR UINT32_MAX
#define APP_NO_LEARNING (UINT32_MAX - 1u) /* in place of a tensor: a frame that nothing takes */

struct app {
    struct text out;
    struct protocol in;

#if TINYSSL_KEEP_INPUT
    /* The inputs as they came over the wire. The engine may overwrite its own while it runs, so every
     * inference starts from this copy; it costs TINYSSL_INPUTS_BYTES of RAM. */
    uint8_t copy[TINYSSL_INPUTS_BYTES];
#endif
    /* Where each input is received: in `copy`, in spare RAM, or where the engine reads it. */
    uint8_t *wire[TINYSSL_INPUT_COUNT];
    uint32_t expected;                     /* bytes that `db load` announced; 0: none */
    uint32_t loaded[TINYSSL_TENSOR_COUNT]; /* bytes of each tensor that are valid, from its start */

    struct app_frame {
        bool run;        /* an inference follows */
        bool whole;      /* of `bin` or `run`: all of input 0 */
        bool samples;    /* of `learn batch`, `eval` or `keep` */
        uint32_t crc;    /* as announced */
        uint32_t tensor; /* id; APP_NO_TENSOR: refused */
        uint32_t offset;
        uint32_t loaded; /* bytes of the tensor that were valid before */
#if TINYSSL_TRAINS
        const struct learning_frame *command; /* of samples; see learning_samples.c */
        uint32_t number, count;
#endif
    } frame;

    uint8_t result[TINYSSL_OUTPUT_BYTES]; /* output 0 */
    bool has_result;
    bool has_outputs; /* those of the last inference are still where the engine wrote them */

#if TINYSSL_TRAINS
    struct learning learning;
#endif

    uint32_t op_ticks[TINYSSL_OP_COUNT];
    uint64_t op_start;

    const char *warning;      /* of port_init(), or NULL */
    const char *engine_error; /* why nothing can run, or NULL */
};

/* Starts engine and protocol and sends the boot banner; `warning` is port_init()'s. */
void app_init(struct app *app, const char *warning);

/* Answers all that `data` completes. */
void app_receive(struct app *app, const uint8_t *data, size_t size);

/* Nothing came for PROTOCOL_FRAME_GAP_MS: gives an unfinished frame up. */
void app_idle(struct app *app);

/* For the files of this folder. */

/* One reply line. */
void app_say(struct app *app, const char *format, const struct text_field *fields);

/* The line `e-[…]`. */
void app_error(struct app *app, const char *format, const struct text_field *fields);

/* Error that quotes what the host sent: characters that could end the line early, or look like
 * m-ready, become `?`. */
void app_error_quote(struct app *app, const char *format, const char *word);

/* A sealed line: `key`, the values, and the CRC-32 of the line. */
void app_say_sealed(struct app *app, const char *key, const char *format,
                    const struct text_field *fields);

/* Opens a sealed line whose values are longer than a format can tell, and closes it. */
void app_open_sealed(struct app *app, const char *key);
void app_close_sealed(struct app *app);

/* True when the engine runs and all that it reads is whole; else the reply says what is missing. */
bool app_can_run(struct app *app);

/* True when the inputs outlive an inference; else they have to be sent again for the next. */
bool app_keeps_input(const struct app *app);

/* Brings the wire's inputs to the engine: uint8 pixels of input 0 become q = u - 128. */
void app_load_input(struct app *app);

/* Id of the tensor with this number or name; APP_NO_TENSOR: there is none. */
uint32_t app_find_tensor(const char *word);

/* "int8" and 1 for TINYSSL_TYPE_INT8 */
const char *app_type_name(uint8_t type);
uint32_t app_type_bytes(uint8_t type);

/* Parameters and states are whole: they have their first values. Inputs and targets are to come. */
void app_count_first_values(struct app *app);

/* RAM that nothing uses; 0 bytes: there is none. */
uint8_t *app_spare(uint32_t *bytes);

/* Where a frame waits until its CRC has proved it, and for how many bytes. */
uint8_t *app_frame_room(struct app *app, uint32_t *bytes);

/* Reads `N CRC`, the end of a command that announces a frame. */
bool app_read_size(struct app *app, const char *size, char **rest, uint32_t *bytes);

/* True when the frame has the CRC that was announced; else the reply says so. */
bool app_check_crc(struct app *app);

/* A frame of samples that nothing takes: its bytes are no commands. */
void app_refuse_samples(struct app *app, uint32_t size);

/* `learn batch`, `eval` and `keep` with their frame: true when `word` is one of them, and is answered. */
bool app_expect_samples(struct app *app, const char *word, char *rest);

/* Their frame has come. */
void app_samples_done(struct app *app);

/* Bytes of a parameter or a state were written. */
void app_parameters_changed(struct app *app, uint32_t tensor);

/* What was learnt, to flash, from flash, and away from there; each with its reply. */
void app_save_learnt(struct app *app);
void app_load_learnt(struct app *app);
void app_forget_learnt(struct app *app);

/* What the flash holds of it. */
void app_say_store(struct app *app);

/* At start: what was learnt and saved, in place of the first values. */
void app_start_learnt(struct app *app);

/* Writes to a tensor begin at `offset`: what lay behind it no longer counts. */
void app_begin_write(struct app *app, uint32_t tensor, uint32_t offset);

/* One inference on the wire's inputs: ticks, and output 0 as it is. */
void app_run_once(struct app *app);

/* One inference on the engine's inputs; false where it failed, which the reply then says. */
bool app_invoke(struct app *app);

/* Microseconds of a tick count, 64 bit. */
uint64_t app_microseconds(uint64_t ticks);

/* Handlers, one a command: command_name(), … `rest` is what stands after the name. */
typedef void app_command(struct app *app, char *rest);
#define APP_DECLARE(key, usage, help) app_command command_##key;
PROTOCOL_COMMANDS(APP_DECLARE)

/* What follows the frame of `bin`, `run` or `set`. */
void app_frame_done(struct app *app);
void app_frame_cut(struct app *app);

#endif
