/* SPDX-License-Identifier: Apache-2.0 */
/* SchemaRegistry: the schema that this program was built with. CapSet: `schema` (Endpoint). */
#include "registry.h"

CAPOS_LARGE_MESSAGES(1);

int
capos_main(struct capos *self)
{
	return capos_serve(self, "schema", registry_interface());
}
