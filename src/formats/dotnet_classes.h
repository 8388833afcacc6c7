/* SPDX-License-Identifier: Apache-2.0 */
/* dotnet_classes.h - the types that a .NET assembly defines, with their methods. For src/formats. */
#ifndef OV_FORMATS_DOTNET_CLASSES_H
#define OV_FORMATS_DOTNET_CLASSES_H

#include "formats/dotnet_layout.h"
#include "formats/say.h"

void ov_clr_say_classes(const struct ov_clr *clr, struct ov_spot root, struct ov_say *say);

#endif
