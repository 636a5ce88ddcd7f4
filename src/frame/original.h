/* original.h - frames that the original project's bridge wrote: recognised and, as far as it goes, put right.
 *
 * That bridge read the game's pages through structs that were too short. What it calls acc_g is the world velocity,
 * what it calls tyre_load is mostly tyre pressure, and so on; its messages are well-formed, so only their values tell.
 *
 * Units   those of the channel table. Memory, threads: plain functions on the caller's frame.
 * Source  the pages' layout: Kunos, "Assetto Corsa Shared Memory Documentation"; the structs: ac_shmem.hpp and main.cpp
 *         of the original project (Pepen0/Slipstream, MIT licence). */
#ifndef ACQ_FRAME_ORIGINAL_H
#define ACQ_FRAME_ORIGINAL_H

#include "frame/frame.h"

/* acq_frame_original says whether the values of frame f, as decoded, are shifted so. Returns 1: yes; 0: no, f has a
 * channel that only we write, or its velocity has the length of its speed; -1: this frame cannot tell, as most do not
 * while the car stands still and the static page is not known. */
int acq_frame_original(const struct acq_frame *f);

/* acq_frame_restore moves the values of such a frame to the channels that they are, and marks as absent what it does
 * not have. Of four tyre_wear there are three: the last is NaN, which users of the frame must take as absent. The steer
 * angle is right to the last bit but one: the original divided it by 180. Call it once for each frame. */
void acq_frame_restore(struct acq_frame *f);

#endif
