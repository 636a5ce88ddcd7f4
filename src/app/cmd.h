/* cmd.h - the subcommands of acq: each takes its own argv (argv[0] is its name) and returns the exit code. */
#ifndef ACQ_APP_CMD_H
#define ACQ_APP_CMD_H

#include "base/err.h"

int acq_cmd_cat(int argc, char **argv);
int acq_cmd_channels(int argc, char **argv);
int acq_cmd_convert(int argc, char **argv);
int acq_cmd_doctor(int argc, char **argv);
int acq_cmd_filter(int argc, char **argv);
int acq_cmd_info(int argc, char **argv);
int acq_cmd_laps(int argc, char **argv);
int acq_cmd_merge(int argc, char **argv);
int acq_cmd_plot(int argc, char **argv);
int acq_cmd_recover(int argc, char **argv);
int acq_cmd_replay(int argc, char **argv);
int acq_cmd_serve(int argc, char **argv);
int acq_cmd_sim(int argc, char **argv);
int acq_cmd_sql(int argc, char **argv);
int acq_cmd_view(int argc, char **argv);

/* acq_cmd_fail prints what went wrong on stderr and returns the exit code for it. */
int acq_cmd_fail(const struct acq_err *err);

#endif
