/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Endpoint: the owner's methods, and the factory that makes endpoints. */
#include "cap/object.h"

/* For ipc_init(). */
extern const struct object_type endpoint_owner_type;

/* Once, at start; the factory's does the other. */
void endpoint_object_init(void);
void endpoint_factory_init(void);
/* The EndpointFactory that every holder shares; never dropped for good. */
struct object *endpoint_factory_object(void);
