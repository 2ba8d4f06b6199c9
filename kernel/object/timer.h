/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The Timer: one object, which every holder shares. */
#include "cap/object.h"

/* Once, at start. */
void timer_init(void);
/* Never dropped for good. */
struct object *timer_object(void);
