#include "text.h"

#include <string.h>

#include "crc32.h"

static void hand_over(struct text *text)
{
    if (text->used > 0) {
        text->write(text->buffer, text->used);
        text->used = 0;
    }
}

static void append(struct text *text, const char *data, size_t size)
{
    text->crc = crc32_add(text->crc, (const uint8_t *)data, size);
    for (size_t i = 0; i < size; i++) {
        if (text->used == sizeof text->buffer) {
            hand_over(text);
        }
        text->buffer[text->used++] = (uint8_t)data[i];
    }
}

void text_init(struct text *text, text_write *write)
{
    memset(text, 0, sizeof *text);
    text->write = write;
}

void text_string(struct text *text, const char *string)
{
    append(text, string, strlen(string));
}

void text_number(struct text *text, uint64_t number)
{
    char digits[20]; /* 2^64 has 20 */
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + number % 10u);
        number /= 10u;
    } while (number > 0);
    append(text, digits + first, sizeof digits - first);
}

void text_milli(struct text *text, int64_t milli)
{
    uint64_t size = milli < 0 ? 0u - (uint64_t)milli : (uint64_t)milli;
    uint32_t fraction = (uint32_t)(size % 1000u);
    char digits[4] = {'.', (char)('0' + fraction / 100u), (char)('0' + fraction / 10u % 10u),
                      (char)('0' + fraction % 10u)};
    if (milli < 0) {
        append(text, "-", 1);
    }
    text_number(text, size / 1000u);
    append(text, digits, sizeof digits);
}

void text_hex(struct text *text, const uint8_t *data, size_t size)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        char pair[2] = {digit[data[i] >> 4], digit[data[i] & 15u]};
        append(text, pair, sizeof pair);
    }
}

static void append_field(struct text *text, char kind, const struct text_field *field)
{
    if (kind == 's') {
        text_string(text, field->string);
    } else if (kind == 'u') {
        text_number(text, field->number);
    } else {
        uint32_t number = (uint32_t)field->number;
        uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                            (uint8_t)(number >> 8), (uint8_t)number};
        text_hex(text, bytes, sizeof bytes);
    }
}

void text_format(struct text *text, const char *format, const struct text_field *fields)
{
    while (*format != '\0') {
        size_t plain = strcspn(format, "%");
        append(text, format, plain);
        format += plain;
        if (*format == '%') {
            append_field(text, format[1], fields++);
            format += 2;
        }
    }
}

void text_end(struct text *text)
{
    append(text, "\r\n", 2);
    hand_over(text);
    text->crc = 0;
}
