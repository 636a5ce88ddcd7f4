#include "base/terminal.h"

#include <windows.h>

#include <io.h>
#include <stdio.h>
#include <stdlib.h>

static HANDLE console_of(int fd)
{
    DWORD mode;
    HANDLE handle = _isatty(fd) ? (HANDLE)_get_osfhandle(fd) : INVALID_HANDLE_VALUE;
    return handle != INVALID_HANDLE_VALUE && GetConsoleMode(handle, &mode) ? handle : NULL;
}

/* takes_sequences switches escape sequences on, and looks whether one is taken as such: not every console (that of
 * Wine, the old one in "legacy" mode) that says yes does. */
static bool takes_sequences(HANDLE console)
{
    CONSOLE_SCREEN_BUFFER_INFO before, behind;
    DWORD mode, n;
    if (!GetConsoleMode(console, &mode) ||
        !SetConsoleMode(console, mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING) ||
        !GetConsoleScreenBufferInfo(console, &before) || !WriteConsoleW(console, L"\033[m", 3, &n, NULL) ||
        !GetConsoleScreenBufferInfo(console, &behind))
        return false;
    if (before.dwCursorPosition.X == behind.dwCursorPosition.X) return true;
    SetConsoleMode(console, mode);
    WriteConsoleW(console, L"\r   \r", 5, &n, NULL);
    return false;
}

bool acq_is_terminal(int fd)
{
    static signed char known[3]; /* 1 yes, -1 no */
    HANDLE console = fd >= 0 && fd < 3 ? console_of(fd) : NULL;
    if (!console) return false;
    if (!known[fd]) known[fd] = takes_sequences(console) ? 1 : -1;
    return known[fd] > 0;
}

unsigned acq_terminal_width(int fd)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE console = console_of(fd);
    if (!console || !GetConsoleScreenBufferInfo(console, &info)) return 80;
    return (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
}

bool acq_terminal_colours(int fd)
{
    const char *none = getenv("NO_COLOR");
    return acq_is_terminal(fd) && !(none && *none);
}

bool acq_stderr_write(const char *text, size_t n)
{
    HANDLE console = console_of(2);
    wchar_t wide[4096];
    DWORD done;
    int w = console ? MultiByteToWideChar(CP_UTF8, 0, text, (int)n, wide, sizeof wide / sizeof *wide) : 0;
    if (w > 0)
        WriteConsoleW(console, wide, (DWORD)w, &done, NULL); /* the C library would write byte by byte */
    else
        fwrite(text, 1, n, stderr);
    fflush(stderr);
    return true;
}

static DWORD input_mode;

static void restore_input(void)
{
    SetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), input_mode);
}

void acq_stderr_never_wait(void)
{
    /* A click into the console begins to mark text, and until it ends all that write there wait: Microsoft,
     * "SetConsoleMode function", ENABLE_QUICK_EDIT_MODE. Marking by the window's menu stays. */
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    if (!GetConsoleMode(input, &input_mode)) return;
    SetConsoleMode(input, (input_mode & ~(DWORD)ENABLE_QUICK_EDIT_MODE) | ENABLE_EXTENDED_FLAGS);
    atexit(restore_input);
}
