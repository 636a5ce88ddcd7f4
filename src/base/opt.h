/* opt.h - options and arguments of a command, from a table that also gives --help and the checks.
 *
 * Memory  texts point into argv or the table; nothing is copied.
 * Errors  ACQ_USAGE with a sentence that names the nearest option. */
#ifndef ACQ_BASE_OPT_H
#define ACQ_BASE_OPT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum acq_opt_type {
    ACQ_OPT_FLAG,   /* bool: given or not; --name=no takes it back */
    ACQ_OPT_TEXT,   /* const char * */
    ACQ_OPT_INT,    /* int64_t, min..max */
    ACQ_OPT_NUMBER, /* double, min..max */
    ACQ_OPT_LIST    /* struct acq_texts: `-c a,b c` takes all words up to the next option */
};

/* One option: --name VALUE, --name=VALUE or -l VALUE. */
struct acq_option {
    char letter;       /* 0: none */
    const char *name;  /* without dashes */
    const char *value; /* what stands for the value in --help; NULL for a flag */
    enum acq_opt_type type;
    size_t offset; /* [byte] of the field in the command's own struct */
    double min, max;
    const char *help;
};

#define ACQ_OPTIONS_MAX 64 /* options of one command */
#define ACQ_TEXTS_MAX 256
struct acq_texts {
    const char *text[ACQ_TEXTS_MAX];
    size_t n;
};

/* A command: what --help says, and what it takes. */
struct acq_command {
    const char *name;    /* "convert" */
    const char *usage;   /* "IN.pb.gz OUT.parquet [OPTION...]" */
    const char *summary; /* one line */
    const char *more;    /* examples and exit codes, printed below the options */
    const struct acq_option *options;
    size_t option_count;
    size_t arguments_min, arguments_max;
};

/* acq_opt_parse reads argv[1..argc-1] into `values`, the command's own struct with defaults already set, and
 * *arguments. Returns 0; ACQ_END if --help or --version was asked for and has been printed; or ACQ_USAGE. */
int acq_opt_parse(const struct acq_command *command, int argc, char **argv, void *values, struct acq_texts *arguments,
                  struct acq_err *err);

/* acq_opt_parse_given does the same; *given has bit i set where option i of the table was there. */
int acq_opt_parse_given(const struct acq_command *command, int argc, char **argv, void *values,
                        struct acq_texts *arguments, uint64_t *given, struct acq_err *err);

/* acq_opt_set sets one option in `values` to what `text` says: of a flag yes or no. A list is cut up in place, and all
 * texts point into `text`. Returns 0 or ACQ_USAGE. */
int acq_opt_set(const struct acq_option *option, char *text, void *values, struct acq_err *err);

/* acq_opt_nearest fills `names` with those of the options, and returns the index of the one that is most like `word`,
 * or -1. */
int acq_opt_nearest(const struct acq_command *command, const char *word, const char *names[ACQ_OPTIONS_MAX]);

/* acq_opt_help prints a command's help on stdout. */
void acq_opt_help(const struct acq_command *command);

/* acq_nearest returns the index of that of n words that is most like `word` (by edit distance), or -1 if none is near.
 */
int acq_nearest(const char *word, const char *const *words, size_t n);

#endif
