#include "base/log.h"

#include "base/os.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *log_program = "acq";
static enum acq_log_level log_most = ACQ_LOG_INFO;
static char status_line[512]; /* what stands on the terminal's last line now */

void acq_log_setup(const char *program, enum acq_log_level most)
{
    log_program = program;
    log_most = most;
}

void acq_log(enum acq_log_level level, const char *format, ...)
{
    static const char *const words[] = {"error: ", "warning: ", "", "debug: "};
    char text[1024];
    va_list args;
    if (level > log_most) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (*status_line)
        fprintf(stderr, "\r\033[K%s: %s%s\n%s", log_program, words[level], text, status_line);
    else
        fprintf(stderr, "%s: %s%s\n", log_program, words[level], text);
    fflush(stderr);
}

/* plain_status: where lines cannot be replaced, only one every ten seconds */
static void plain_status(const char *text)
{
    static int64_t shown_ns;
    int64_t now = acq_now_ns();
    if (!shown_ns || !*text) shown_ns = now;
    if (now - shown_ns < INT64_C(10000000000)) return;
    shown_ns = now;
    acq_log(ACQ_LOG_INFO, "%s", text);
}

void acq_status(const char *format, ...)
{
    char text[sizeof status_line];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!acq_is_terminal(2)) {
        plain_status(text);
        return;
    }
    if (!*text && !*status_line) return;
    memcpy(status_line, text, sizeof text);
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
}
