/* SPDX-License-Identifier: Apache-2.0 */
/* used.h - what was handed over with a file and asked for by a rule: such a verdict is not the bytes'
 * and the rules' alone, and says so. Crosses the jail's wall; numbered as in overt.h. */
#ifndef OV_FACTS_USED_H
#define OV_FACTS_USED_H

#define OV_USED_TIME    1u /* time.now() */
#define OV_USED_VALUES  2u /* of external variables */
#define OV_USED_MODULES 4u /* data for modules: a sandbox's report, libmagic's database */

#endif
