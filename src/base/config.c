#include "base/config.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#define LINE_END "\r\n" /* for an old Notepad */
#else
#define LINE_END "\n"
#endif

enum { PIECE = 4096 };

/* ---- the file ---- */

static int read_all(struct acq_config *c, struct acq_err *err)
{
    char piece[PIECE];
    ptrdiff_t n;
    int r = ACQ_OK, fd = acq_file_open(c->path, ACQ_FILE_READ, err);
    if (fd < 0) return fd;
    while (r == ACQ_OK && (n = acq_file_read(fd, piece, sizeof piece)) != 0) {
        if (n < 0)
            r = acq_fail(err, ACQ_IO, "cannot read %s", c->path);
        else if (acq_buf_add(&c->text, piece, (size_t)n) < 0)
            r = acq_fail(err, ACQ_USAGE, "%s is larger than %d bytes: that is no file of settings", c->path,
                         ACQ_CONFIG_MAX);
    }
    acq_file_close(fd);
    if (r == ACQ_OK && acq_buf_add(&c->text, "", 1) < 0) r = acq_fail(err, ACQ_MEMORY, "no memory for %s", c->path);
    return r;
}

/* fail is for a mistake in a line. */
static int fail(const struct acq_config *c, unsigned line, struct acq_err *err, const char *what)
{
    char text[sizeof err->text];
    snprintf(text, sizeof text, "%s", what);
    return acq_fail(err, ACQ_USAGE, "%s, line %u: %s", acq_path_base(c->path), line, text);
}

/* check_text: is it text at all? */
static int check_text(const struct acq_config *c, struct acq_err *err)
{
    const uint8_t *p = c->text.bytes;
    size_t n = c->text.len - 1;
    unsigned line = 1;
    if (n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
        return acq_fail(err, ACQ_USAGE, "%s is UTF-16: save it as UTF-8", c->path);
    while (n) {
        size_t length = *p ? acq_utf8_length(p, n) : 0;
        if (!length) return fail(c, line, err, "this is not UTF-8: save the file as UTF-8");
        line += *p == '\n';
        p += length;
        n -= length;
    }
    return ACQ_OK;
}

/* ---- a line ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* trim cuts white space off both ends, in place. */
static char *trim(char *text)
{
    size_t n = strlen(text);
    while (n && is_space(text[n - 1])) text[--n] = 0;
    while (is_space(*text)) text++;
    return text;
}

/* unquote takes a value out of its quotes, in place. Returns NULL if it should have had some, or has half. */
static char *unquote(char *text)
{
    size_t n = strlen(text);
    if (*text != '"') return strstr(text, " #") ? NULL : text;
    if (n < 2 || text[n - 1] != '"' || memchr(text + 1, '"', n - 2)) return NULL;
    text[n - 1] = 0;
    return text + 1;
}

static int unknown(const struct acq_config *c, unsigned line, const struct acq_command *command, const char *name,
                   struct acq_err *err)
{
    char text[200];
    const char *names[ACQ_OPTIONS_MAX];
    int near = acq_opt_nearest(command, name, names);
    snprintf(text, sizeof text,
             near < 0 ? "there is no option '%.60s'" : "there is no option '%.60s'; did you mean '%s'?", name,
             near < 0 ? "" : names[near]);
    return fail(c, line, err, text);
}

static int set(struct acq_config *c, unsigned line, const struct acq_command *command, size_t i, char *value,
               uint64_t given, void *values, struct acq_err *err)
{
    char text[100];
    const struct acq_option *o = &command->options[i];
    if (c->line[i]) {
        snprintf(text, sizeof text, "'%s' stands in line %u already", o->name, c->line[i]);
        return fail(c, line, err, text);
    }
    c->line[i] = line;
    if (!strcmp(o->name, "config")) return fail(c, line, err, "a file of settings cannot name another one");
    char *bare = unquote(value);
    if (!bare) return fail(c, line, err, "put the value in double quotes, and a comment in a line of its own");
    if (!*bare) {
        snprintf(text, sizeof text, "'%s' needs a value: %s", o->name, o->value ? o->value : "yes or no");
        return fail(c, line, err, text);
    }
    if (given >> i & 1) return ACQ_OK;
    int r = acq_opt_set(o, bare, values, err);
    return r < 0 ? fail(c, line, err, err->text) : ACQ_OK;
}

static int read_line(struct acq_config *c, unsigned line, char *text, const struct acq_command *command, uint64_t given,
                     void *values, struct acq_err *err)
{
    text = trim(text);
    if (!*text || *text == '#') return ACQ_OK;
    char *equals = strchr(text, '=');
    if (!equals) return fail(c, line, err, "write name = value, as in: once = yes");
    *equals = 0;
    char *name = trim(text);
    for (size_t i = 0; i < command->option_count && i < ACQ_OPTIONS_MAX; i++)
        if (!strcmp(command->options[i].name, name))
            return set(c, line, command, i, trim(equals + 1), given, values, err);
    return unknown(c, line, command, name, err);
}

/* ---- all of it ---- */

int acq_config_read(struct acq_config *c, const char *path, const struct acq_command *command, uint64_t given,
                    void *values, struct acq_err *err)
{
    struct acq_err own = {0};
    *c = (struct acq_config){0};
    acq_buf_init(&c->text, ACQ_CONFIG_MAX);
    int n = snprintf(c->path, sizeof c->path, "%s", path);
    if (n < 0 || (size_t)n >= sizeof c->path) return acq_fail(err, ACQ_USAGE, "the path %.60s... is too long", path);
    int r = read_all(c, &own);
    if (r == ACQ_OK) r = check_text(c, &own);
    char *text = (char *)c->text.bytes;
    if (r == ACQ_OK && !strncmp(text, "\xef\xbb\xbf", 3)) text += 3; /* the byte order mark */
    for (unsigned line = 1; r == ACQ_OK && text; line++) {
        char *end = strchr(text, '\n');
        if (end) *end = 0;
        r = read_line(c, line, text, command, given, values, &own);
        text = end ? end + 1 : NULL;
    }
    if (r < 0 && err) *err = own;
    return r;
}

void acq_config_fini(struct acq_config *c)
{
    acq_buf_fini(&c->text);
}

void acq_config_blame(const struct acq_config *c, const struct acq_command *command, uint64_t given, const char *name,
                      struct acq_err *err)
{
    char text[sizeof err->text];
    for (size_t i = 0; i < command->option_count && i < ACQ_OPTIONS_MAX; i++) {
        if (strcmp(command->options[i].name, name) || !c->line[i] || given >> i & 1) continue;
        snprintf(text, sizeof text, "%s", err->text);
        acq_fail(err, err->code, "%s, line %u: %s", acq_path_base(c->path), c->line[i], text);
    }
}

/* ---- a file to begin with ---- */

static int add_line(struct acq_buf *b, const char *text)
{
    int r = acq_buf_add(b, text, strlen(text));
    return r < 0 ? r : acq_buf_add(b, LINE_END, sizeof LINE_END - 1);
}

/* value_of writes what the option's value is in `values`, or where it has none what stands for one. */
static void value_of(const struct acq_option *o, const void *values, char *dst, size_t size)
{
    const char *field = (const char *)values + o->offset;
    const char *text = o->type == ACQ_OPT_TEXT ? *(const char *const *)field : NULL;
    if (o->type == ACQ_OPT_FLAG)
        snprintf(dst, size, "yes");
    else if (o->type == ACQ_OPT_INT)
        snprintf(dst, size, "%lld", (long long)*(const int64_t *)field);
    else if (o->type == ACQ_OPT_NUMBER)
        snprintf(dst, size, "%.15g", *(const double *)field);
    else
        snprintf(dst, size, "%s", text ? text : o->value);
}

static int add_option(struct acq_buf *b, const struct acq_option *o, const void *values)
{
    char line[600], value[200], limits[80] = "";
    if (o->type == ACQ_OPT_INT || o->type == ACQ_OPT_NUMBER)
        snprintf(limits, sizeof limits, " (%.15g to %.15g)", o->min, o->max);
    if (o->type == ACQ_OPT_FLAG) snprintf(limits, sizeof limits, " (yes or no)");
    snprintf(line, sizeof line, "# %s%s", o->help, limits);
    int r = add_line(b, line);
    value_of(o, values, value, sizeof value);
    snprintf(line, sizeof line, "#%s = %s", o->name, value);
    if (r == ACQ_OK) r = add_line(b, line);
    return r == ACQ_OK ? add_line(b, "") : r;
}

int acq_config_text(const struct acq_command *command, const void *values, struct acq_buf *b)
{
    char title[100];
    snprintf(title, sizeof title, "# Settings of %s.", command->name);
    int r = add_line(b, title);
    if (r == ACQ_OK)
        r = add_line(b, "# One `name = value` per line: the words of the command line, which wins over this file.");
    if (r == ACQ_OK) r = add_line(b, "# A line that begins with # is a comment: take the # away to use it.");
    if (r == ACQ_OK) r = add_line(b, "");
    for (size_t i = 0; i < command->option_count && r == ACQ_OK; i++)
        if (strcmp(command->options[i].name, "config")) r = add_option(b, &command->options[i], values);
    return r;
}

int acq_config_write(const char *path, const struct acq_command *command, const void *values, struct acq_err *err)
{
    struct acq_buf b;
    acq_buf_init(&b, ACQ_CONFIG_MAX);
    int fd = ACQ_MEMORY, r = acq_config_text(command, values, &b);
    if (r < 0) acq_fail(err, r, "no memory for %s", path);
    if (r == ACQ_OK) r = fd = acq_file_open(path, ACQ_FILE_CREATE, err);
    if (fd >= 0) {
        r = acq_file_write(fd, b.bytes, b.len, err);
        acq_file_close(fd);
    }
    acq_buf_fini(&b);
    return r;
}
