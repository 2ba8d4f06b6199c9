/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Funding: room that moves from one ledger to another, so that who asks for something pays for what
 * the other keeps because of it. The donor is charged; the recipient's limit rises by as much. Both
 * go by the whole way up to the first ledger that they have in common, which sees no change: there
 * the recipient's use counts, wherever the room came from.
 *
 * At the end of a funding the recipient's limit falls by what it does not use, and the donor has
 * that back. What is in use stays owed: it is given back when another funding of the recipient
 * ends, or the recipient itself. So use never exceeds a limit.
 */
#include "mm/ledger.h"

struct funding;

void funding_module_init(void);

/*
 * The record is charged to the donor. CAP_ERR_QUOTA_EXCEEDED, CAP_ERR_NO_MEMORY;
 * CAP_ERR_INVALID_ARGUMENT: the donor's charges are the recipient's already, or a limit would wrap.
 */
MUST_CHECK enum cap_status funding_create(struct ledger *donor, struct ledger *recipient,
    const uint64_t amount[LEDGER_RESOURCE_COUNT], struct funding **out);
/* What is funded, of each resource. */
void funding_amounts(const struct funding *funding, uint64_t amount[LEDGER_RESOURCE_COUNT]);
/*
 * Give back a part: CAP_ERR_INVALID_ARGUMENT if it is more than there is, CAP_ERR_QUOTA_EXCEEDED,
 * and nothing changed, if the recipient uses it.
 */
MUST_CHECK enum cap_status
funding_reduce(struct funding *funding, const uint64_t amount[LEDGER_RESOURCE_COUNT]);
/* Give back what is not in use; the rest is owed. The record is gone for the caller. */
void funding_end(struct funding *funding);

/*
 * For ledger.c, of a ledger that nobody refers to any more: of at most `count` debts what can be
 * given back is; what others use on the way up is owed by its parent from then on. False: no debt
 * is left.
 */
bool funding_is_owed(struct ledger *recipient);
bool funding_pass_on(struct ledger *recipient, uint32_t count);
