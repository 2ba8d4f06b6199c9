/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A circular doubly linked list with the links in the elements. An element that is in no list
 * points to itself, so that removing twice is harmless. The caller holds whatever guards the list.
 */
#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *next;
	struct list_node *previous;
};

/* The structure of type `type` whose member `member` is `node`. */
#define LIST_ENTRY(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

static inline void
list_init(struct list_node *node)
{
	node->next = node;
	node->previous = node;
}

static inline bool
list_is_empty(const struct list_node *head)
{
	return head->next == head;
}

static inline void
list_insert_before(struct list_node *position, struct list_node *node)
{
	node->next = position;
	node->previous = position->previous;
	position->previous->next = node;
	position->previous = node;
}

static inline void
list_append(struct list_node *head, struct list_node *node)
{
	list_insert_before(head, node);
}

static inline void
list_prepend(struct list_node *head, struct list_node *node)
{
	list_insert_before(head->next, node);
}

static inline void
list_remove(struct list_node *node)
{
	node->previous->next = node->next;
	node->next->previous = node->previous;
	list_init(node);
}

/* The first element, or NULL. */
static inline struct list_node *
list_first(struct list_node *head)
{
	return list_is_empty(head) ? NULL : head->next;
}
