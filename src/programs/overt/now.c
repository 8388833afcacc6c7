/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/overt/now.h"

#include <time.h>

uint64_t ov_now(void)
{
    const time_t now = time(NULL);

    return now < 0 ? 0 : (uint64_t)now;
}
