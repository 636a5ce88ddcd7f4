#include "base/console.h"

bool acq_console_is_own(void)
{
    return false;
}

void acq_console_minimise(void)
{
}
