#include "app/cmd.h"

#include "base/log.h"

int acq_cmd_fail(const struct acq_err *err)
{
    acq_status("%s", "");
    acq_log(ACQ_LOG_ERROR, "%s", err->text);
    return acq_exit_code(err->code);
}
