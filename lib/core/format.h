/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Formatting text into a buffer: a part of what printf does, bounded, without allocation or
 * floating point. Conversions: %s %.*s %c %d %u %x %lld %llu %llx %ld %lu %lx %zu %p %%, with
 * width, `-` and zero padding.
 */
#include <stdarg.h>
#include <stddef.h>

/* Always NUL-terminates if there is room for a byte. Returns the bytes that are in the buffer,
 * without the NUL. */
size_t format_text(char *buffer, size_t buffer_bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t format_text_list(char *buffer, size_t buffer_bytes, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
