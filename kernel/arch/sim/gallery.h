/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One capability of each kind that the kernel makes, for tests that go over all of them. `make
 * check` fails if an object type of the kernel is not here (tools/check-transfers).
 */
#include "arch/sim/world.h"

struct gallery_kind {
	const char *name; /* as the schema has it, and perhaps words behind it */
	uint64_t interface_id;
	/* Makes one, of which the process has the only hold; what it needs stays in the table. */
	cap_id_t (*give)(struct world_process *to);
};

#define GALLERY_KINDS 29
extern const struct gallery_kind gallery_kinds[GALLERY_KINDS];

/* The first kind with that interface; there is one. */
const struct gallery_kind *gallery_find(uint64_t interface_id);
