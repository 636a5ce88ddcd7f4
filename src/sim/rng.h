/* rng.h - a small random number generator: same seed, same numbers, on every machine.
 *
 * Threads  none: a generator belongs to one simulator.
 * Source   Blackman, Vigna, "Scrambled Linear Pseudorandom Number Generators" (xoshiro256**, splitmix64). */
#ifndef ACQ_SIM_RNG_H
#define ACQ_SIM_RNG_H

#include <stdint.h>

struct acq_sim_rng {
    uint64_t s[4];
};

/* acq_sim_hash turns any number into one without visible relation to it (splitmix64). */
static inline uint64_t acq_sim_hash(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* acq_sim_rng_init starts rng from seed; every seed is good, 0 too. */
static inline void acq_sim_rng_init(struct acq_sim_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) rng->s[i] = acq_sim_hash(seed + 0x9e3779b97f4a7c15u * (uint64_t)i);
}

/* acq_sim_rng_next returns the next 64 random bits. */
static inline uint64_t acq_sim_rng_next(struct acq_sim_rng *rng)
{
    uint64_t *s = rng->s, r = s[1] * 5, t = s[1] << 17;

    r = ((r << 7) | (r >> 57)) * 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return r;
}

/* acq_sim_unit returns the number in [0, 1) that bits stand for. */
static inline double acq_sim_unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

/* acq_sim_rng_between returns a number in [low, high). */
static inline double acq_sim_rng_between(struct acq_sim_rng *rng, double low, double high)
{
    return low + (high - low) * acq_sim_unit(acq_sim_rng_next(rng));
}

#endif
