/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Shared buffers that come with a call. */
#include <buffer/shared_buffer.h>

#include "serve.h"

/*
 * The end that a method's parameters hold: its capabilities are the method's now, to be accepted
 * (record_ring_accept() and the others) or released (shared_parts_release()).
 * CAP_ERR_INVALID_ARGUMENT or CAP_ERR_NOT_FOUND: one is missing, and none was taken.
 */
MUST_CHECK enum cap_status service_take_shared(
    const struct capos_caller *caller, struct shared_buffer from, struct shared_parts *out);
