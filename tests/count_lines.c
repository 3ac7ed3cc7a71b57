/* Writes gcov's counts where a test ends the firmware by SIGTERM: linked in by `make coverage`. */
#include <signal.h>

void __gcov_dump(void);

static void write_counts(int number)
{
    __gcov_dump();
    signal(number, SIG_DFL);
    raise(number);
}

__attribute__((constructor)) static void catch_sigterm(void)
{
    signal(SIGTERM, write_counts);
}
