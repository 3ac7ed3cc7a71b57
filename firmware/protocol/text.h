/* Lines of text without stdio: buffered, and with the CRC-32 of the line so far. */
#ifndef TINYSSL_TEXT_H
#define TINYSSL_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Takes `size` bytes for the line to the host. */
typedef void text_write(const uint8_t *data, size_t size);

struct text {
    text_write *write;
    uint32_t crc; /* of the line so far */
    uint32_t used;
    uint8_t buffer[64];
};

/* What stands in the place of a placeholder of text_format(). */
struct text_field {
    const char *string; /* %s */
    uint64_t number;    /* %u decimal, %x the lower 32 bits as eight hex digits */
};

#define TEXT_STRING(value)                                                                         \
    {                                                                                              \
        .string = (value)                                                                          \
    }
#define TEXT_NUMBER(value)                                                                         \
    {                                                                                              \
        .number = (value)                                                                          \
    }
#define TEXT_FIELDS(...) ((const struct text_field[]){__VA_ARGS__})

void text_init(struct text *text, text_write *write);
void text_string(struct text *text, const char *string);
void text_number(struct text *text, uint64_t number);

/* Thousandths as a decimal fraction: -1500 gives "-1.500". */
void text_milli(struct text *text, int64_t milli);

/* Two lower-case digits a byte. */
void text_hex(struct text *text, const uint8_t *data, size_t size);

/* `format` with its placeholders %s, %u and %x replaced, in order; `fields` has one for each. */
void text_format(struct text *text, const char *format, const struct text_field *fields);

/* Ends the line with CR LF and hands it over. */
void text_end(struct text *text);

#endif
