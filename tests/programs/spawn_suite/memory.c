/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: anonymous pages, protection, quota, shared objects, and what may never be touched. */
#include <abi/start.h>

#include "suite.h"

#define PAGE USER_PAGE_BYTES

static enum cap_status
try_map(struct suite *suite, uint64_t hint, uint64_t size)
{
	struct capos_call call;
	struct virtual_memory_map_params_builder params =
	    virtual_memory_map_begin(&call, suite->memory);
	struct virtual_memory_map_results results;
	enum cap_status status;

	virtual_memory_map_params_set_hint(params, hint);
	virtual_memory_map_params_set_size(params, size);
	virtual_memory_map_params_set_protection(params, PROTECTION_READ_WRITE);
	status = capos_call_send(&call);
	if (status == CAP_OK)
		status = capos_call_reason(&call, virtual_memory_map_wait(&call, &results));
	capos_call_end(&call);
	return status;
}

static enum cap_status
try_unmap(struct suite *suite, uint64_t address, uint64_t size)
{
	struct capos_call call;
	struct virtual_memory_unmap_params_builder params =
	    virtual_memory_unmap_begin(&call, suite->memory);
	struct virtual_memory_unmap_results results;
	enum cap_status status;

	virtual_memory_unmap_params_set_address(params, address);
	virtual_memory_unmap_params_set_size(params, size);
	status = capos_call_send(&call);
	if (status == CAP_OK)
		status = capos_call_reason(&call, virtual_memory_unmap_wait(&call, &results));
	capos_call_end(&call);
	return status;
}

static void
claim_refusals(struct suite *suite)
{
	struct claims *claims = &suite->claims;
	uint64_t frames = frames_used(suite->stats);

	claim_equal(claims, "the ring page cannot be mapped over",
	    try_map(suite, USER_RING_ADDRESS, PAGE), CAP_ERR_ADDRESS_IN_USE);
	claim_equal(claims, "the CapSet page cannot be mapped over",
	    try_map(suite, USER_CAPSET_ADDRESS, PAGE), CAP_ERR_ADDRESS_IN_USE);
	claim_equal(claims, "the ring page cannot be unmapped",
	    try_unmap(suite, USER_RING_ADDRESS, PAGE), CAP_ERR_NOT_MAPPED);
	claim_equal(claims, "page zero cannot be mapped", try_map(suite, 0x1000, PAGE),
	    CAP_ERR_INVALID_ARGUMENT);
	claim_equal(claims, "kernel addresses cannot be mapped",
	    try_map(suite, UINT64_C(0xffff800000000000), PAGE), CAP_ERR_INVALID_ARGUMENT);
	claim_equal(claims, "half a page cannot be mapped", try_map(suite, 0, PAGE / 2),
	    CAP_ERR_INVALID_ARGUMENT);
	claim_equal(
	    claims, "nothing cannot be mapped", try_map(suite, 0, 0), CAP_ERR_INVALID_ARGUMENT);
	claim_equal(claims, "a size that wraps is refused",
	    try_map(suite, 0x40000000, UINT64_MAX - PAGE + 1), CAP_ERR_INVALID_ARGUMENT);
	claim_equal(claims, "more than the quota is refused", try_map(suite, 0, 5000 * PAGE),
	    CAP_ERR_QUOTA_EXCEEDED);
	claim_equal(claims, "what was refused left no frame behind",
	    (int64_t)frames_used(suite->stats), (int64_t)frames);
}

static void
claim_anonymous(struct suite *suite)
{
	struct claims *claims = &suite->claims;
	uint64_t address = 0;
	volatile uint64_t *words;

	claim(claims, "memory can be mapped",
	    virtual_memory_map(suite->memory, 0, 4 * PAGE, PROTECTION_READ_WRITE, &address) ==
		CAP_OK);
	words = (volatile uint64_t *)address;
	claim(claims, "it is zeroed", words[0] == 0 && words[4 * PAGE / 8 - 1] == 0);
	words[PAGE / 8] = 42;
	claim(claims, "it can be hidden and shown again with its contents",
	    virtual_memory_protect(suite->memory, address, 4 * PAGE, PROTECTION_NONE) == CAP_OK &&
		virtual_memory_protect(suite->memory, address, 4 * PAGE, PROTECTION_READ_WRITE) ==
		    CAP_OK &&
		words[PAGE / 8] == 42);
	claim(claims, "a part of it can be unmapped",
	    virtual_memory_unmap(suite->memory, address + PAGE, PAGE) == CAP_OK);
	claim_equal(
	    claims, "and not twice", try_unmap(suite, address + PAGE, PAGE), CAP_ERR_NOT_MAPPED);
	claim(claims, "the rest can be unmapped",
	    virtual_memory_unmap(suite->memory, address, PAGE) == CAP_OK &&
		virtual_memory_unmap(suite->memory, address + 2 * PAGE, 2 * PAGE) == CAP_OK);
}

static void
claim_reserved(struct suite *suite)
{
	struct claims *claims = &suite->claims;
	uint64_t frames = frames_used(suite->stats);
	uint64_t address = 0;

	claim(claims, "addresses can be reserved",
	    virtual_memory_reserve(suite->memory, 0, 1024 * PAGE, &address) == CAP_OK);
	claim_equal(claims, "a reservation takes no frames", (int64_t)frames_used(suite->stats),
	    (int64_t)frames);
	claim(claims, "pages of it can be committed",
	    virtual_memory_commit(
		suite->memory, address + 8 * PAGE, 2 * PAGE, PROTECTION_READ_WRITE) == CAP_OK);
	*(volatile uint64_t *)(address + 9 * PAGE) = 1;
	claim(claims, "and taken away again",
	    virtual_memory_decommit(suite->memory, address + 8 * PAGE, 2 * PAGE) == CAP_OK);
	claim(claims, "and the reservation ends",
	    virtual_memory_unmap(suite->memory, address, 1024 * PAGE) == CAP_OK);
}

static void
claim_objects(struct suite *suite)
{
	struct claims *claims = &suite->claims;
	struct memory_object object = { 0 };
	uint64_t one = 0;
	uint64_t other = 0;
	uint64_t size = 0;
	uint32_t mappings = 0;
	uint64_t frames = frames_used(suite->stats);

	claim(claims, "a memory object can be made",
	    frame_allocator_alloc(suite->frames, 8, &object) == CAP_OK);
	claim(claims, "and mapped twice",
	    memory_object_map(object, 0, 8 * PAGE, 0, PROTECTION_READ_WRITE, &one) == CAP_OK &&
		memory_object_map(object, 4 * PAGE, PAGE, 0, PROTECTION_READ, &other) == CAP_OK);
	*(volatile uint64_t *)(one + 4 * PAGE) = 77;
	claim(claims, "both mappings are the same pages", *(volatile uint64_t *)other == 77);
	claim(claims, "it knows its size and mappings",
	    memory_object_info(object, &size, &mappings) == CAP_OK && size == 8 * PAGE &&
		mappings == 2);
	claim_equal(claims, "VirtualMemory cannot unmap what it did not make",
	    try_unmap(suite, one, 8 * PAGE), CAP_ERR_NOT_MAPPED);
	claim(claims, "the object can",
	    memory_object_unmap(object, one, 8 * PAGE) == CAP_OK &&
		memory_object_unmap(object, other, PAGE) == CAP_OK);
	capos_release(object.cap);
	claim(claims, "a released capability is stale",
	    capos_release_flush(suite->self) == CAP_OK &&
		memory_object_info(object, &size, &mappings) == CAP_ERR_STALE_GENERATION);
	/* The first mapping made page tables, which stay with the process. */
	claim(claims, "its frames come back", frames_used(suite->stats) <= frames + 2);
}

void
suite_memory(struct suite *suite)
{
	claim_refusals(suite);
	claim_anonymous(suite);
	claim_reserved(suite);
	claim_objects(suite);
}
