"""C that an emulated core begins with, before `main` of a program of graphs."""

START = """\
#include <stdint.h>
extern void _start(void);
__attribute__((section(".vectors"), used)) static const uintptr_t vectors[] = {
    0x20400000, (uintptr_t)_start };
"""

_BOOT = """\
#include <stddef.h>
#include <stdint.h>
extern void _start(void);
/* CPACR: floats and vectors, before the first function that uses them. */
__attribute__((naked)) static void boot(void)
{
    __asm__("ldr r0, =0xE000ED88\\n\\tldr r1, [r0]\\n\\torr r1, #0xF00000\\n\\tstr r1, [r0]\\n\\t"
            "dsb\\n\\tisb\\n\\tb _start");
}
__attribute__((section(".vectors"), used)) static const uintptr_t vectors[] = {
"""

START_FPU = (
    _BOOT
    + """\
    0x20400000, (uintptr_t)boot };
"""
)

START_M55 = (
    _BOOT
    + """\
    0x21400000, (uintptr_t)boot };
/* The C library looks for its heap in the wrong memory. */
void *_sbrk(ptrdiff_t size)
{
    static _Alignas(16) char heap[1 << 20];
    static size_t used;
    void *start = heap + used;
    used += (size_t)size;
    return used <= sizeof heap ? start : (void *)-1;
}
"""
)
