#include "startup.h"

#include "port.h"
#include "restart.h"

#define PAINT 0xC5C5C5C5u

struct copy {
    const uint32_t *from;
    uint32_t *to;
    uint32_t *end;
};

struct zero {
    uint32_t *start;
    uint32_t *end;
};

extern const struct copy tinyssl_copy_start[], tinyssl_copy_end[];
extern const struct zero tinyssl_zero_start[], tinyssl_zero_end[];
extern void (*const __init_array_start[])(void), (*const __init_array_end[])(void);

int main(void);

static void paint_stack(void)
{
    const uint32_t *here = __builtin_frame_address(0);
    for (uint32_t *word = tinyssl_stack_bottom; word < here - 32; word++) {
        *(volatile uint32_t *)word = PAINT;
    }
}

void start_program(void)
{
    paint_stack();
    for (const struct copy *part = tinyssl_copy_start; part < tinyssl_copy_end; part++) {
        const uint32_t *from = part->from;
        for (uint32_t *to = part->to; to < part->end; to++) {
            *(volatile uint32_t *)to = *from++;
        }
    }
    for (const struct zero *part = tinyssl_zero_start; part < tinyssl_zero_end; part++) {
        for (uint32_t *to = part->start; to < part->end; to++) {
            *(volatile uint32_t *)to = 0;
        }
    }
    restart_begin();
    for (void (*const *constructor)(void) = __init_array_start; constructor < __init_array_end;
         constructor++) {
        (*constructor)();
    }
    main();
    port_reset();
    for (;;) {
    }
}

void port_stack(uint32_t *used, uint32_t *size)
{
    const volatile uint32_t *word = tinyssl_stack_bottom;
    while (word < tinyssl_stack_top && *word == PAINT) {
        word++;
    }
    *used = (uint32_t)((uintptr_t)tinyssl_stack_top - (uintptr_t)word);
    *size = (uint32_t)((uintptr_t)tinyssl_stack_top - (uintptr_t)tinyssl_stack_bottom);
}
