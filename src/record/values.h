/* values.h - are the values of a frame plausible? What is not is worth a warning, and no fault.
 *
 * Units   those of the channel table.
 * Source  ranges: Kunos, "Assetto Corsa Shared Memory Documentation", and what recordings of the game show. */
#ifndef ACQ_RECORD_VALUES_H
#define ACQ_RECORD_VALUES_H

#include "frame/frame.h"

/* Kinds of oddness: one for each channel that is no finite number, and one for each range. */
enum { ACQ_VALUES_RANGES = 18, ACQ_VALUES_KINDS = ACQ_IDS + ACQ_VALUES_RANGES };

/* acq_values_check calls odd(user, kind, value) for each value of the physics and graphics of f that is not plausible.
 */
void acq_values_check(const struct acq_frame *f, void (*odd)(void *user, unsigned kind, double value), void *user);

/* acq_values_odd returns how many values acq_values_check would name: for every frame that a server takes. What stands
 * in f where a channel is not there costs time at most; but it must have been set once (acq_frame_clear). */
unsigned acq_values_odd(const struct acq_frame *f);

/* acq_values_text writes what `kind` means, "gas is outside 0 to 1", to dst. */
void acq_values_text(char dst[128], unsigned kind);

#endif
