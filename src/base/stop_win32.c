#include "base/stop.h"

#include <windows.h>

/* Main ends the process long before; if it hangs, nobody has to wait for it any longer. */
enum { PATIENCE_MS = 10000 };

/* ---- the console: Ctrl+C, Ctrl+Break, its window is closed ---- */

static BOOL WINAPI on_control(DWORD event) /* on a thread of its own */
{
    switch (event) {
    case CTRL_C_EVENT:
    case CTRL_BREAK_EVENT: return acq_stop_tell(ACQ_STOP_USER); /* FALSE: the next handler, which ends the program */
    case CTRL_CLOSE_EVENT: acq_stop_tell(ACQ_STOP_CONSOLE); break;
    case CTRL_SHUTDOWN_EVENT: acq_stop_tell(ACQ_STOP_SHUTDOWN); break;
    default: return TRUE; /* CTRL_LOGOFF_EVENT comes to services alone, when anybody logs off */
    }
    /* When this returns, Windows ends the process at once; while it does not, for five seconds not: Microsoft,
     * "HandlerRoutine callback function", Timeouts. When main returns, this thread ends too. */
    Sleep(PATIENCE_MS);
    return TRUE;
}

/* ---- the session: log-off and shutdown ----
 *
 * A console program that has loaded user32.dll or gdi32.dll gets neither CTRL_LOGOFF_EVENT nor CTRL_SHUTDOWN_EVENT: to
 * Windows it is one with windows, and is told by a message to those: Microsoft, "SetConsoleCtrlHandler function",
 * Remarks, which advises a hidden window. libuv needs user32. */

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM ends, LPARAM how)
{
    /* Yes, and at once; what is to be saved is saved when it is sure to end: Microsoft, "WM_QUERYENDSESSION message".
     */
    if (message == WM_QUERYENDSESSION) return TRUE;
    if (message != WM_ENDSESSION) return DefWindowProcW(window, message, ends, how);
    if (!ends) return 0; /* another program has said no: nothing ends */
    /* A program without a visible window is ended after five seconds without a word, one that gives a reason is named
     * to the user instead: Microsoft, "ShutdownBlockReasonCreate function". A slow disk may need it. */
    ShutdownBlockReasonCreate(window, L"Telemetry is being saved.");
    if (how & ENDSESSION_CLOSEAPP)
        acq_stop_tell(ACQ_STOP_TOLD);
    else
        acq_stop_tell((ULONG_PTR)how & ENDSESSION_LOGOFF ? ACQ_STOP_LOGOFF : ACQ_STOP_SHUTDOWN);
    /* "[T]he session can end any time after all applications have returned from processing this message": Microsoft,
     * "WM_ENDSESSION message". */
    Sleep(PATIENCE_MS);
    ShutdownBlockReasonDestroy(window);
    return 0;
}

static DWORD WINAPI run_window(void *unused)
{
    WNDCLASSW kind = {.lpfnWndProc = on_message, .hInstance = GetModuleHandleW(NULL), .lpszClassName = L"acq_stop"};
    MSG message;
    (void)unused;
    /* Not a message-only window (HWND_MESSAGE), which "does not receive broadcast messages", as these are: Microsoft,
     * "Window Features". It is never shown. */
    if (!RegisterClassW(&kind) ||
        !CreateWindowExW(0, kind.lpszClassName, L"acq", 0, 0, 0, 0, 0, NULL, NULL, kind.hInstance, NULL))
        return 0; /* no desktop, as in a service: the console's events have to do */
    while (GetMessageW(&message, NULL, 0, 0) > 0) DispatchMessageW(&message);
    return 0;
}

void acq_stop_watch(void)
{
    static bool watching;
    if (watching) return;
    watching = true;
    SetConsoleCtrlHandler(NULL, FALSE); /* whoever started us may have left Ctrl+C ignored */
    SetConsoleCtrlHandler(on_control, TRUE);
    HANDLE thread = CreateThread(NULL, 0, run_window, NULL, 0, NULL);
    if (thread) CloseHandle(thread);
}
