/* track.h - the road: a closed line with widths, and the line that the car drives on it.
 *
 * Units   m, rad, m/s. World axes as the game's: x and z in the plane, y up; on a map x points right and z down.
 *         Left and right are the driver's. Curvature (1/m) and offsets are positive to the left.
 * Shapes  nodes at equal steps along the racing line, which is also the line that normalizedCarPosition measures.
 * Memory  acq_sim_track_init fills a caller's struct, acq_sim_track_fini frees what it holds.
 * Threads none; a finished track is only read. */
#ifndef ACQ_SIM_TRACK_H
#define ACQ_SIM_TRACK_H

#include <stddef.h>

struct acq_err;

/* One point of the middle of the road as its source has it. */
struct acq_sim_point {
    double x, z;        /* position */
    double right, left; /* from here to the edges, > 0 */
};

struct acq_sim_node {
    double x, y, z;
    double tx, tz;      /* unit vector along the line */
    double curvature;   /* positive: turns left */
    double slope;       /* dy/ds */
    double left, right; /* from the line to the edges */
    double speed;       /* what a good driver drives here */
    double accel;       /* and how the speed changes here, m/s^2 */
};

struct acq_sim_track {
    struct acq_sim_node *nodes;
    size_t count;
    double step, length;
    char name[33], layout[33]; /* as the game names folders: [a-z0-9_] */
};

/* A node between nodes: where the car is, and what lies there. */
struct acq_sim_place {
    struct acq_sim_node node;
    double offset; /* of the car from the line, positive to the left */
};

/* limits for tracks from files */
#define ACQ_SIM_POINTS_MIN 10
#define ACQ_SIM_POINTS_MAX 100000
#define ACQ_SIM_COORDINATE_MAX 100000.0
#define ACQ_SIM_RADIUS_MIN 6.0
#define ACQ_SIM_LENGTH_MIN 200.0
#define ACQ_SIM_LENGTH_MAX 100000.0

/* acq_sim_track_init makes a track: name is NULL or "short", "long", or the path of a CSV file. Returns ACQ_OK, or
 * ACQ_MISSING, ACQ_IO, ACQ_FORMAT, ACQ_RANGE, ACQ_MEMORY with err filled and nothing to free. */
int acq_sim_track_init(struct acq_sim_track *track, const char *name, struct acq_err *err);

/* acq_sim_track_fini frees what track holds. */
void acq_sim_track_fini(struct acq_sim_track *track);

/* acq_sim_track_at returns what lies at distance s along the line; s may be any finite number. */
struct acq_sim_node acq_sim_track_at(const struct acq_sim_track *track, double s);

/* acq_sim_track_locate moves *s, where the car was a moment ago, to where it is now at x, z. Returns what lies there.
 * *s stays in [0, length); *wrapped says whether it passed the line: 1 forwards, -1 backwards, 0 not. */
struct acq_sim_place acq_sim_track_locate(const struct acq_sim_track *track, double x, double z, double *s,
                                          int *wrapped);

/* The parts below are for the files of this folder. */

/* acq_sim_track_builtin fills *points (the caller frees it), *count and the names of a built-in track. Returns ACQ_OK
 * or ACQ_MEMORY; ACQ_MISSING without text in err when no built-in track has that name. */
int acq_sim_track_builtin(struct acq_sim_track *track, const char *name, struct acq_sim_point **points, size_t *count,
                          struct acq_err *err);

/* acq_sim_track_read fills *points (the caller frees it), *count and the names from a CSV file. Returns ACQ_OK, or
 * ACQ_MISSING, ACQ_IO, ACQ_FORMAT, ACQ_RANGE, ACQ_MEMORY with err filled. */
int acq_sim_track_read(struct acq_sim_track *track, const char *path, struct acq_sim_point **points, size_t *count,
                       struct acq_err *err);

/* acq_sim_line_build makes track's nodes from the middle of the road: finds the racing line, divides it into equal
 * steps, computes directions and curvature. Returns ACQ_OK, ACQ_RANGE or ACQ_MEMORY. */
int acq_sim_line_build(struct acq_sim_track *track, const struct acq_sim_point *points, size_t count,
                       struct acq_err *err);

/* acq_sim_profile_build fills the nodes' speed and accel for the car of car.h. */
void acq_sim_profile_build(struct acq_sim_track *track);

#endif
