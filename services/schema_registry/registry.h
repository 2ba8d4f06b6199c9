/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* SchemaRegistry over the reflection tables, which are constants: it has no state. */
#include <capos/capos.h>
#include <service/serve.h>

/* Interfaces in one answer to `interfaces`: as large as a message in a default ring. */
#define REGISTRY_NAMES_MAX 16

struct capos_interface registry_interface(void);
