/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* SystemInfo over a manifest: the message of the day, the help topics, and who knows the schema. */
#include <capos/capos.h>
#include <schema/boot.client.h>
#include <schema/schema_registry.client.h>
#include <service/serve.h>

struct system_info_server {
	struct capnp_reader package;
	struct kernel_params params;	 /* in the package */
	struct schema_registry registry; /* cap_id 0: none */
};

/* Find `vm` and `package` and read the manifest; `schema` may be missing. */
MUST_CHECK enum cap_status info_start(struct system_info_server *info, struct capos *self);
struct capos_interface info_interface(struct system_info_server *info);
