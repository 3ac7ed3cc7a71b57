/* Start, then answer the host for ever. */
#include "app.h"
#include "port.h"

static struct app app;

int main(void)
{
    uint8_t data[64];
    app_init(&app, port_init());
    for (;;) {
        size_t size = port_read(data, sizeof data, PROTOCOL_FRAME_GAP_MS * 1000u);
        port_watchdog_feed();
        if (size > 0) {
            app_receive(&app, data, size);
        } else {
            app_idle(&app);
        }
    }
}
