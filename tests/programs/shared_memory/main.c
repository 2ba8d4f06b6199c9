/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that a parent makes and gives to its child: both see the same pages, and nothing of them
 * is left. CapSet: `console`, `spawner`, `frames`, `stats`.
 */
#include <schema/memory.client.h>
#include <schema/process.client.h>

#include "claims.h"
#include "exit_code.h"
#include "frames_used.h"

#define PAGE UINT64_C(4096)
#define PAGES 4
#define BYTES (PAGES * PAGE)
#define ASKED                                                                                      \
	UINT64_C(0x1122334455667788) /* programs/shared_memory_peer answers its complement         \
				      */
#define PEER_DONE 7

static struct {
	struct claims claims;
	struct process_spawner spawner;
	struct frame_allocator frames;
	struct kernel_stats stats;
} shared;

static enum cap_status
start(struct capos *self)
{
	CAPOS_TRY(process_spawner_from_capset(self, "spawner", &shared.spawner));
	CAPOS_TRY(kernel_stats_from_capset(self, "stats", &shared.stats));
	return frame_allocator_from_capset(self, "frames", &shared.frames);
}

/* The child gets the memory, and nothing else. */
static enum cap_status
spawn_peer(struct memory_object memory, struct process_handle *out)
{
	struct capos_call call;
	struct process_spawner_spawn_params_builder params =
	    process_spawner_spawn_begin(&call, shared.spawner);
	struct cap_grant_builder grant;
	enum cap_status status;

	process_spawner_spawn_params_set_name(params, CAPNP_TEXT("shared-memory-peer"));
	process_spawner_spawn_params_set_binary(params, CAPNP_TEXT("shared-memory-peer"));
	grant = cap_grant_builder_at(process_spawner_spawn_params_init_grants(params, 1), 0);
	cap_grant_set_name(grant, CAPNP_TEXT("memory"));
	cap_grant_set_cap(grant,
	    (struct capnp_cap){ memory.cap.cap_id, memory.cap.interface_id, CAPNP_CAP_COPY });
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->cap);
	capos_call_end(&call);
	return status;
}

static uint32_t
answers(const volatile uint64_t *words)
{
	uint32_t count = 0;

	for (uint64_t page = 0; page < PAGES; page++)
		count += words[page * PAGE / 8] == ~(ASKED + page);
	return count;
}

static uint32_t
mappings_of(struct memory_object memory)
{
	uint64_t size;
	uint32_t mappings = UINT32_MAX;

	(void)!memory_object_info(memory, &size, &mappings);
	return mappings;
}

static void
share(void)
{
	struct claims *claims = &shared.claims;
	struct memory_object memory = { 0 };
	struct process_handle process = { 0 };
	uint64_t address = 0;
	volatile uint64_t *words;

	claim(claims, "the parent makes memory and maps it",
	    frame_allocator_alloc(shared.frames, PAGES, &memory) == CAP_OK &&
		memory_object_map(memory, 0, BYTES, 0, PROTECTION_READ_WRITE, &address) == CAP_OK);
	words = (volatile uint64_t *)address;
	for (uint64_t page = 0; page < PAGES; page++)
		words[page * PAGE / 8] = ASKED + page;
	claim(claims, "it is given to a child", spawn_peer(memory, &process) == CAP_OK);
	claim(claims, "which finds what the parent wrote, answers, unmaps and ends",
	    exits_with(process, PEER_DONE));
	claim_equal(claims, "the parent sees the answers in the same pages", answers(words), PAGES);
	claim_equal(claims, "the child's mapping is gone", mappings_of(memory), 1);
	claim(claims, "the parent unmaps", memory_object_unmap(memory, address, BYTES) == CAP_OK);
	claim_equal(claims, "nobody maps it", mappings_of(memory), 0);
	capos_release(memory.cap);
}

int
capos_main(struct capos *self)
{
	uint64_t frames;

	if (start(self) != CAP_OK)
		return 101;
	claims_start(&shared.claims, self, "shared-memory");
	frames_settle(shared.stats);
	/* The first time, tables grow. */
	share();
	frames = frames_used(shared.stats);
	share();
	claim_equal(&shared.claims, "no frame is left behind", (int64_t)frames_used(shared.stats),
	    (int64_t)frames);
	return claims_end(&shared.claims);
}
