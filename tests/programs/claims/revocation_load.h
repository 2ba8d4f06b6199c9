/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What hangs on a grant when it is revoked (`revoke_loaded`): so many processes, and of each so
 * many mappings of a MemoryObject, holds of it, and calls that were delivered to an endpoint.
 */
#define LOAD_PROCESSES 50
#define LOAD_MAPPINGS 20
#define LOAD_HOLDS 200
#define LOAD_CALLS 20 /* a ring has 32 */
