/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulator [--seed N] [--steps M]: M random operations of a seed, compared with the model after
 * each; then what was reached. A run that failed is repeated with the seed and the steps it prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation.h"

#define OPERATIONS 200000

int
main(int argument_count, char **arguments)
{
	struct simulation *simulation = calloc(1, sizeof(*simulation));
	uint64_t operations = OPERATIONS;
	bool agreed;
	bool complete;

	if (simulation == NULL)
		return 2;
	simulation->seed = 1;
	for (int i = 1; i + 1 < argument_count; i += 2) {
		if (strcmp(arguments[i], "--seed") == 0)
			simulation->seed = strtoull(arguments[i + 1], NULL, 0);
		else if (strcmp(arguments[i], "--steps") == 0)
			operations = strtoull(arguments[i + 1], NULL, 0);
	}
	agreed = simulation_run(simulation, operations);
	printf("seed %llu: %llu operations, %s\n", (unsigned long long)simulation->seed,
	    (unsigned long long)simulation->operations,
	    agreed ? "kernel and model agree" : "kernel and model differ");
	coverage_print(&simulation->coverage);
	complete = operations < OPERATIONS || coverage_is_complete(&simulation->coverage);
	free(simulation);
	return agreed && complete ? 0 : 1;
}
