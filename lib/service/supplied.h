/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Capabilities of services that may be started again: whoever holds a Supplier asks it for the
 * service as it is now when a call says that the one it had is gone.
 *
 *	status = echo_ping(...);
 *	if (capos_is_disconnected(status, &call.error))
 *		CAPOS_TRY(capos_reconnect(&supplied));	(and call again, if that may be done twice)
 */
#include <schema/supervisor.client.h>

struct capos_supplied {
	struct supplier supplier;
	uint64_t interface_id;
	struct capos_cap cap; /* cap_id 0: none at the moment */
};

/*
 * The Supplier under a name of the CapSet, and what it hands out now, whose interface is checked.
 * CAP_ERR_DISCONNECTED: the service is not started again.
 */
MUST_CHECK enum cap_status capos_supplied_from_capset(
    struct capos *self, const char *name, uint64_t interface_id, struct capos_supplied *out);
/* Drop the capability, and ask for another one. Waits while the service is being started. */
MUST_CHECK enum cap_status capos_reconnect(struct capos_supplied *supplied);
/* Whether what a call came to means that nobody answers it any more. `error`: of the call; may be
 * NULL. */
bool capos_is_disconnected(enum cap_status status, const struct capos_error *error);
