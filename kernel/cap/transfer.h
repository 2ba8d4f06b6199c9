/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Handing capabilities from one table to another, whole or not at all: decode (pure), check under
 * both process locks, commit (cannot fail). The receiver has reserved its slots before.
 */
#include "cap/table.h"

#define TRANSFER_CAPS_MAX 8

struct transfer_list {
	uint32_t count;
	struct cap_transfer entries[TRANSFER_CAPS_MAX];
};

/*
 * Shape only: mode, reserved bytes, holes with a zero id, no slot moved twice or moved and copied.
 */
MUST_CHECK enum cap_status transfer_decode(struct transfer_list *list, uint32_t count);

/*
 * Check that every entry can go: the codes of cap_lookup, CAP_ERR_TRANSFER_NOT_SUPPORTED. Fills
 * `holds` (object NULL for a hole), takes no references. Both tables' locks are held (they may be
 * one).
 */
MUST_CHECK enum cap_status transfer_check_locked(struct cap_table *from,
    const struct transfer_list *list, struct cap_hold holds[TRANSFER_CAPS_MAX]);

/*
 * The records that the commit will produce, in the same locked section: so that they can be written
 * to the receiver while everything can still be refused.
 */
void transfer_predict_locked(const struct cap_table *to, const struct transfer_list *list,
    const struct cap_hold holds[TRANSFER_CAPS_MAX], struct cap_record records[TRANSFER_CAPS_MAX]);

/*
 * Commit what was checked, in the same locked section, into reserved slots of `to`: one slot per
 * entry that is no hole.
 */
void transfer_commit_locked(struct cap_table *from, struct cap_table *to,
    const struct transfer_list *list, const struct cap_hold holds[TRANSFER_CAPS_MAX]);
/*
 * The same for a receiver that keeps the holds outside of a table: their references are its own.
 */
void transfer_detach_locked(struct cap_table *from, const struct transfer_list *list,
    const struct cap_hold holds[TRANSFER_CAPS_MAX]);
/* How many slots the receiver needs: entries that are no hole. */
uint32_t transfer_slots(const struct transfer_list *list);
