#include "protocol.h"

#include <string.h>

#include "crc32.h"

void protocol_init(struct protocol *protocol)
{
    memset(protocol, 0, sizeof *protocol);
}

static enum protocol_event take_text(struct protocol *protocol, char byte)
{
    if (byte == '\r' || byte == '\n' || byte == '\0') {
        return PROTOCOL_MORE;
    }
    if (byte != '%') {
        /* One more than fits is remembered, not stored: that is what "too long" means. */
        if (protocol->length < PROTOCOL_LINE_BYTES) {
            protocol->line[protocol->length] = byte;
        }
        if (protocol->length <= PROTOCOL_LINE_BYTES) {
            protocol->length++;
        }
        return PROTOCOL_MORE;
    }
    bool fits = protocol->length <= PROTOCOL_LINE_BYTES;
    protocol->line[fits ? protocol->length : 0] = '\0';
    protocol->length = 0;
    return fits ? PROTOCOL_COMMAND : PROTOCOL_TOO_LONG;
}

static enum protocol_event take_raw(struct protocol *protocol, uint8_t byte)
{
    struct protocol_frame *frame = &protocol->frame;
    if (frame->got < frame->room) {
        frame->data[frame->got] = byte;
    }
    frame->crc = crc32_add(frame->crc, &byte, 1);
    frame->got++;
    protocol->in_frame = frame->got < frame->size;
    return protocol->in_frame ? PROTOCOL_MORE : PROTOCOL_FRAME;
}

enum protocol_event protocol_byte(struct protocol *protocol, uint8_t byte)
{
    return protocol->in_frame ? take_raw(protocol, byte) : take_text(protocol, (char)byte);
}

void protocol_expect(struct protocol *protocol, uint8_t *data, uint32_t room, uint32_t size)
{
    protocol->frame = (struct protocol_frame){.data = data, .room = room, .size = size};
    protocol->in_frame = size > 0;
}

bool protocol_give_up(struct protocol *protocol)
{
    bool unfinished = protocol->in_frame;
    protocol->in_frame = false;
    return unfinished;
}

char *protocol_word(char **rest)
{
    char *word = *rest + strspn(*rest, " ");
    if (*word == '\0') {
        return NULL;
    }
    char *end = word + strcspn(word, " ");
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

bool protocol_number(const char *word, uint32_t *number)
{
    uint64_t value = 0;
    const char *digit = word;
    for (; *digit >= '0' && *digit <= '9' && value <= UINT32_MAX; digit++) {
        value = value * 10u + (uint64_t)(*digit - '0');
    }
    *number = (uint32_t)value;
    return digit != word && *digit == '\0' && value <= UINT32_MAX;
}

int protocol_digit(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    char lower = (char)(character | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool protocol_hex(const char *word, uint32_t *number)
{
    size_t length = strlen(word);
    *number = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = protocol_digit(word[i]);
        if (digit < 0) {
            return false;
        }
        *number = (*number << 4) | (uint32_t)digit;
    }
    return length == 8;
}
