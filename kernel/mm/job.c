/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reap jobs and the grace period. With one started CPU, a grace period ends when the entry that
 * unlinked a thing ends: the next step runs after the kernel was left, or from idle.
 */
#include "mm/job.h"

#include "arch/cpu.h"
#include "base/annotate.h"
#include "mm/grace.h"

#define GRACE_ITEMS_PER_LEAVE 64

static struct list_node reap_jobs[CPU_COUNT_MAX];
static struct list_node grace_items[CPU_COUNT_MAX];

void
job_module_init(void)
{
	for (uint32_t i = 0; i < CPU_COUNT_MAX; i++) {
		list_init(&reap_jobs[i]);
		list_init(&grace_items[i]);
		per_cpus[i].pending = (struct pending){ 0 };
	}
}

void
job_reap_queue(struct job *job)
{
	list_append(&reap_jobs[arch_cpu_id()], &job->link);
	pending_here()->reaps++;
}

bool
job_reap_pending(void)
{
	return pending_here()->reaps != 0;
}

bool
job_reap_step(void)
{
	struct list_node *first = list_first(&reap_jobs[arch_cpu_id()]);
	struct job *job;

	if (first == NULL)
		return false;
	job = LIST_ENTRY(first, struct job, link);
	/* Off the list first: a finished job's memory is gone, and a step may queue others. */
	list_remove(&job->link);
	pending_here()->reaps--;
	if (job->step(job) == JOB_AGAIN) {
		list_prepend(&reap_jobs[arch_cpu_id()], &job->link);
		pending_here()->reaps++;
	}
	return true;
}

void
grace_defer(struct grace_item *item, void (*free)(struct grace_item *item))
{
	item->free = free;
	list_append(&grace_items[arch_cpu_id()], &item->link);
	pending_here()->grace++;
}

COLD void
grace_free_some(void)
{
	struct list_node *items = &grace_items[arch_cpu_id()];

	for (uint32_t i = 0; i < GRACE_ITEMS_PER_LEAVE && !list_is_empty(items); i++) {
		struct grace_item *item = LIST_ENTRY(items->next, struct grace_item, link);

		list_remove(&item->link);
		pending_here()->grace--;
		item->free(item);
	}
}

bool
grace_pending(void)
{
	return pending_here()->grace != 0;
}
