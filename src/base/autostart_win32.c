#include "base/autostart.h"

#include "base/buf.h"

#include <windows.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RUN_KEY L"Software\\Microsoft\\Windows\\CurrentVersion\\Run"

enum {
    PROGRAM_MAX = 4 * 32768, /* [byte] of a path in UTF-8: Windows' own limit is 32767 characters */
    COMMAND_MAX = 260        /* [characters] a longer command is not run: "Run and RunOnce Registry Keys" */
};

static int fail(LSTATUS status, struct acq_err *err)
{
    return acq_fail(err, ACQ_IO, "cannot use the registry's key of programs that start at log-in: Windows error %ld",
                    (long)status);
}

static int add(struct acq_buf *b, const char *text, size_t n)
{
    return acq_buf_add(b, text, n);
}

/* add_word appends a word so that CommandLineToArgvW reads it as one: in quotes where it needs some, in which a quote
 * is escaped by a backslash, and backslashes are doubled before a quote and nowhere else (Microsoft,
 * "CommandLineToArgvW function"). The program's own path always has quotes: without them Windows tries what stands
 * before each space. */
static int add_word(struct acq_buf *b, const char *word)
{
    bool quoted = !b->len || !*word || strpbrk(word, " \t\"");
    int r = b->len ? add(b, " ", 1) : ACQ_OK;
    size_t slashes = 0;
    if (!quoted) return r < 0 ? r : add(b, word, strlen(word));
    if (r == ACQ_OK) r = add(b, "\"", 1);
    for (const char *p = word; r == ACQ_OK; p++) {
        bool quote = !*p || *p == '"';
        for (; quote && slashes && r == ACQ_OK; slashes--) r = add(b, "\\", 1);
        slashes = *p == '\\' ? slashes + 1 : 0;
        if (!*p) break;
        if (*p == '"' && r == ACQ_OK) r = add(b, "\\", 1);
        if (r == ACQ_OK) r = add(b, p, 1);
    }
    return r < 0 ? r : add(b, "\"", 1);
}

static int add_program(struct acq_buf *b, struct acq_err *err)
{
    wchar_t *wide = malloc(32768 * sizeof *wide);
    char *path = malloc(PROGRAM_MAX);
    DWORD n = wide && path ? GetModuleFileNameW(NULL, wide, 32768) : 0;
    bool known = n && n < 32768 && WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, PROGRAM_MAX, NULL, NULL) > 0;
    int r = known ? add_word(b, path) : acq_fail(err, ACQ_IO, "where this program is cannot be found out");
    free(path);
    free(wide);
    return r;
}

static wchar_t *wide_text(const char *text)
{
    int n = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = n > 0 ? malloc((size_t)n * sizeof *wide) : NULL;
    if (wide) MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, n);
    return wide;
}

static int set_value(const wchar_t *name, const wchar_t *command, struct acq_err *err)
{
    HKEY key;
    size_t n = wcslen(command);
    if (n > COMMAND_MAX)
        return acq_fail(err, ACQ_USAGE,
                        "Windows starts no command of more than %d characters, and this one has %zu: put the options "
                        "into telemetry_bridge.conf",
                        COMMAND_MAX, n);
    LSTATUS r = RegCreateKeyExW(HKEY_CURRENT_USER, RUN_KEY, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (r != ERROR_SUCCESS) return fail(r, err);
    r = RegSetValueExW(key, name, 0, REG_SZ, (const BYTE *)command, (DWORD)((n + 1) * sizeof *command));
    RegCloseKey(key);
    return r == ERROR_SUCCESS ? ACQ_OK : fail(r, err);
}

int acq_autostart_on(const char *name, const char *const *words, size_t n, struct acq_err *err)
{
    struct acq_buf b;
    acq_buf_init(&b, 4 * PROGRAM_MAX);
    int r = add_program(&b, err);
    for (size_t i = 0; i < n && r == ACQ_OK; i++) r = add_word(&b, words[i]);
    if (r == ACQ_OK) r = acq_buf_add(&b, "", 1);
    wchar_t *wide_name = wide_text(name), *command = r == ACQ_OK ? wide_text((const char *)b.bytes) : NULL;
    if (r == ACQ_OK && wide_name && command)
        r = set_value(wide_name, command, err);
    else if (r != ACQ_IO)
        r = acq_fail(err, ACQ_MEMORY, "no memory for the command");
    free(command);
    free(wide_name);
    acq_buf_fini(&b);
    return r;
}

int acq_autostart_off(const char *name, struct acq_err *err)
{
    wchar_t *wide_name = wide_text(name);
    if (!wide_name) return acq_fail(err, ACQ_MEMORY, "no memory for a name");
    LSTATUS r = RegDeleteKeyValueW(HKEY_CURRENT_USER, RUN_KEY, wide_name);
    free(wide_name);
    return r == ERROR_SUCCESS || r == ERROR_FILE_NOT_FOUND ? ACQ_OK : fail(r, err);
}

int acq_autostart_get(const char *name, char *dst, size_t size, struct acq_err *err)
{
    wchar_t command[2048], *wide_name = wide_text(name);
    DWORD bytes = sizeof command;
    if (!wide_name) return acq_fail(err, ACQ_MEMORY, "no memory for a name");
    LSTATUS r = RegGetValueW(HKEY_CURRENT_USER, RUN_KEY, wide_name, RRF_RT_REG_SZ, NULL, command, &bytes);
    free(wide_name);
    if (r == ERROR_FILE_NOT_FOUND) return ACQ_END;
    if (r != ERROR_SUCCESS) return fail(r, err);
    if (WideCharToMultiByte(CP_UTF8, 0, command, -1, dst, (int)size, NULL, NULL) > 0) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "the command that is started is too long to be shown");
}
