#include "restart.h"

#include <stdint.h>
#include <string.h>

#include "port.h"

enum { WORDS = 2 };      /* the note, and its complement: memory after power-on holds anything */
#define MARK 0x7A11D000u /* with the reason in the lowest byte */

/* The port's own, where the chip has a register or a watchdog. */
#define DEFAULT __attribute__((weak))

extern volatile uint32_t tinyssl_restart_note[WORDS]; /* of the linker script */

static const char *cause = "unknown";

static void write_note(enum restart_reason reason)
{
    tinyssl_restart_note[0] = MARK | (uint32_t)reason;
    tinyssl_restart_note[1] = ~(MARK | (uint32_t)reason);
}

void restart_note(enum restart_reason reason)
{
    if (tinyssl_restart_note[0] == (MARK | RESTART_EXTERNAL)) {
        write_note(reason);
    }
}

void restart_begin(void)
{
    static const char *const words[] = {"external", "software", "fault", "watchdog"};
    const uint32_t note = tinyssl_restart_note[0];
    const uint32_t reason = note - MARK;
    const int valid = note == ~tinyssl_restart_note[1] && reason < sizeof words / sizeof words[0];
    cause = valid ? words[reason] : "power-on";
    write_note(RESTART_EXTERNAL);
}

const char *restart_cause(void)
{
    return cause;
}

const char *restart_by_software(void)
{
    return strcmp(cause, "fault") == 0 ? cause : "software";
}

DEFAULT const char *port_reset_cause(void)
{
    return restart_cause();
}

DEFAULT uint32_t port_watchdog(uint32_t milliseconds)
{
    (void)milliseconds;
    return 0;
}

DEFAULT void port_watchdog_feed(void)
{
}
