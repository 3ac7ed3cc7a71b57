/* From received bytes to commands and frames. No hardware, no output: the caller reads bytes, and
 * answers events.
 *
 * A command is text up to `%`; CR, LF and NUL, which a person's terminal may send, are left out. A
 * frame is a number of raw bytes that a command announced: the caller asks for it with
 * protocol_expect(). A frame that never ends is the caller's to give up, after
 * PROTOCOL_FRAME_GAP_MS without a byte (protocol_give_up()).
 */
#ifndef TINYSSL_PROTOCOL_H
#define TINYSSL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "words.h"

enum protocol_event {
    PROTOCOL_MORE,     /* nothing complete yet */
    PROTOCOL_COMMAND,  /* `line` holds a command, without its %, ended by NUL */
    PROTOCOL_TOO_LONG, /* a command passed PROTOCOL_LINE_BYTES; it was dropped up to its % */
    PROTOCOL_FRAME     /* the last byte of the frame has come */
};

struct protocol_frame {
    uint8_t *data;
    uint32_t room; /* bytes of `data`; those beyond are counted and dropped */
    uint32_t size; /* announced */
    uint32_t got;
    uint32_t crc; /* of the bytes so far */
};

struct protocol {
    char line[PROTOCOL_LINE_BYTES + 1u];
    uint32_t length;
    bool in_frame;
    struct protocol_frame frame;
};

void protocol_init(struct protocol *protocol);

/* Takes one byte. */
enum protocol_event protocol_byte(struct protocol *protocol, uint8_t byte);

/* The next `size` (> 0) bytes are a frame; at most `room` of them go to `data`. */
void protocol_expect(struct protocol *protocol, uint8_t *data, uint32_t room, uint32_t size);

/* Ends an unfinished frame: `frame.got` tells how much of it came. False: there is none. */
bool protocol_give_up(struct protocol *protocol);

/* Cuts the next word off a command: NULL when there is none. `*rest` starts as the whole line. */
char *protocol_word(char **rest);

/* Reads a whole word as a decimal number; false where it is none or is 2^32 or more. */
bool protocol_number(const char *word, uint32_t *number);

/* Reads a whole word as exactly eight hex digits: a lost one must not pass. */
bool protocol_hex(const char *word, uint32_t *number);

/* Value of a hex digit, or -1. */
int protocol_digit(char character);

#endif
