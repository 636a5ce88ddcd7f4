#include "base/stop.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static void on_signal(int number)
{
    enum acq_stop why = number == SIGINT ? ACQ_STOP_USER : number == SIGHUP ? ACQ_STOP_CONSOLE : ACQ_STOP_TOLD;
    if (!acq_stop_tell(why)) _exit(1);
}

void acq_stop_watch(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before; /* no SA_RESTART: sleeping and reading end at once */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* nohup(1) leaves SIGHUP ignored: the program is to outlive its terminal */
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, NULL);
}
