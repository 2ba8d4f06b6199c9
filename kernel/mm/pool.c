/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object pools. A pool page starts with a header; its objects follow. Free objects of a page are
 * linked through their first word; a page without free objects is in no list, an empty one goes
 * back to the frames at once, so that baselines are exact.
 */
#include "mm/pool.h"

#include <core/string.h>

#include "arch/page_table.h"
#include "base/assert.h"
#include "mm/frame.h"

struct pool_page {
	struct list_node link; /* in partial_pages while an object is free */
	void *free;	       /* first free object */
	uint32_t used;
	uint32_t fresh; /* objects that were never given out start at this index */
	uint64_t unused[2];
};

_Static_assert(sizeof(struct pool_page) % 16 == 0, "objects are 16-byte aligned");

static struct list_node pools = { &pools, &pools };

static uint32_t
objects_per_page(const struct pool *pool)
{
	return (uint32_t)((PAGE_BYTES - sizeof(struct pool_page)) / pool->object_bytes);
}

static bool
is_known(const struct pool *pool)
{
	for (struct list_node *node = pools.next; node != &pools; node = node->next)
		if (node == &pool->all)
			return true;
	return false;
}

/* The simulator makes a machine after the other: then the pool is in the list already. */
void
pool_init(struct pool *pool, const char *name, size_t object_bytes) NO_LOCK_ANALYSIS
{
	struct list_node *next = is_known(pool) ? pool->all.next : NULL;

	if (next != NULL)
		list_remove(&pool->all);
	memset(pool, 0, sizeof(*pool));
	spin_init(&pool->lock, LOCK_RANK_MEMORY, 0);
	pool->name = name;
	pool->object_bytes = (uint32_t)((object_bytes + 15) & ~(size_t)15);
	KASSERT(pool->object_bytes <= PAGE_BYTES - sizeof(struct pool_page));
	list_init(&pool->partial_pages);
	list_insert_before(next != NULL ? next : &pools, &pool->all);
}

static struct pool_page *
page_new_locked(struct pool *pool) REQUIRES(&pool->lock)
{
	struct pool_page *page;
	paddr_t frame;

	if (frame_alloc_pool(&frame) != CAP_OK)
		return NULL;
	page = arch_direct_map(frame);
	page->free = NULL;
	page->used = 0;
	page->fresh = 0;
	list_prepend(&pool->partial_pages, &page->link);
	pool->page_count++;
	return page;
}

static void *
page_take_locked(struct pool *pool, struct pool_page *page) REQUIRES(&pool->lock)
{
	void *object = page->free;

	if (object != NULL)
		page->free = *(void **)object;
	else
		object = (char *)(page + 1) + (size_t)page->fresh++ * pool->object_bytes;
	page->used++;
	if (page->free == NULL && page->fresh == objects_per_page(pool))
		list_remove(&page->link);
	pool->object_count++;
	return object;
}

enum cap_status
pool_alloc(struct pool *pool, struct ledger *payer, void **out)
{
	enum cap_status status = pool_alloc_unset(pool, payer, out);

	if (status == CAP_OK)
		memset(*out, 0, pool->object_bytes);
	return status;
}

enum cap_status
pool_alloc_unset(struct pool *pool, struct ledger *payer, void **out)
{
	enum cap_status status = ledger_charge(payer, LEDGER_KERNEL_BYTES, pool->object_bytes);
	struct list_node *first;
	struct pool_page *page;
	void *object = NULL;

	if (status != CAP_OK)
		return status;
	spin_lock(&pool->lock);
	first = list_first(&pool->partial_pages);
	page = first != NULL ? LIST_ENTRY(first, struct pool_page, link) : page_new_locked(pool);
	if (page != NULL)
		object = page_take_locked(pool, page);
	spin_unlock(&pool->lock);
	if (object == NULL) {
		ledger_release(payer, LEDGER_KERNEL_BYTES, pool->object_bytes);
		return CAP_ERR_NO_MEMORY;
	}
	*out = object;
	return CAP_OK;
}

void
pool_free(struct pool *pool, struct ledger *payer, void *object)
{
	struct pool_page *page = (struct pool_page *)((uintptr_t)object & ~PAGE_MASK);
	paddr_t frame = 0;

	spin_lock(&pool->lock);
	KASSERT(page->used > 0);
	if (page->free == NULL && page->fresh == objects_per_page(pool))
		list_append(&pool->partial_pages, &page->link);
	*(void **)object = page->free;
	page->free = object;
	page->used--;
	pool->object_count--;
	if (page->used == 0) {
		list_remove(&page->link);
		pool->page_count--;
		frame = arch_direct_unmap(page);
	}
	spin_unlock(&pool->lock);
	if (frame != 0)
		frame_free_pool(frame);
	ledger_release(payer, LEDGER_KERNEL_BYTES, pool->object_bytes);
}

bool
pool_numbers_get(uint32_t index, struct pool_numbers *out)
{
	for (struct list_node *node = pools.next; node != &pools; node = node->next) {
		struct pool *pool = LIST_ENTRY(node, struct pool, all);

		if (index-- != 0)
			continue;
		spin_lock(&pool->lock);
		*out = (struct pool_numbers){ pool->name, pool->object_count, pool->page_count };
		spin_unlock(&pool->lock);
		return true;
	}
	return false;
}
