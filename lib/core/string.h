/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The few functions of <string.h> that kernel and programs use. On the host the C library's are
 * used.
 */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t byte_count);
void *memmove(void *to, const void *from, size_t byte_count);
void *memset(void *to, int value, size_t byte_count);
int memcmp(const void *one, const void *other, size_t byte_count);
void *memchr(const void *bytes, int value, size_t byte_count);
size_t strlen(const char *string);
int strcmp(const char *one, const char *other);
char *strstr(const char *text, const char *part);
