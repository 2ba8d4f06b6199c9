/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The only reader and writer of user memory outside pinned ring regions. Walks the named space's
 * tables under its lock and copies through the direct map, for any process from any CPU; never
 * faults. At most JOB_STEP_BYTES a call. All: CAP_ERR_INVALID_BUFFER, nothing copied, unless every
 * byte is mapped with the access that is needed.
 */
#include "mm/address_space.h"

MUST_CHECK enum cap_status
user_copy_in(struct address_space *space, void *to, uaddr_t from, size_t bytes);
MUST_CHECK enum cap_status
user_copy_out(struct address_space *space, uaddr_t to, const void *from, size_t bytes);
/* Between two spaces, or within one (what arrives is not defined if the ranges overlap then). */
MUST_CHECK enum cap_status user_copy_across(struct address_space *to_space, uaddr_t to,
    struct address_space *from_space, uaddr_t from, size_t bytes);
/* Would user_copy_out succeed now? (The answer may change; used to refuse early.) */
MUST_CHECK enum cap_status
user_check_writable(struct address_space *space, uaddr_t to, size_t bytes);
