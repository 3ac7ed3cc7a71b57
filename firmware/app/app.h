/* The application: answers commands about one engine on one board.
 *
 * Includes the generated tinyssl_build.h, which defines
 *   TINYSSL_VERSION, TINYSSL_BOARD, TINYSSL_BUILD_ID, TINYSSL_TICK_UNIT   strings
 *   TINYSSL_CLOCK_HZ, TINYSSL_INPUT_BYTES, TINYSSL_OUTPUT_BYTES, TINYSSL_OP_COUNT   numbers
 *   TINYSSL_KEEP_INPUT   1: every inference starts from a copy of the input; 0: the same where the RAM
 *                        that nothing uses has room for it, else the input is received where the
 *                        engine reads it, and serves one inference; default 1
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

#ifndef TINYSSL_ENERGY_MODE
#define TINYSSL_ENERGY_MODE 0
#endif

#ifndef TINYSSL_KEEP_INPUT
#define TINYSSL_KEEP_INPUT 1
#endif

struct app {
    struct text out;
    struct protocol in;

#if TINYSSL_KEEP_INPUT
    /* The input as it came over the wire. The engine may overwrite its own input while it runs, so
     * every inference starts from this copy; it costs TINYSSL_INPUT_BYTES of RAM. */
    uint8_t copy[TINYSSL_INPUT_BYTES];
#endif
    uint8_t *wire;      /* where the input is received: `copy`, spare RAM, or the engine's input */
    uint32_t expected; /* bytes that `db load` announced; 0: none */
    uint32_t loaded;   /* bytes of `wire` that are valid */

    bool run_frame;     /* an inference follows the frame */
    uint32_t frame_crc; /* as announced */

    int8_t result[TINYSSL_OUTPUT_BYTES];
    bool has_result;

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

/* True when the engine runs and the input is whole; else the reply says what is missing. */
bool app_can_run(struct app *app);

/* True when the input outlives an inference; else it has to be sent again for the next. */
bool app_keeps_input(const struct app *app);

/* Brings the wire's input to the engine: uint8 pixels become q = u - 128. */
void app_load_input(struct app *app);

/* One inference on the engine's input; false where it failed, which the reply then says. */
bool app_invoke(struct app *app);

/* Microseconds of a tick count, 64 bit. */
uint64_t app_microseconds(uint64_t ticks);

/* Handlers, one a command: command_name(), … `rest` is what stands after the name. */
typedef void app_command(struct app *app, char *rest);
#define APP_DECLARE(key, usage, help) app_command command_##key;
PROTOCOL_COMMANDS(APP_DECLARE)

/* What follows the frame of `bin` or `run`. */
void app_frame_done(struct app *app);
void app_frame_cut(struct app *app);

#endif
