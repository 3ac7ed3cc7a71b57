/* RAM that nothing uses: for inputs that are kept, and for frames until their CRC has proved them. */
#include "app.h"

#ifdef TINYSSL_SPARE_BYTES
/* Of a native build, which has no linker script of ours. */
static uint8_t spare[TINYSSL_SPARE_BYTES];
#define SPARE_START spare
#define SPARE_END (spare + sizeof spare)
#else
/* The linker script's, in the region of the arena. Weak: a native build has none. */
extern uint8_t tinyssl_spare_start[] __attribute__((weak));
extern uint8_t tinyssl_spare_end[] __attribute__((weak));
#define SPARE_START tinyssl_spare_start
#define SPARE_END tinyssl_spare_end
#endif

uint8_t *app_spare(uint32_t *bytes)
{
    *bytes = (uint32_t)((uintptr_t)SPARE_END - (uintptr_t)SPARE_START);
    return SPARE_START;
}

uint8_t *app_frame_room(struct app *app, uint32_t *bytes)
{
    uint8_t *room = app_spare(bytes);
    if (app->wire[0] == room && *bytes > 0) {
        room += TINYSSL_INPUTS_BYTES;
        *bytes -= TINYSSL_INPUTS_BYTES;
    }
    if (*bytes > PROTOCOL_LINE_BYTES) {
        return room;
    }
    *bytes = PROTOCOL_LINE_BYTES; /* of the command that announced the frame, which was read */
    return (uint8_t *)app->in.line;
}
