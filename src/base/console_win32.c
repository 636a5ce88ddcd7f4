#include "base/console.h"

#include <windows.h>

bool acq_console_is_own(void)
{
    DWORD mode, ids[2];
    return GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode) && GetConsoleProcessList(ids, 2) == 1;
}

void acq_console_minimise(void)
{
    HWND window = GetConsoleWindow();
    if (window && acq_console_is_own()) ShowWindow(window, SW_SHOWMINNOACTIVE);
}
