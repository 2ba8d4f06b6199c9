/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulator [--seed N] [--steps M] [--shrink] [--trace FILE] [--explore SCOPE]: M random operations
 * of a seed, compared with the model after each; then what was reached. A run that failed is
 * repeated with the seed and the steps it prints; --shrink finds the least of it that fails
 * (--corrupt STEP makes one that does). --explore does everything that a scope of explore_scopes.c
 * allows instead; a --corrupt before it makes that fail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corruptions.h"
#include "explore.h"
#include "shrink.h"
#include "simulation.h"
#include "trace.h"

#define OPERATIONS 200000

static int
simulate(uint64_t seed, uint64_t operations)
{
	struct simulation *simulation = calloc(1, sizeof(*simulation));
	bool agreed;

	if (simulation == NULL)
		return 2;
	simulation->seed = seed;
	agreed = simulation_run(simulation, operations);
	printf("seed %llu: %llu operations, %s\n", (unsigned long long)simulation->seed,
	    (unsigned long long)simulation->operations,
	    agreed ? "kernel and model agree" : "kernel and model differ");
	agreed = trace_close() && agreed;
	coverage_print(&simulation->coverage);
	free(simulation);
	/* Whether everything is reached is asked of one seed, by sim_test.c. */
	return agreed ? 0 : 1;
}

static int
explore_named(const char *name, uint64_t corrupt_step)
{
	const struct explore_scope *found = explore_scope_find(name);
	static struct explore_result result;
	struct explore_scope scope;

	if (found == NULL)
		return 2;
	scope = *found;
	scope.corrupt = corrupt_step == 0 ? NULL : corrupt_ledger;
	scope.corrupt_step = corrupt_step;
	explore(&scope, &result);
	explore_print(&scope, &result);
	return result.agreed && explore_is_expected(&scope, &result) ? 0 : 1;
}

int
main(int argument_count, char **arguments)
{
	struct shrink_request request = { .seed = 1, .operations = OPERATIONS };
	bool shrinks = false;

	for (int i = 1; i < argument_count; i++) {
		bool has_value = i + 1 < argument_count;

		if (strcmp(arguments[i], "--shrink") == 0)
			shrinks = true;
		else if (strcmp(arguments[i], "--seed") == 0 && has_value)
			request.seed = strtoull(arguments[++i], NULL, 0);
		else if (strcmp(arguments[i], "--steps") == 0 && has_value)
			request.operations = strtoull(arguments[++i], NULL, 0);
		else if (strcmp(arguments[i], "--corrupt") == 0 && has_value)
			request.corrupt_step = strtoull(arguments[++i], NULL, 0);
		else if (strcmp(arguments[i], "--explore") == 0 && has_value)
			return explore_named(arguments[i + 1], request.corrupt_step);
		else if (strcmp(arguments[i], "--trace") == 0 && has_value &&
		    trace_open(arguments[i + 1]))
			i++;
		else
			return 2;
	}
	if (!shrinks)
		return simulate(request.seed, request.operations);
	if (shrink(&request))
		return 1;
	printf("seed %llu: %llu operations do not fail\n", (unsigned long long)request.seed,
	    (unsigned long long)request.operations);
	return 0;
}
