/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * <string.h> of the freestanding builds. There the compiler takes memcpy for any function: as
 * builtins, copies of a known short size become a load and a store.
 */
#include <core/string.h>

#define memcpy(to, from, byte_count) __builtin_memcpy(to, from, byte_count)
#define memset(to, value, byte_count) __builtin_memset(to, value, byte_count)
