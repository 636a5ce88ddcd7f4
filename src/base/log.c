#include "base/log.h"

#include "base/os.h"
#include "base/terminal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define AGAIN_NS (10 * SECOND) /* between two plain lines that say the same with other numbers */
#define REPAIR_NS (2 * SECOND) /* when a line that has not changed is written anew: somebody may have typed into it */
#define ERASE "\r\033[K"

enum { TEXT_MAX = 2048 };

static atomic_flag busy = ATOMIC_FLAG_INIT;
static const char *log_program = "acq";
static enum acq_log_level log_most = ACQ_LOG_INFO;
static uint64_t left_out; /* lines that nobody read */

static struct {
    char line[ACQ_LINE_MAX]; /* what stands on the terminal's last line now */
    int64_t ns;              /* since when */
} shown;

static struct {
    char state[ACQ_LINE_MAX], line[ACQ_LINE_MAX]; /* of the last status that was an ordinary line */
    int64_t ns;
} plain;

/* lock: writing takes microseconds, so others come back a little later */
static void lock(void)
{
    while (atomic_flag_test_and_set(&busy)) acq_sleep_ms(1);
}

static void unlock(void)
{
    atomic_flag_clear(&busy);
}

void acq_log_setup(const char *program, enum acq_log_level most)
{
    log_program = program;
    log_most = most;
}

void acq_log_never_wait(void)
{
    acq_stderr_never_wait();
}

/* ---- lines ---- */

/* write_line writes one line above the status line, in one piece. */
static bool write_line(enum acq_log_level level, const char *text)
{
    static const char *const words[] = {"error:", "warning:", "", "debug:"};
    static const char *const begin[] = {"\033[31m", "\033[33m", "", ""};
    bool colours = *begin[level] && acq_terminal_colours(2);
    char out[TEXT_MAX + ACQ_LINE_MAX + 128];
    int n = snprintf(out, sizeof out, "%s%s: %s%s%s%s%s\n%s", *shown.line ? ERASE : "", log_program,
                     colours ? begin[level] : "", words[level], colours ? "\033[0m" : "", *words[level] ? " " : "",
                     text, shown.line);
    return acq_stderr_write(out, (size_t)n < sizeof out ? (size_t)n : sizeof out - 1);
}

/* tell_left_out says how many lines were left out, when one can be written again. */
static void tell_left_out(void)
{
    char text[80];
    snprintf(text, sizeof text, "%" PRIu64 " lines were left out before: nobody read them", left_out);
    if (write_line(ACQ_LOG_WARN, text)) left_out = 0;
}

static void log_text(enum acq_log_level level, const char *text)
{
    if (!write_line(level, text))
        left_out++;
    else if (left_out)
        tell_left_out();
}

/* clean keeps the line breaks that a library's message has. */
static void clean(char *text)
{
    for (char *end; *text; text = end + (*end == '\n')) {
        char rest = 0;
        end = text + strcspn(text, "\n");
        rest = *end;
        *end = 0;
        size_t n = acq_line_clean(text);
        memset(text + n, ' ', (size_t)(end - text) - n);
        *end = rest;
    }
}

void acq_log(enum acq_log_level level, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    if (level > log_most) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    clean(text);
    lock();
    log_text(level, text);
    unlock();
}

/* ---- the status line ---- */

static void show(const struct acq_line *status)
{
    char line[ACQ_LINE_MAX], out[ACQ_LINE_MAX + 16];
    int64_t now = acq_now_ns();
    acq_line_write(line, status, acq_terminal_width(2) - 1, acq_terminal_colours(2)); /* the last column would break */
    if (left_out) tell_left_out();
    if (!strcmp(line, shown.line) && (!*line || now - shown.ns < REPAIR_NS)) return;
    /* the text first, then what is behind it: nothing is empty in between, so nothing flickers */
    int n = snprintf(out, sizeof out, "\r%s\033[K", line);
    acq_stderr_write(out, (size_t)n);
    memcpy(shown.line, line, sizeof line);
    shown.ns = now;
}

/* tell writes the status as an ordinary line, where it is news. */
static void tell(const struct acq_line *status)
{
    char state[ACQ_LINE_MAX], line[ACQ_LINE_MAX];
    int64_t now = acq_now_ns(), since;
    acq_line_state(state, status);
    acq_line_write(line, status, SIZE_MAX, false);
    bool other = strcmp(state, plain.state) != 0;
    if (!*line) {
        plain.ns = 0;
        *plain.line = 0;
    } else if (!plain.ns && !*state) {
        plain.ns = now; /* a job that is soon over needs no line */
    }
    since = now - plain.ns;
    if (!*line || !strcmp(line, plain.line) || (plain.ns && since < (other ? SECOND : AGAIN_NS))) return;
    memcpy(plain.state, state, sizeof state);
    memcpy(plain.line, line, sizeof line);
    plain.ns = now;
    log_text(ACQ_LOG_INFO, line);
}

void acq_line_show(const struct acq_line *line)
{
    lock();
    if (acq_is_terminal(2))
        show(line);
    else
        tell(line);
    unlock();
}

void acq_status(const char *format, ...)
{
    struct acq_line line = {0};
    char text[ACQ_LINE_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    acq_line_add(&line, 1 | ACQ_LINE_CUTTABLE, ACQ_TONE_PLAIN, "%s", text);
    acq_line_show(&line);
}
