/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Notification, Signaller, and the factory that makes them; what they do is in ipc/notification.h.
 */
#include "cap/object.h"

/* Once, at start. */
void notification_objects_init(void);
void notification_factory_init(void);
/* The NotificationFactory that every holder shares; never dropped for good. */
struct object *notification_factory_object(void);
