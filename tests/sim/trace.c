/* SPDX-License-Identifier: Apache-2.0 */
/* Traces of rings; see trace.h. */
#include "trace.h"

#include <stdio.h>

#include "ring/ring.h"

static FILE *file;
static bool is_there[MODEL_PROCESSES];

bool
trace_open(const char *path)
{
	file = fopen(path, "w");
	return file != NULL;
}

bool
trace_close(void)
{
	bool is_whole = file == NULL || (ferror(file) == 0 && fclose(file) == 0);

	file = NULL;
	return is_whole;
}

void
trace_born(uint32_t process)
{
	if (file == NULL)
		return;
	is_there[process] = true;
	fprintf(file, "B %u\n", process);
}

void
trace_sent(const struct simulation *simulation, uint32_t process, uint64_t user_data)
{
	if (file != NULL)
		fprintf(file, "S %u %u %llu\n", process,
		    simulation->processes[process].ring->sq_tail, (unsigned long long)user_data);
}

void
trace_completion(uint32_t process, uint32_t number, uint64_t user_data)
{
	if (file != NULL)
		fprintf(file, "C %u %u %llu\n", process, number, (unsigned long long)user_data);
}

static void
trace_indexes(const struct world_process *process, uint32_t index)
{
	const struct cap_ring *shared = process->ring;
	char states[RING_OPS_MAX + 1] = { 0 };

	for (uint32_t i = 0; i < RING_OPS_MAX; i++)
		states[i] = (char)('0' + ring_op(process->thread->ring, i)->state);
	fprintf(file, "I %u %u %u %u %u %s\n", index, shared->sq_head, shared->sq_tail,
	    shared->cq_head, shared->cq_tail, states);
}

void
trace_step(const struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES && file != NULL; i++) {
		if (simulation->model.processes[i].alive) {
			trace_indexes(&simulation->processes[i], i);
		} else if (is_there[i]) {
			fprintf(file, "D %u\n", i);
			is_there[i] = false;
		}
	}
}
