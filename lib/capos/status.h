/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Statuses in programs: each must be looked at; CAPOS_TRY hands a bad one to the caller. */
#include <schema/status.capnp.h>

#define MUST_CHECK __attribute__((warn_unused_result))

#define CAPOS_TRY(expression)                                                                      \
	do {                                                                                       \
		enum cap_status capos_try_status = (expression);                                   \
		if (capos_try_status != CAP_OK)                                                    \
			return capos_try_status;                                                   \
	} while (0)
