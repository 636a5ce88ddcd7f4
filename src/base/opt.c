#include "base/opt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* distance: edit distance of two words (Levenshtein), of at most 63 characters each */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[64];
    size_t n = strlen(a), m = strlen(b);
    if (n > 63 || m > 63) return 99;
    for (unsigned j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned change = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            unsigned best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = best < change ? best : change;
        }
    }
    return row[m];
}

int acq_nearest(const char *word, const char *const *words, size_t n)
{
    int best = -1;
    unsigned least = (unsigned)strlen(word) / 3 + 2; /* beyond this it is another word */
    for (size_t i = 0; i < n; i++) {
        bool begins = strlen(word) >= 3 && !strncmp(words[i], word, strlen(word));
        unsigned d = begins ? 1 : distance(word, words[i]);
        if (d < least) {
            least = d;
            best = (int)i;
        }
    }
    return best;
}

static void print_option(const struct acq_option *o)
{
    char left[48];
    char letter[4] = {'-', o->letter, ',', 0};
    snprintf(left, sizeof left, "%s --%s%s%s", o->letter ? letter : "   ", o->name, o->value ? " " : "",
             o->value ? o->value : "");
    printf("  %-28s %s\n", left, o->help);
}

void acq_opt_help(const struct acq_command *command)
{
    printf("%s\n\nUsage: %s %s\n\nOptions:\n", command->summary, command->name, command->usage);
    for (size_t i = 0; i < command->option_count; i++) print_option(&command->options[i]);
    printf("  %-28s %s\n", "-h, --help", "show this");
    printf("  %-28s %s\n", "    --version", "show the version");
    if (command->more) printf("\n%s\n", command->more);
}

static const struct acq_option *find(const struct acq_command *command, const char *word, size_t n)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct acq_option *o = &command->options[i];
        if (word[1] != '-' && n == 2 && word[1] == o->letter) return o;
        if (word[1] == '-' && strlen(o->name) == n - 2 && !strncmp(o->name, word + 2, n - 2)) return o;
    }
    return NULL;
}

int acq_opt_nearest(const struct acq_command *command, const char *word, const char *names[ACQ_OPTIONS_MAX])
{
    size_t n = 0;
    for (; n < command->option_count && n < ACQ_OPTIONS_MAX; n++) names[n] = command->options[n].name;
    return acq_nearest(word, names, n);
}

static int unknown(const struct acq_command *command, const char *word, struct acq_err *err)
{
    const char *names[ACQ_OPTIONS_MAX];
    while (word[0] == '-') word++;
    int near = acq_opt_nearest(command, word, names);
    if (near >= 0)
        return acq_fail(err, ACQ_USAGE, "there is no option --%s; did you mean --%s? `%s --help` lists all", word,
                        names[near], command->name);
    return acq_fail(err, ACQ_USAGE, "there is no option %s%s; `%s --help` lists all", strlen(word) > 1 ? "--" : "-",
                    word, command->name);
}

static int set_number(const struct acq_option *o, const char *text, void *field, struct acq_err *err)
{
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    bool whole = o->type != ACQ_OPT_INT || v == floor(v);
    if (end == text || *end || errno || !whole || !(v >= o->min && v <= o->max))
        return acq_fail(err, ACQ_USAGE, "--%s takes a %snumber from %.15g to %.15g, not '%s'", o->name,
                        o->type == ACQ_OPT_INT ? "whole " : "", o->min, o->max, text);
    if (o->type == ACQ_OPT_INT)
        *(int64_t *)field = (int64_t)v;
    else
        *(double *)field = v;
    return ACQ_OK;
}

static int add_text(struct acq_texts *list, const char *text, struct acq_err *err)
{
    if (list->n == ACQ_TEXTS_MAX)
        return acq_fail(err, ACQ_USAGE, "too many words: at most %d are taken", ACQ_TEXTS_MAX);
    list->text[list->n++] = text;
    return ACQ_OK;
}

/* add_list: the words of one argument, which commas may separate; the argument is cut up in place */
static int add_list(struct acq_texts *list, char *text, struct acq_err *err)
{
    int r = ACQ_OK;
    for (char *word = strtok(text, ", "); word && !r; word = strtok(NULL, ", ")) r = add_text(list, word, err);
    return r;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1];
}

static int set_flag(const struct acq_option *o, const char *text, bool *field, struct acq_err *err)
{
    static const char *const words[2][4] = {{"no", "false", "off", "0"}, {"yes", "true", "on", "1"}};
    for (int i = 0; i < 8; i++) {
        if (strcmp(text, words[i / 4][i % 4])) continue;
        *field = i / 4;
        return ACQ_OK;
    }
    return acq_fail(err, ACQ_USAGE, "--%s takes yes or no, not '%s'", o->name, text);
}

int acq_opt_set(const struct acq_option *o, char *text, void *values, struct acq_err *err)
{
    void *field = (char *)values + o->offset;
    if (o->type == ACQ_OPT_FLAG) return set_flag(o, text, field, err);
    if (o->type == ACQ_OPT_LIST) return add_list(field, text, err);
    if (o->type != ACQ_OPT_TEXT) return set_number(o, text, field, err);
    *(const char **)field = text;
    return ACQ_OK;
}

/* set: option o with what follows it at argv[*i]; `inlined` is the text behind '=', or NULL */
static int set(const struct acq_option *o, char *inlined, int *i, int argc, char **argv, void *values,
               struct acq_err *err)
{
    if (o->type == ACQ_OPT_FLAG && !inlined) {
        *(bool *)((char *)values + o->offset) = true;
        return ACQ_OK;
    }
    if (!inlined && *i + 1 >= argc) return acq_fail(err, ACQ_USAGE, "--%s needs a value: %s", o->name, o->value);
    int r = acq_opt_set(o, inlined ? inlined : argv[++*i], values, err);
    if (o->type != ACQ_OPT_LIST || inlined) return r;
    while (r == ACQ_OK && *i + 1 < argc && !is_option(argv[*i + 1])) r = acq_opt_set(o, argv[++*i], values, err);
    return r;
}

static int one(const struct acq_command *command, int *i, int argc, char **argv, void *values,
               struct acq_texts *arguments, uint64_t *given, struct acq_err *err)
{
    char *word = argv[*i];
    if (!is_option(word)) return add_text(arguments, word, err);
    if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
        acq_opt_help(command);
        return ACQ_END;
    }
    if (!strcmp(word, "--version")) {
        printf("%s %s\n", command->name, ACQ_VERSION_TEXT);
        return ACQ_END;
    }
    char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    const struct acq_option *o = find(command, word, equals ? (size_t)(equals - word) : strlen(word));
    if (!o) return unknown(command, word, err);
    *given |= UINT64_C(1) << (o - command->options) % ACQ_OPTIONS_MAX;
    return set(o, equals ? equals + 1 : NULL, i, argc, argv, values, err);
}

int acq_opt_parse(const struct acq_command *command, int argc, char **argv, void *values, struct acq_texts *arguments,
                  struct acq_err *err)
{
    uint64_t given;
    return acq_opt_parse_given(command, argc, argv, values, arguments, &given, err);
}

int acq_opt_parse_given(const struct acq_command *command, int argc, char **argv, void *values,
                        struct acq_texts *arguments, uint64_t *given, struct acq_err *err)
{
    arguments->n = 0;
    *given = 0;
    for (int i = 1; i < argc; i++) {
        int r = one(command, &i, argc, argv, values, arguments, given, err);
        if (r) return r;
    }
    if (arguments->n < command->arguments_min)
        return acq_fail(err, ACQ_USAGE, "an argument is missing; usage: %s %s", command->name, command->usage);
    if (arguments->n > command->arguments_max)
        return acq_fail(err, ACQ_USAGE, "'%s' is one argument too many; usage: %s %s",
                        arguments->text[command->arguments_max], command->name, command->usage);
    return ACQ_OK;
}
