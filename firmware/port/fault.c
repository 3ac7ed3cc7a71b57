#include "fault.h"

#include <stdbool.h>
#include <stddef.h>

#include "port.h"

static bool heard; /* false from the first byte on that the line does not take */

static void say(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    heard = heard && port_write((const uint8_t *)text, length);
}

void fault_begin(void)
{
    heard = true;
    say("\r\ne-[fault"); /* a reply may have been under way */
}

void fault_value(const char *key, uint32_t value)
{
    char text[] = "=0x........";
    for (int digit = 0; digit < 8; digit++) {
        text[3 + digit] = "0123456789abcdef"[(value >> (28 - 4 * digit)) & 0xFu];
    }
    say(" ");
    say(key);
    say(text);
}

void fault_text(const char *name)
{
    say(" ");
    say(name);
}

void fault_bits(const struct fault_name *names, uint32_t count, uint32_t value)
{
    for (uint32_t i = 0; i < count; i++) {
        if (value & (1u << names[i].bit)) {
            fault_text(names[i].name);
        }
    }
}

void fault_end(enum restart_reason reason)
{
    say("]\r\n");
    if (heard) {
        port_write(NULL, 0);
    }
    restart_note(reason);
    port_reset();
    for (;;) {
    }
}
