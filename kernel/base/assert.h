/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * KASSERT: a broken invariant of the kernel's own. Nothing that a process or a device can send may
 * reach one. They stay on in release builds, off the measured hot path.
 */
_Noreturn void kernel_assert_failed(const char *condition, const char *file, int line);

#define KASSERT(condition)                                                                         \
	((condition) ? (void)0 : kernel_assert_failed(#condition, __FILE_NAME__, __LINE__))
