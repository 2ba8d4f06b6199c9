/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Objects of which there is one, for as long as the machine runs: the kernel keeps a reference, so
 * that the last hold is never the last reference.
 */
#include "cap/object.h"

/* For `destroy`: never called. */
enum job_state permanent_destroy(struct object *object);

/* Once, at start, in this order: pools and objects of all files of object/ that are not the core's.
 */
void objects_init(void);

struct object *console_object(void);
struct object *frame_allocator_object(void);
struct object *process_factory_object(void);
struct object *kernel_stats_object(void);
struct object *machine_control_object(void);
struct object *boot_package_object(void);
struct object *null_cap_object(void);
/* The bytes that the machine was started with. */
void boot_package_set(const void *package, uint64_t bytes);
