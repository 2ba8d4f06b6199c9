/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting of objects. The last drop may come from any place, under any lock; the object is
 * unlinked from every table then, but another CPU may still look at it: it waits for the grace
 * period, then its destruction runs as a reap job.
 */
#include "cap/object.h"

#include <stdatomic.h>

#include "base/assert.h"

static object_endpoint_interface_fn endpoint_interface;

void
object_init(struct object *object, const struct object_type *type)
{
	object->type = type;
	atomic_init(&object->references, 1);
	atomic_init(&object->epoch, 1);
}

void
object_get(struct object *object)
{
	uint32_t before = atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);

	KASSERT(before != 0);
}

static enum job_state
reap_step(struct job *job)
{
	struct object *object = LIST_ENTRY(job, struct object, reap);

	return object->type->destroy(object);
}

static void
reap_begin(struct grace_item *item)
{
	struct object *object = LIST_ENTRY(item, struct object, grace);

	list_init(&object->reap.link);
	object->reap.step = reap_step;
	job_reap_queue(&object->reap);
}

void
object_put(struct object *object)
{
	/*
	 * Release: what this holder wrote is seen by whoever destroys; acquire: by the one that
	 * drops last.
	 */
	uint32_t before = atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel);

	KASSERT(before != 0);
	if (before == 1) {
		list_init(&object->grace.link);
		grace_defer(&object->grace, reap_begin);
	}
}

bool
object_revoke(struct object *object)
{
	uint32_t epoch = atomic_load_explicit(&object->epoch, memory_order_relaxed);
	uint32_t next;

	/* Zero is the epoch of a retired object: no hold is ever made with it. */
	do {
		if (epoch == 0)
			return false;
		next = epoch == OBJECT_EPOCH_MAX ? 0 : epoch + 1;
		/* Pairs with the acquire load in cap_lookup(). */
	} while (!atomic_compare_exchange_weak_explicit(
	    &object->epoch, &epoch, next, memory_order_release, memory_order_relaxed));
	return next != 0;
}

uint64_t
object_interface_id(const struct object *object, uint16_t interface_index)
{
	if (interface_index == 0)
		return object->type->interface_id;
	KASSERT(endpoint_interface != NULL);
	return endpoint_interface(object, interface_index);
}

void
object_endpoint_interface_set(object_endpoint_interface_fn function)
{
	endpoint_interface = function;
}
