/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * For tests: what endpoints, answers and held calls are at one moment, mixed into a number. Nobody
 * else is in the kernel, so that no lock is needed.
 */
#include "ipc/answer_internal.h"
#include "ipc/endpoint_internal.h"

static inline void
snapshot_mix(uint64_t *hash, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	/* FNV-1a. */
	for (size_t i = 0; i < count; i++)
		*hash = (*hash ^ at[i]) * UINT64_C(0x100000001b3);
}

static inline void
snapshot_mix_endpoint(uint64_t *hash, const struct endpoint *endpoint)
{
	uint64_t parts[] = { endpoint->object.references, endpoint->object.epoch,
		endpoint->call_count, endpoint->receive_count, endpoint->interface_count,
		endpoint->closed };

	snapshot_mix(hash, parts, sizeof(parts));
	snapshot_mix(hash, &endpoint->calls, sizeof(endpoint->calls));
	snapshot_mix(hash, &endpoint->receives, sizeof(endpoint->receives));
}

/* Answers that have a name, and the calls that a process holds for others. */
static inline void
snapshot_mix_calls(uint64_t *hash, const struct process *process, struct ring *ring)
{
	const struct answers *answers = *ring_answers(ring);
	const struct call_table *calls = process->calls;

	if (answers != NULL)
		snapshot_mix(hash, answers->at, sizeof(answers->at));
	if (calls == NULL)
		return;
	snapshot_mix(hash, calls, sizeof(*calls));
	for (uint32_t i = 0; i * CALL_CHUNK_SLOTS < calls->slot_count; i++)
		snapshot_mix(hash, calls->chunks[i], sizeof(*calls->chunks[i]));
}
