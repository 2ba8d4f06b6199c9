/* SPDX-License-Identifier: Apache-2.0 */
/* Reconnecting; see supplied.h. */
#include "supplied.h"

bool
capos_is_disconnected(enum cap_status status, const struct capos_error *error)
{
	if (status == CAP_ERR_APPLICATION_EXCEPTION && error != NULL)
		return error->type == EXCEPTION_TYPE_DISCONNECTED;
	return status == CAP_ERR_DISCONNECTED || status == CAP_ERR_REVOKED;
}

enum cap_status
capos_reconnect(struct capos_supplied *supplied)
{
	struct capos_call call;
	struct supplier_get_results results;
	enum cap_status status;

	capos_release(supplied->cap);
	supplied->cap.cap_id = 0;
	(void)supplier_get_begin(&call, supplied->supplier);
	status = supplier_get_run(&call, &results);
	if (capos_is_disconnected(status, &call.error))
		status = CAP_ERR_DISCONNECTED;
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, supplied->interface_id, &supplied->cap);
	capos_call_end(&call);
	return status;
}

enum cap_status
capos_supplied_from_capset(
    struct capos *self, const char *name, uint64_t interface_id, struct capos_supplied *out)
{
	*out = (struct capos_supplied){ .interface_id = interface_id };
	CAPOS_TRY(supplier_from_capset(self, name, &out->supplier));
	return capos_reconnect(out);
}
