/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines: a treap for each CPU, ordered by time, heap-ordered by a hash of the node's address,
 * so that no field and no randomness is needed and the expected depth is logarithmic whatever the
 * order of arming.
 */
#include "time/deadline.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/annotate.h"
#include "base/assert.h"
#include "sync/spinlock.h"

#define RUN_MAX 16

struct deadline_tree {
	struct spinlock lock;
	struct deadline *root;	   /* guarded by lock */
	struct deadline *earliest; /* guarded by lock */
	uint64_t programmed_ns;	   /* guarded by lock: what the clock event is set to */
};

static struct deadline_tree trees[CPU_COUNT_MAX];

void
deadline_init(void)
{
	for (uint32_t i = 0; i < CPU_COUNT_MAX; i++) {
		trees[i] = (struct deadline_tree){ .programmed_ns = UINT64_MAX };
		spin_init(&trees[i].lock, LOCK_RANK_TIME, i);
	}
}

void
deadline_prepare(struct deadline *deadline, void (*expired)(struct deadline *deadline))
{
	*deadline = (struct deadline){ .expired = expired };
}

static uint64_t
priority(const struct deadline *node)
{
	return ((uint64_t)(uintptr_t)node >> 4) * UINT64_C(0x9e3779b97f4a7c15);
}

/* The link in the parent (or the root) that leads to `node`. */
static struct deadline **
link_of(struct deadline_tree *tree, struct deadline *node)
{
	if (node->parent == NULL)
		return &tree->root;
	return node->parent->left == node ? &node->parent->left : &node->parent->right;
}

/* `child` takes the place of its parent, which becomes its child on the other side. */
static void
rotate_up(struct deadline_tree *tree, struct deadline *child)
{
	struct deadline *parent = child->parent;
	struct deadline *moved;

	*link_of(tree, parent) = child;
	child->parent = parent->parent;
	if (parent->left == child) {
		moved = child->right;
		parent->left = moved;
		child->right = parent;
	} else {
		moved = child->left;
		parent->right = moved;
		child->left = parent;
	}
	parent->parent = child;
	if (moved != NULL)
		moved->parent = parent;
}

static void
insert(struct deadline_tree *tree, struct deadline *node)
{
	struct deadline **link = &tree->root;

	node->left = NULL;
	node->right = NULL;
	node->parent = NULL;
	/* Equal times go right: they expire in the order of arming. */
	while (*link != NULL) {
		node->parent = *link;
		link = node->when_ns < (*link)->when_ns ? &(*link)->left : &(*link)->right;
	}
	*link = node;
	if (tree->earliest == NULL || node->when_ns < tree->earliest->when_ns)
		tree->earliest = node;
	while (node->parent != NULL && priority(node) > priority(node->parent))
		rotate_up(tree, node);
}

static struct deadline *
leftmost(struct deadline *node)
{
	while (node->left != NULL)
		node = node->left;
	return node;
}

/* Who is earliest without the earliest, which has no left child. */
static struct deadline *
next_of_earliest(struct deadline *node)
{
	if (node->right != NULL)
		return leftmost(node->right);
	return node->parent;
}

static void
unlink(struct deadline_tree *tree, struct deadline *node)
{
	struct deadline *child;

	if (tree->earliest == node)
		tree->earliest = next_of_earliest(node);
	while (node->left != NULL && node->right != NULL)
		rotate_up(
		    tree, priority(node->left) > priority(node->right) ? node->left : node->right);
	child = node->left != NULL ? node->left : node->right;
	*link_of(tree, node) = child;
	if (child != NULL)
		child->parent = node->parent;
	node->armed = false;
}

/* The event of a deadline that was disarmed is left to fire: it finds nothing to do. */
static void
program(struct deadline_tree *tree)
{
	if (tree->earliest == NULL || tree->earliest->when_ns >= tree->programmed_ns)
		return;
	tree->programmed_ns = tree->earliest->when_ns;
	arch_clock_event_set(tree->programmed_ns);
}

void
deadline_arm(struct deadline *deadline, uint64_t when_ns)
{
	uint32_t cpu = arch_cpu_id();
	struct deadline_tree *tree = &trees[cpu];

	KASSERT(!deadline->armed);
	deadline->when_ns = when_ns;
	deadline->cpu = cpu;
	spin_lock(&tree->lock);
	deadline->armed = true;
	insert(tree, deadline);
	program(tree);
	spin_unlock(&tree->lock);
}

bool
deadline_disarm(struct deadline *deadline)
{
	struct deadline_tree *tree = &trees[deadline->cpu];
	bool armed;

	spin_lock(&tree->lock);
	armed = deadline->armed;
	if (armed)
		unlink(tree, deadline);
	spin_unlock(&tree->lock);
	return armed;
}

/* The first one that is due, unlinked, or NULL. */
static struct deadline *
take_due(struct deadline_tree *tree, uint64_t now_ns)
{
	struct deadline *first;

	spin_lock(&tree->lock);
	first = tree->earliest;
	if (first != NULL && first->when_ns > now_ns)
		first = NULL;
	if (first != NULL)
		unlink(tree, first);
	spin_unlock(&tree->lock);
	return first;
}

bool
deadline_run(uint64_t now_ns)
{
	struct deadline_tree *tree = &trees[arch_cpu_id()];
	bool more;

	for (uint32_t i = 0; i < RUN_MAX; i++) {
		struct deadline *first = take_due(tree, now_ns);

		if (first == NULL)
			break;
		first->expired(first);
	}
	spin_lock(&tree->lock);
	more = tree->earliest != NULL && tree->earliest->when_ns <= now_ns;
	/* The event has fired; for those that are due already, the caller comes back. */
	if (tree->programmed_ns <= now_ns)
		tree->programmed_ns = UINT64_MAX;
	if (!more)
		program(tree);
	spin_unlock(&tree->lock);
	return more;
}

uint64_t
deadline_next_ns(void)
{
	struct deadline_tree *tree = &trees[arch_cpu_id()];
	uint64_t next;

	spin_lock(&tree->lock);
	next = tree->earliest == NULL ? UINT64_MAX : tree->earliest->when_ns;
	spin_unlock(&tree->lock);
	return next;
}
