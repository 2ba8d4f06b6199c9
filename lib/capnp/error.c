/* SPDX-License-Identifier: Apache-2.0 */
/* Names of message errors, and small helpers of message.h. */
#include <string.h>

#include "message.h"

const char *
capnp_error_name(enum capnp_error error)
{
	static const char *const names[] = {
		[CAPNP_OK] = "no error",
		[CAPNP_ERROR_FRAME] = "the segment table and the size disagree",
		[CAPNP_ERROR_BOUNDS] = "a pointer leaves its segment",
		[CAPNP_ERROR_SEGMENT] = "a far pointer leads nowhere",
		[CAPNP_ERROR_KIND] = "a pointer is of another kind than the schema says",
		[CAPNP_ERROR_DEPTH] = "the message is nested too deeply",
		[CAPNP_ERROR_TRAVERSAL] = "the message reads larger than it is",
		[CAPNP_ERROR_TEXT] = "a text has no final NUL",
		[CAPNP_ERROR_CAP] = "a capability pointer has no capability",
		[CAPNP_ERROR_SPACE] = "the message does not fit",
		[CAPNP_ERROR_PACKED] = "the packed form is cut off",
	};

	return (unsigned)error < sizeof(names) / sizeof(names[0]) ? names[error] : "unknown error";
}

struct capnp_text
capnp_text_from_string(const char *string)
{
	return (struct capnp_text){ string, (uint32_t)strlen(string) };
}
