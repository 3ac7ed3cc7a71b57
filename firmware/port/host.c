/* This computer as a board: a process that serves a pseudo-terminal. Ticks are nanoseconds.
 *
 * The first line on stdout names the terminal: "serial port /dev/pts/3". The process keeps the
 * terminal's own end open, so hosts may come and go; it runs until it is killed. port_reset()
 * starts the program anew on the same terminal.
 *
 * Environment:
 *   TINYSSL_HOST_TERMINAL  descriptor of the terminal to go on with; set by port_reset() only
 *   TINYSSL_HOST_RESET     why it was restarted; set by port_reset() and port_watchdog() only
 *   TINYSSL_HOST_PULSES    file to which energy mode appends the time of every pulse, in ns
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "port.h"

#define TERMINAL "TINYSSL_HOST_TERMINAL"
#define RESET "TINYSSL_HOST_RESET"
#define PULSES "TINYSSL_HOST_PULSES"

#define WRITE_SECONDS 10u

static int terminal = -1;
static uint64_t start;
static char cause[12] = "power-on";
static struct itimerval watchdog; /* zero: not armed */

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* A new pseudo-terminal in raw mode. Its other end stays open in this process: without that, reads
 * fail with EIO whenever no host has it open. */
static int open_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        fail("pseudo-terminal");
    }
    const char *name = ptsname(master);
    int slave = name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
    struct termios settings;
    if (slave < 0 || tcgetattr(slave, &settings) != 0) {
        fail("pseudo-terminal");
    }
    cfmakeraw(&settings);
    if (tcsetattr(slave, TCSANOW, &settings) != 0) {
        fail("pseudo-terminal");
    }
    printf("serial port %s\n", name);
    fflush(stdout);
    return master;
}

const char *port_init(void)
{
    const char *inherited = getenv(TERMINAL);
    terminal = inherited != NULL ? atoi(inherited) : open_terminal();
    start = nanoseconds();
    const char *why = getenv(RESET);
    if (why != NULL) {
        snprintf(cause, sizeof cause, "%s", why);
    }
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL); /* a restart by the watchdog comes out of its handler */
    return NULL;
}

size_t port_read(uint8_t *data, size_t size, uint32_t wait_us)
{
    struct pollfd wanted = {.fd = terminal, .events = POLLIN};
    if (poll(&wanted, 1, (int)((wait_us + 999u) / 1000u)) <= 0) {
        return 0;
    }
    ssize_t got = read(terminal, data, size);
    if (got < 0 && errno != EINTR && errno != EAGAIN) {
        fail("read");
    }
    return got > 0 ? (size_t)got : 0;
}

bool port_write(const uint8_t *data, size_t size)
{
    struct pollfd wanted = {.fd = terminal, .events = POLLOUT};
    const uint64_t end = nanoseconds() + WRITE_SECONDS * 1000000000u;
    while (size > 0 && nanoseconds() < end) {
        ssize_t sent = poll(&wanted, 1, 100) > 0 ? write(terminal, data, size) : 0;
        if (sent < 0 && errno != EINTR && errno != EAGAIN) {
            fail("write");
        }
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        }
    }
    return size == 0;
}

uint64_t port_ticks(void)
{
    return nanoseconds() - start;
}

uint32_t port_ticks_per_second(void)
{
    return 1000000000u;
}

void port_stack(uint32_t *used, uint32_t *size)
{
    *used = 0;
    *size = 0;
}

/* What a restart finds in its environment. */
static void leave(const char *why)
{
    char number[12];
    snprintf(number, sizeof number, "%d", terminal);
    setenv(TERMINAL, number, 1);
    setenv(RESET, why, 1);
}

static void restart(void)
{
    execl("/proc/self/exe", "tinyssl-host", (char *)NULL);
    _exit(1);
}

void port_reset(void)
{
    leave("software");
    restart();
}

const char *port_reset_cause(void)
{
    return cause;
}

static void expired(int number)
{
    (void)number;
    restart(); /* its environment was set when the watchdog was armed */
}

uint32_t port_watchdog(uint32_t milliseconds)
{
    leave("watchdog");
    watchdog.it_value.tv_sec = milliseconds / 1000u;
    watchdog.it_value.tv_usec = (suseconds_t)(milliseconds % 1000u) * 1000;
    signal(SIGALRM, expired);
    setitimer(ITIMER_REAL, &watchdog, NULL);
    return milliseconds;
}

void port_watchdog_feed(void)
{
    setitimer(ITIMER_REAL, &watchdog, NULL);
}

void port_pulse(void)
{
    const char *path = getenv(PULSES);
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    if (file != NULL) {
        fprintf(file, "%llu\n", (unsigned long long)port_ticks());
        fclose(file);
    }
}
