/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Pages that can be mapped by several processes. Counted: holds (by the capability object that
 * embeds it) and mappings. The backing is charged to the ledger of whoever made the object, until
 * the last drop (the object holds a reference to that ledger); each mapping's addresses and tables
 * are charged to the process that maps.
 */
#include "mm/ledger.h"

struct memory_object;

#define MEMORY_OBJECT_PAGES_MAX 4096

/* `page_count` zeroed frames; one reference. Lets interrupts in between steps.
 * CAP_ERR_INVALID_ARGUMENT: none, or too many. */
struct memory_object_request {
	struct ledger *payer;
	uint32_t page_count;
	bool contiguous;
};
MUST_CHECK enum cap_status
memory_object_create(const struct memory_object_request *request, struct memory_object **out);
uint64_t memory_object_bytes(const struct memory_object *object);
uint32_t memory_object_mappings(const struct memory_object *object);
void memory_object_get(struct memory_object *object);
/* The last drop queues the teardown as a reap job. */
void memory_object_put(struct memory_object *object);

/* A mapping: a reference that memory_object_mappings() counts. */
void memory_object_map_get(struct memory_object *object);
void memory_object_map_put(struct memory_object *object);
/* The frame that holds byte `offset`, which is inside. */
paddr_t memory_object_frame(const struct memory_object *object, uint64_t offset);
/* Copy bytes out of the object; the range is inside it and within one page. */
void
memory_object_read(const struct memory_object *object, uint64_t offset, void *to, uint64_t bytes);
void memory_object_module_init(void);
