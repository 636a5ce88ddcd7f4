#include "base/autostart.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/folders.h"
#include "base/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 32 << 10 }; /* [byte] of such a file */

static int entry_path(char *dst, size_t size, const char *name, struct acq_err *err)
{
    char dir[ACQ_PATH_MAX], file[100];
    snprintf(file, sizeof file, "%s.desktop", name);
    if (acq_folder_autostart(dir, sizeof dir) && acq_path_join(dst, size, dir, file) == ACQ_OK) return ACQ_OK;
    return acq_fail(err, ACQ_MISSING, "there is no folder for what starts at log-in: set HOME");
}

static int add(struct acq_buf *b, const char *text)
{
    return acq_buf_add(b, text, strlen(text));
}

/* add_word appends a word in quotes. What the quoting rule escapes by a backslash needs two in the file, and a
 * backslash four; % begins a field code: Desktop Entry Specification, "The Exec key". */
static int add_word(struct acq_buf *b, const char *word, struct acq_err *err)
{
    int r = add(b, b->len ? " \"" : "\"");
    for (const char *p = word; *p && r == ACQ_OK; p++) {
        if ((unsigned char)*p < ' ')
            return acq_fail(err, ACQ_USAGE, "a word with a control character in it cannot be kept");
        if (*p == '\\')
            r = add(b, "\\\\\\\\");
        else if (strchr("\"`$", *p))
            r = add(b, "\\\\");
        else if (*p == '%')
            r = add(b, "%");
        if (*p != '\\' && r == ACQ_OK) r = acq_buf_add(b, p, 1);
    }
    if (r == ACQ_OK) r = add(b, "\"");
    return r < 0 ? acq_fail(err, ACQ_USAGE, "the words are too long to be kept") : ACQ_OK;
}

static int add_command(struct acq_buf *b, const char *const *words, size_t n, struct acq_err *err)
{
    char program[ACQ_PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program);
    if (length <= 0 || (size_t)length >= sizeof program)
        return acq_fail(err, ACQ_IO, "where this program is cannot be found out");
    program[length] = 0;
    int r = add_word(b, program, err);
    for (size_t i = 0; i < n && r == ACQ_OK; i++) r = add_word(b, words[i], err);
    return r < 0 ? r : acq_buf_add(b, "", 1);
}

static int write_entry(const char *path, const char *name, const char *command, struct acq_err *err)
{
    char text[TEXT_MAX + 400], dir[ACQ_PATH_MAX];
    struct acq_output output;
    int n = snprintf(text, sizeof text,
                     "[Desktop Entry]\nType=Application\nName=%s\nComment=Telemetry of Assetto Corsa\nExec=%s\n"
                     "Terminal=false\nX-GNOME-Autostart-enabled=true\n",
                     name, command);
    if (!acq_folder_autostart(dir, sizeof dir)) return acq_fail(err, ACQ_MISSING, "set HOME");
    int r = acq_path_mkdirs(dir, err);
    if (r == ACQ_OK) r = acq_output_begin(&output, path, true, err);
    if (r < 0) return r;
    int fd = r = acq_file_open(output.temporary, ACQ_FILE_UPDATE, err);
    if (fd >= 0) {
        r = acq_file_write(fd, text, (size_t)n, err);
        acq_file_close(fd);
    }
    return acq_output_end(&output, r, err);
}

int acq_autostart_on(const char *name, const char *const *words, size_t n, struct acq_err *err)
{
    char path[ACQ_PATH_MAX];
    struct acq_buf command;
    acq_buf_init(&command, TEXT_MAX);
    int r = entry_path(path, sizeof path, name, err);
    if (r == ACQ_OK) r = add_command(&command, words, n, err);
    if (r == ACQ_OK) r = write_entry(path, name, (const char *)command.bytes, err);
    acq_buf_fini(&command);
    return r;
}

int acq_autostart_off(const char *name, struct acq_err *err)
{
    char path[ACQ_PATH_MAX];
    int r = entry_path(path, sizeof path, name, err);
    if (r < 0 || !acq_path_exists(path) || acq_path_remove(path) == ACQ_OK) return r;
    return acq_fail(err, ACQ_IO, "cannot remove %s", path);
}

/* value_of returns what follows `key` at the begin of a line, with the length *n, or NULL. */
static const char *value_of(const char *text, const char *key, size_t *n)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, strlen(key))) continue;
        line += strlen(key);
        *n = strcspn(line, "\r\n");
        return line;
    }
    return NULL;
}

static bool says(const char *text, const char *key, const char *value)
{
    size_t n;
    const char *found = value_of(text, key, &n);
    return found && n == strlen(value) && !strncmp(found, value, n);
}

int acq_autostart_get(const char *name, char *dst, size_t size, struct acq_err *err)
{
    char path[ACQ_PATH_MAX], text[TEXT_MAX];
    size_t n;
    int r = entry_path(path, sizeof path, name, err);
    if (r < 0) return r;
    int fd = acq_file_open(path, ACQ_FILE_READ, err);
    if (fd < 0) return fd == ACQ_MISSING ? ACQ_END : fd;
    ptrdiff_t got = acq_file_read(fd, text, sizeof text - 1);
    acq_file_close(fd);
    if (got < 0) return acq_fail(err, ACQ_IO, "cannot read %s", path);
    text[got] = 0;
    /* desktops switch an entry off by these, and leave it there */
    if (says(text, "Hidden=", "true") || says(text, "X-GNOME-Autostart-enabled=", "false")) return ACQ_END;
    const char *command = value_of(text, "Exec=", &n);
    if (!command) return ACQ_END;
    snprintf(dst, size, "%.*s", (int)n, command);
    return ACQ_OK;
}
