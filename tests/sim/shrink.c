/* SPDX-License-Identifier: Apache-2.0 */
/* Delta debugging over the steps of a run; see shrink.h. */
#include "shrink.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "corruptions.h"

/* Most of it is gone by then, and a try of a long run takes a second. */
#define TRIES_MAX 600

/* What a try tells the process that made it. */
struct told {
	uint64_t step; /* the last one that was begun */
};

struct shrinking {
	const struct shrink_request *request;
	uint64_t last_step; /* 0: not known yet */
	bool *left_out;	    /* by step; NULL: none */
	struct told *told;  /* shared */
	uint32_t tries;
};

static void
run(const struct shrinking *with, bool is_quiet)
{
	struct simulation *simulation = calloc(1, sizeof(*simulation));

	if (simulation == NULL)
		_Exit(2);
	if (is_quiet) {
		int nowhere = open("/dev/null", O_WRONLY);

		(void)dup2(nowhere, STDOUT_FILENO);
		(void)dup2(nowhere, STDERR_FILENO);
	}
	simulation->seed = with->request->seed;
	simulation->corrupt_step = with->request->corrupt_step;
	simulation->corrupt = corrupt_ledger;
	simulation->left_out = with->left_out;
	simulation->last_step = with->last_step;
	simulation->step_told = &with->told->step;
	simulation->keeps_all = !is_quiet;
	_Exit(simulation_run(simulation, with->request->operations) ? 0 : 1);
}

static bool
fails(struct shrinking *with, bool is_quiet)
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		run(with, is_quiet);
	with->tries++;
	return child > 0 && waitpid(child, &status, 0) == child &&
	    !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The steps that are still in. */
static uint64_t
steps_left(const struct shrinking *with)
{
	uint64_t count = 0;

	for (uint64_t step = 1; step <= with->last_step; step++)
		count += !with->left_out[step];
	return count;
}

/* Leave out the steps of `count` that come behind `*from`; false: there are none. */
static bool
leave_out(struct shrinking *with, uint64_t *from, uint64_t count, uint64_t *chosen)
{
	uint64_t found = 0;
	uint64_t step = *from;

	for (; step <= with->last_step && found < count; step++)
		if (!with->left_out[step]) {
			with->left_out[step] = true;
			chosen[found++] = step;
		}
	*from = step;
	for (uint64_t i = found; i < count; i++)
		chosen[i] = 0;
	return found != 0;
}

static void
put_back(struct shrinking *with, const uint64_t *chosen, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (chosen[i] != 0)
			with->left_out[chosen[i]] = false;
}

/* One pass with parts of that size; true: something could be left out. */
static bool
pass(struct shrinking *with, uint64_t size)
{
	uint64_t *chosen = calloc(size, sizeof(*chosen));
	uint64_t from = 1;
	bool shrank = false;

	if (chosen == NULL)
		return false;
	while (with->tries < TRIES_MAX && leave_out(with, &from, size, chosen)) {
		if (fails(with, true))
			shrank = true;
		else
			put_back(with, chosen, size);
	}
	free(chosen);
	return shrank;
}

bool
shrink(const struct shrink_request *request)
{
	struct shrinking with = { .request = request };
	uint64_t size;

	with.told = mmap(
	    NULL, sizeof(*with.told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (with.told == MAP_FAILED || !fails(&with, true))
		return false;
	/* What comes behind the step that failed is not there any more, the end of the run
	 * included. */
	with.last_step = with.told->step;
	with.left_out = calloc(with.last_step + 1, sizeof(*with.left_out));
	if (with.left_out == NULL)
		return true;
	for (size = (with.last_step + 1) / 2; size != 0; size = pass(&with, size) ? size : size / 2)
		;
	printf("%llu of %llu steps are left after %u tries:\n",
	    (unsigned long long)steps_left(&with), (unsigned long long)with.last_step, with.tries);
	(void)fails(&with, false);
	return true;
}
