/* From the reset to main(): the same on every core. */
#ifndef TINYSSL_STARTUP_H
#define TINYSSL_STARTUP_H

#include <stdint.h>

/* Of the linker script (codegen/templates/linker.ld.j2): the stack grows from top to bottom. */
extern uint32_t tinyssl_stack_bottom[], tinyssl_stack_top[];

/* Paints the stack, fills the memory of variables, runs constructors and main(), then restarts. The
 * core's own start-up comes first: stack pointer, guard, floating point. */
__attribute__((noreturn)) void start_program(void);

#endif
