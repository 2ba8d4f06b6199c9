/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Set up the debug console; arch_debug_write() works from then on. */
void serial_init(void);
