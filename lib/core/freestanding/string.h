/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* <string.h> of the freestanding builds. */
#include <core/string.h>
