/* Bare program of the engine comparison: start-up, one engine behind engine.h, SysTick, semihosting.
 *
 * The same for every engine. Inputs are drawn by a generator, so that no test data lie in flash, and
 * written before each inference, as an engine may overwrite its input. SysTick counts down 24 bits at
 * the core's clock; under QEMU's `-icount shift=0` an instruction takes one nanosecond. */
#include <stddef.h>
#include <stdint.h>

#include "ends.h"
#include "engine.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define SCB_CPACR REGISTER(0xE000ED88u)

enum { SYST_ENABLE = 1, SYST_CORE_CLOCK = 4, SYST_MAX = 0xFFFFFF };
enum { SEMIHOSTING_WRITE0 = 0x04, SEMIHOSTING_EXIT_EXTENDED = 0x20, EXIT_OK = 0x20026 };
enum { INFERENCES = 3 };

static const uint32_t paint = 0xC5C5C5C5u;

struct copy {
    const uint32_t *from;
    uint32_t *to, *end;
};
struct zero {
    uint32_t *start, *end;
};
extern const struct copy tinyssl_copy_start[], tinyssl_copy_end[];
extern const struct zero tinyssl_zero_start[], tinyssl_zero_end[];
extern uint32_t tinyssl_stack_bottom[], tinyssl_stack_top[];
extern void (*const __init_array_start[])(void), (*const __init_array_end[])(void);

void reset_handler(void);
static void fault(void);

static const union {
    void *stack;
    void (*handler)(void);
} vectors[16] __attribute__((section(".vectors"), used)) = {
    {.stack = tinyssl_stack_top}, {.handler = reset_handler}, {.handler = fault},
    {.handler = fault},             {.handler = fault},         {.handler = fault},
    {.handler = fault},
};

static void semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void put(const char *text)
{
    semihosting(SEMIHOSTING_WRITE0, text);
}

static void put_number(const char *name, uint32_t value)
{
    char text[12];
    char *digit = text + sizeof text;
    *--digit = '\0';
    do {
        *--digit = (char)('0' + value % 10u);
        value /= 10u;
    } while (value);
    put(name);
    put(" ");
    put(digit);
    put("\n");
}

__attribute__((noreturn)) static void leave(uint32_t code)
{
    const uint32_t reason[2] = {EXIT_OK, code};
    for (;;) {
        semihosting(SEMIHOSTING_EXIT_EXTENDED, reason);
    }
}

static void fault(void)
{
    put("error fault\n");
    leave(1);
}

/* Before the first call: the part of the stack below this function's frame. */
static void paint_stack(void)
{
    const uint32_t *here = __builtin_frame_address(0);
    for (volatile uint32_t *word = tinyssl_stack_bottom; word < here - 32; word++) {
        *word = paint;
    }
}

static uint32_t stack_used(void)
{
    const volatile uint32_t *word = tinyssl_stack_bottom;
    while (word < tinyssl_stack_top && *word == paint) {
        word++;
    }
    return (uint32_t)((uintptr_t)tinyssl_stack_top - (uintptr_t)word);
}

static void fill_inputs(void)
{
    uint32_t state = 1;
    for (uint32_t number = 0; number < sizeof inputs / sizeof *inputs; number++) {
        uint8_t *input = engine_input(number);
        for (uint32_t i = 0; i < inputs[number]; i++) {
            state = state * 1664525u + 1013904223u; /* Numerical Recipes, ch. 7.1 */
            input[i] = (uint8_t)(state >> 24);
        }
    }
}

static void put_outputs(void)
{
    for (uint32_t number = 0; number < sizeof outputs / sizeof *outputs; number++) {
        const uint8_t *output = engine_output(number);
        for (uint32_t i = 0; i < outputs[number]; i++) {
            put_number("output", output[i]);
        }
    }
}

static uint32_t operator_start;

static void after_operator(void *context, uint32_t index)
{
    const uint32_t now = SYST_CVR;
    (void)context;
    (void)index;
    put_number("operator", (operator_start - now) & SYST_MAX);
    operator_start = SYST_CVR;
}

static void run(void)
{
    for (int i = 0; i < INFERENCES; i++) {
        fill_inputs();
        const uint32_t start = SYST_CVR;
        const int error = engine_invoke(NULL, NULL);
        const uint32_t end = SYST_CVR;
        if (error) {
            put_number("error", (uint32_t)error);
            leave(1);
        }
        put_number("inference", (start - end) & SYST_MAX);
    }
    put_number("stack", stack_used());
    put_outputs();
    fill_inputs();
    operator_start = SYST_CVR;
    (void)engine_invoke(after_operator, NULL);
}

int main(void);
int main(void)
{
    const char *error = engine_init();
    if (error) {
        put("error ");
        put(error);
        put("\n");
        leave(1);
    }
    put_number("arena", engine_arena_used());
    SYST_RVR = SYST_MAX;
    SYST_CVR = 0;
    SYST_CSR = SYST_ENABLE | SYST_CORE_CLOCK;
    run();
    put("done\n");
    leave(0);
}

__attribute__((noreturn)) void reset_handler(void)
{
    SCB_CPACR |= 0xFu << 20; /* floating point and MVE, before any code that uses their registers */
    __asm__ volatile("dsb\n\tisb");
    paint_stack();
    for (const struct copy *part = tinyssl_copy_start; part < tinyssl_copy_end; part++) {
        const uint32_t *from = part->from;
        for (volatile uint32_t *to = part->to; to < part->end; to++) {
            *to = *from++;
        }
    }
    for (const struct zero *part = tinyssl_zero_start; part < tinyssl_zero_end; part++) {
        for (volatile uint32_t *to = part->start; to < part->end; to++) {
            *to = 0;
        }
    }
    for (void (*const *make)(void) = __init_array_start; make < __init_array_end; make++) {
        (*make)();
    }
    leave((uint32_t)main());
}
