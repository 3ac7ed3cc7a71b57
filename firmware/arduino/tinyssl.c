/* The loop of main.c, a turn at a time. */
#include "tinyssl.h"

#include "tinyssl/app.h"
#include "tinyssl/port.h"

static struct app app;
static uint64_t last; /* when a byte came, or an unfinished frame was given up */

void tinyssl_begin(void)
{
    app_init(&app, port_init());
    last = port_ticks();
}

void tinyssl_poll(void)
{
    uint8_t data[64];
    const size_t size = port_read(data, sizeof data, 0);
    port_watchdog_feed();
    if (size > 0) {
        app_receive(&app, data, size);
        last = port_ticks();
    } else if (app_microseconds(port_ticks() - last) >= PROTOCOL_FRAME_GAP_MS * 1000u) {
        app_idle(&app);
        last = port_ticks();
    }
}
