/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory objects; see memory_object.h. Frames are named in pages of 512 numbers, which are frames
 * of the payer themselves; the object holds the numbers of those pages.
 */
#include "mm/memory_object.h"

#include <core/string.h>

#include "arch/cpu.h"
#include "arch/page_table.h"
#include "mm/frame.h"
#include "mm/job.h"
#include "mm/pool.h"

#define FRAMES_PER_PAGE 512
#define DIRECTORY_MAX (MEMORY_OBJECT_PAGES_MAX / FRAMES_PER_PAGE)
#define INLINE_FRAMES 4 /* small objects need no page of numbers */

struct memory_object {
	_Atomic uint32_t references;
	_Atomic uint32_t mappings;
	uint32_t page_count; /* [I] */
	uint32_t unused;
	struct ledger *payer; /* [I] a reference */
	union {
		paddr_t frames[INLINE_FRAMES];
		paddr_t *directory[DIRECTORY_MAX];
	};
};

static struct pool object_pool;

void
memory_object_module_init(void)
{
	pool_init(&object_pool, "memory-object", sizeof(struct memory_object));
}

static paddr_t *
frame_slot(const struct memory_object *object, uint64_t page)
{
	if (object->page_count <= INLINE_FRAMES)
		return (paddr_t *)(uintptr_t)&object->frames[page];
	return &object->directory[page / FRAMES_PER_PAGE][page % FRAMES_PER_PAGE];
}

static void
free_contents(struct memory_object *object, uint32_t filled)
{
	for (uint32_t i = 0; i < filled; i++) {
		frame_free(object->payer, *frame_slot(object, i));
		if (i % JOB_STEP_ENTRIES == JOB_STEP_ENTRIES - 1)
			arch_interrupt_window();
	}
	for (uint32_t i = 0; object->page_count > INLINE_FRAMES && i < DIRECTORY_MAX; i++)
		if (object->directory[i] != NULL)
			frame_free(object->payer, arch_direct_unmap(object->directory[i]));
}

static enum cap_status
make_directory(struct memory_object *object)
{
	uint32_t needed = (object->page_count + FRAMES_PER_PAGE - 1) / FRAMES_PER_PAGE;

	for (uint32_t i = 0; object->page_count > INLINE_FRAMES && i < needed; i++) {
		paddr_t frame;
		enum cap_status status = frame_alloc(object->payer, &frame);

		if (status != CAP_OK)
			return status;
		object->directory[i] = arch_direct_map(frame);
	}
	return CAP_OK;
}

static enum cap_status
fill_scattered(struct memory_object *object, uint32_t *filled)
{
	for (; *filled < object->page_count; (*filled)++) {
		enum cap_status status = frame_alloc(object->payer, frame_slot(object, *filled));

		if (status != CAP_OK)
			return status;
		if (*filled % (JOB_STEP_BYTES / PAGE_BYTES) == 3)
			arch_interrupt_window();
	}
	return CAP_OK;
}

static enum cap_status
fill_contiguous(struct memory_object *object, uint32_t *filled)
{
	paddr_t first;
	enum cap_status status = frame_alloc_contiguous(object->payer, object->page_count, &first);

	if (status != CAP_OK)
		return status;
	for (; *filled < object->page_count; (*filled)++) {
		*frame_slot(object, *filled) = first + *filled * PAGE_BYTES;
		memset(arch_direct_map(first + *filled * PAGE_BYTES), 0, PAGE_BYTES);
		if (*filled % (JOB_STEP_BYTES / PAGE_BYTES) == 3)
			arch_interrupt_window();
	}
	return CAP_OK;
}

enum cap_status
memory_object_create(const struct memory_object_request *request, struct memory_object **out)
{
	struct ledger *payer = request->payer;
	uint32_t page_count = request->page_count;
	struct memory_object *object;
	uint32_t filled = 0;
	void *memory;
	enum cap_status status;

	if (page_count == 0 || page_count > MEMORY_OBJECT_PAGES_MAX)
		return CAP_ERR_INVALID_ARGUMENT;
	status = pool_alloc(&object_pool, payer, &memory);
	if (status != CAP_OK)
		return status;
	object = memory;
	object->references = 1;
	object->page_count = page_count;
	object->payer = payer;
	status = make_directory(object);
	if (status == CAP_OK)
		status = request->contiguous ? fill_contiguous(object, &filled)
					     : fill_scattered(object, &filled);
	if (status != CAP_OK) {
		free_contents(object, filled);
		pool_free(&object_pool, payer, object);
		return status;
	}
	ledger_get(payer);
	*out = object;
	return CAP_OK;
}

void
memory_object_get(struct memory_object *object)
{
	__atomic_fetch_add((uint32_t *)&object->references, 1, __ATOMIC_RELAXED);
}

void
memory_object_put(struct memory_object *object)
{
	struct ledger *payer = object->payer;

	/* Whoever frees has seen all writes of those who let go before. */
	if (__atomic_fetch_sub((uint32_t *)&object->references, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	free_contents(object, object->page_count);
	pool_free(&object_pool, payer, object);
	ledger_put(payer);
}

void
memory_object_map_get(struct memory_object *object)
{
	__atomic_fetch_add((uint32_t *)&object->mappings, 1, __ATOMIC_RELAXED);
	memory_object_get(object);
}

void
memory_object_map_put(struct memory_object *object)
{
	__atomic_fetch_sub((uint32_t *)&object->mappings, 1, __ATOMIC_RELAXED);
	memory_object_put(object);
}

uint64_t
memory_object_bytes(const struct memory_object *object)
{
	return (uint64_t)object->page_count * PAGE_BYTES;
}

uint32_t
memory_object_mappings(const struct memory_object *object)
{
	return __atomic_load_n((const uint32_t *)&object->mappings, __ATOMIC_RELAXED);
}

paddr_t
memory_object_frame(const struct memory_object *object, uint64_t offset)
{
	return *frame_slot(object, offset / PAGE_BYTES);
}

void
memory_object_read(const struct memory_object *object, uint64_t offset, void *to, uint64_t bytes)
{
	if (bytes != 0)
		memcpy(to,
		    (const char *)arch_direct_map(memory_object_frame(object, offset)) +
			offset % PAGE_BYTES,
		    bytes);
}
