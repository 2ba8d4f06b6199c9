/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process spawner. CapSet: `factory` (ProcessFactory), `frames` (FrameAllocator), `vm`
 * (VirtualMemory), `package` (BootPackage), `endpoints` (EndpointFactory), `spawner` (Endpoint:
 * serves ProcessSpawner).
 */
#include "spawner.h"

CAPOS_LARGE_MESSAGES(2 + MANIFEST_LAUNCHERS_MAX);

static struct spawner_state state;

int
capos_main(struct capos *self)
{
	struct capos_cap endpoint;
	enum cap_status status = spawner_start(&state, self);

	if (status != CAP_OK)
		capos_panic(self, "spawner: %s", cap_status_sentence(status));
	status = capos_capset_find(self, "spawner", ENDPOINT_INTERFACE_ID, &endpoint);
	if (status == CAP_OK)
		status = service_add(&state.service, &state.endpoint, endpoint,
		    spawner_interface(&state), CAPOS_BLOCK_LARGE);
	return status == CAP_OK ? service_run(&state.service) : 1;
}
