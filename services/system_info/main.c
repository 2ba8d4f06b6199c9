/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SystemInfo: the message of the day and the help topics of the manifest. CapSet: `package`
 * (BootPackage), `vm` (VirtualMemory), `schema` (SchemaRegistry, may be missing), `info` (Endpoint:
 * serves SystemInfo).
 */
#include "info.h"

CAPOS_LARGE_MESSAGES(1);

static struct system_info_server server;

int
capos_main(struct capos *self)
{
	if (info_start(&server, self) != CAP_OK)
		return 1;
	return capos_serve(self, "info", info_interface(&server));
}
