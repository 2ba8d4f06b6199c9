/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Reading the boot package: its bytes into memory of our own, and a reader on them. */
#include <schema/boot.client.h>
#include <schema/memory.client.h>

/* The memory stays for ever: the reader and everything read from it refer to it. */
MUST_CHECK enum cap_status boot_package_open(
    struct boot_package package, struct virtual_memory memory, struct capnp_reader *out);
