/* endsession.c - tells a Windows program to end, as Windows would: endsession.exe WAY FILE PROGRAM ARGUMENTS...
 *
 * It starts PROGRAM, waits until FILE is there, and then:
 *   shutdown, logoff   sends the messages of the session's end to the program's window, as Windows does to every window
 *   refused            the same, but another program has said no, so nothing ends; then shutdown
 *   close, break       begins the console's event in the program, as Windows does: a thread in CtrlRoutine
 * Its exit code is the program's; 99 if that has no window, says no, or does not end. */
#include <windows.h>

#include <shellapi.h>
#include <stdio.h>
#include <wchar.h>

enum { PATIENCE_S = 90, FAILED = 99 };

static int failed(const char *why)
{
    printf("endsession: %s (error %lu)\n", why, GetLastError());
    return FAILED;
}

static HANDLE start(int argc, wchar_t **argv, DWORD *id)
{
    wchar_t line[4096] = L"";
    STARTUPINFOW how = {.cb = sizeof how};
    PROCESS_INFORMATION process;
    for (int i = 0; i < argc; i++) {
        wcscat(line, i ? L" \"" : L"\"");
        wcscat(line, argv[i]);
        wcscat(line, L"\"");
    }
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &process)) return NULL;
    CloseHandle(process.hThread);
    *id = process.dwProcessId;
    return process.hProcess;
}

static HWND window_of(DWORD id)
{
    for (HWND window = NULL; (window = FindWindowExW(NULL, window, L"acq_stop", NULL)) != NULL;) {
        DWORD owner;
        GetWindowThreadProcessId(window, &owner);
        if (owner == id) return window;
    }
    return NULL;
}

/* end_session: Windows asks all windows, and then tells them whether it ends. */
static int end_session(DWORD id, BOOL ends, LPARAM how)
{
    DWORD_PTR answer = 0;
    HWND window = window_of(id);
    if (!window) return failed("the program has no window for this");
    if (IsWindowVisible(window)) return failed("its window can be seen");
    if (!SendMessageTimeoutW(window, WM_QUERYENDSESSION, 0, how, SMTO_NORMAL, PATIENCE_S * 1000, &answer) || !answer)
        return failed("the program does not let the session end");
    if (!PostMessageW(window, WM_ENDSESSION, (WPARAM)ends, how)) return failed("the program cannot be told");
    return 0;
}

static int console_event(HANDLE process, DWORD event)
{
    FARPROC routine = GetProcAddress(GetModuleHandleW(L"kernelbase"), "CtrlRoutine");
    if (!routine) return failed("this system has no CtrlRoutine");
    HANDLE thread = CreateRemoteThread(process, NULL, 0, (LPTHREAD_START_ROUTINE)(void (*)(void))routine,
                                       (void *)(DWORD_PTR)event, 0, NULL);
    if (!thread) return failed("the event does not begin");
    CloseHandle(thread);
    return 0;
}

static int tell(const wchar_t *way, HANDLE process, DWORD id)
{
    if (!wcscmp(way, L"close")) return console_event(process, CTRL_CLOSE_EVENT);
    if (!wcscmp(way, L"break")) return console_event(process, CTRL_BREAK_EVENT);
    if (!wcscmp(way, L"logoff")) return end_session(id, TRUE, (LPARAM)ENDSESSION_LOGOFF);
    if (!wcscmp(way, L"refused")) {
        if (end_session(id, FALSE, 0)) return FAILED;
        if (WaitForSingleObject(process, 1500) != WAIT_TIMEOUT) return failed("the program ended, and should not");
    }
    return end_session(id, TRUE, 0);
}

int main(void)
{
    int argc;
    DWORD id, code;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    HANDLE process = argv && argc > 3 ? start(argc - 3, argv + 3, &id) : NULL;
    if (!process) return failed("cannot start the program");
    while (GetFileAttributesW(argv[2]) == INVALID_FILE_ATTRIBUTES && WaitForSingleObject(process, 50) == WAIT_TIMEOUT) {
    }
    int r = tell(argv[1], process, id);
    if (!r && WaitForSingleObject(process, PATIENCE_S * 1000) != WAIT_OBJECT_0) r = failed("the program does not end");
    if (r) TerminateProcess(process, FAILED);
    GetExitCodeProcess(process, &code);
    return r ? r : (int)code;
}
