/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The least of a run that fails. Steps are left out, large parts first, as long as what is left
 * fails in whatever way; each try is a process of its own, so that a panic is a failure like
 * others.
 */
#include "simulation.h"

/*
 * Runs the seed up to its failure, shrinks, runs the rest once more and prints every step of it.
 * False: the run of so many operations does not fail.
 */
struct shrink_request {
	uint64_t seed;
	uint64_t operations;
	uint64_t corrupt_step; /* a charge that nobody made, from that step on; 0: none */
};
bool shrink(const struct shrink_request *request);
