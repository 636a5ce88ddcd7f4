/* err.h - how a function says what went wrong.
 *
 * Errors  an int: 0 done; > 0 a normal state (ACQ_AGAIN, ACQ_END); < 0 one of the list below. A function that can fail
 *         takes a struct acq_err * and fills it where it fails; whoever stands at the top prints its text, once.
 * Memory  the caller owns struct acq_err; NULL is allowed and loses only the text. */
#ifndef ACQ_BASE_ERR_H
#define ACQ_BASE_ERR_H

/* the one list of errors: name, number, what it means */
#define ACQ_ERRORS(X)                                                           \
    X(IO, -1, "the file system or the network failed")                          \
    X(FORMAT, -2, "the input is not what it should be")                         \
    X(VERSION, -3, "the input is of a version that this program does not know") \
    X(RANGE, -4, "a value or a size is outside what is allowed")                \
    X(MEMORY, -5, "no memory")                                                  \
    X(USAGE, -6, "the command line is wrong")                                   \
    X(MISSING, -7, "something that is needed is not there")                     \
    X(EXISTS, -8, "something that would be overwritten is there")               \
    X(CLOSED, -9, "the other side has gone")                                    \
    X(STOPPED, -10, "the user stopped it")

enum acq_result {
    ACQ_OK = 0,
    ACQ_AGAIN = 1, /* nothing now; ask again later */
    ACQ_END = 2,   /* nothing any more */
#define ACQ_ERROR_ENUM(name, number, text) ACQ_##name = number,
    ACQ_ERRORS(ACQ_ERROR_ENUM)
#undef ACQ_ERROR_ENUM
};

/* exit codes of the programs */
enum acq_exit { ACQ_EXIT_OK = 0, ACQ_EXIT_FAILED = 1, ACQ_EXIT_USAGE = 2, ACQ_EXIT_LOSSY = 3 };

struct acq_err {
    int code;
    char text[400]; /* one sentence that says what to do, without a newline */
};

#if defined(__clang__)
#define ACQ_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#elif defined(__GNUC__) /* C's formats, on Windows too: the build asks MinGW for them */
#define ACQ_PRINTF(fmt, args) __attribute__((format(gnu_printf, fmt, args)))
#else
#define ACQ_PRINTF(fmt, args)
#endif

/* acq_fail puts code and the text into err (unless err is NULL) and returns code. */
int acq_fail(struct acq_err *err, int code, const char *format, ...) ACQ_PRINTF(3, 4);

/* acq_exit_code turns a result into a program's exit code. */
int acq_exit_code(int result);

#endif
