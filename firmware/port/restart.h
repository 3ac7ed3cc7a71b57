/* Why the program started: a note in memory that no start-up code touches (the linker script keeps it
 * above the stack). It tells a fault from a request where the chip's register says "software" to both,
 * and is all that a board without such a register knows. */
#ifndef TINYSSL_RESTART_H
#define TINYSSL_RESTART_H

enum restart_reason {
    RESTART_EXTERNAL, /* noted at every start: what follows without another note came from outside */
    RESTART_REQUESTED,
    RESTART_FAULT,
    RESTART_WATCHDOG
};

/* Right before a restart. The first note wins: a fault restarts by port_reset(), which notes too. */
void restart_note(enum restart_reason reason);

/* Of start_program(), once: takes the note of the program before. */
void restart_begin(void);

/* One of port_reset_cause()'s words, from the note alone: power-on, external, software, fault or
 * watchdog. */
const char *restart_cause(void);

/* Where the chip's register says that software reset it: fault, if that was noted, else software. */
const char *restart_by_software(void);

#endif
