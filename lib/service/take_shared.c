/* SPDX-License-Identifier: Apache-2.0 */
#include "take_shared.h"

enum cap_status
service_take_shared(
    const struct capos_caller *caller, struct shared_buffer from, struct shared_parts *out)
{
	struct capnp_reader *params = from.s.reader;
	struct shared_parts parts = shared_parts_read(from);
	enum cap_status status =
	    capos_take(caller, params, shared_buffer_memory(from), &parts.memory);

	if (status == CAP_OK)
		status = capos_take(
		    caller, params, shared_buffer_notification(from), &parts.notification);
	if (status == CAP_OK)
		status =
		    capos_take(caller, params, shared_buffer_signaller(from), &parts.signaller);
	if (status != CAP_OK) {
		shared_parts_release(&parts);
		return status;
	}
	*out = parts;
	return CAP_OK;
}
