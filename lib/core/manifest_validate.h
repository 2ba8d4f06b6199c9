/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Whether a boot package can be started as a whole: what mkmanifest refuses when it is built, and
 * init before it starts anything.
 */
#include <schema/boot.capnp.h>
#include <schema/status.capnp.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))

#define MANIFEST_BINARIES_MAX 128
#define MANIFEST_SERVICES_MAX 32
#define MANIFEST_CAPS_MAX 32	/* of one service, or of init */
#define MANIFEST_EXPORTS_MAX 16 /* of one service */
#define MANIFEST_ALL_EXPORTS_MAX 128
#define MANIFEST_LAUNCHERS_MAX 16  /* sources that are one, of all services */
#define MANIFEST_SUPPLIERS_MAX 16  /* the same */
#define MANIFEST_LAUNCHABLE_MAX 64 /* of one service */
#define MANIFEST_TOPICS_MAX 64
#define MANIFEST_RESTARTS_MAX 16 /* within one window */

/**
 * manifest_validate - check the whole graph, in the order of the manifest.
 * @manifest:  a message's root; its reader's traversal limit is used anew for each part
 * @why:       on a refusal the path of the first field that is wrong, and what is wrong with it:
 *             `initConfig.services[2].caps[1].source: ...`; else empty
 * Returns:    CAP_OK, CAP_ERR_UNSUPPORTED_VERSION (schemaVersion), CAP_ERR_INVALID_MANIFEST.
 */
MUST_CHECK enum cap_status
manifest_validate(struct system_manifest manifest, char *why, size_t why_bytes);

/* The interface that a kernel source shows; 0: it is unspecified, or newer than this code. */
uint64_t manifest_kernel_interface(enum kernel_source_which which);
