// The format of images is in the header; this checks that its types have no gaps, which would be written as they are.
#include "gw_image.h"

_Static_assert(sizeof(GWImageCode) == 20 * 4, "a code has no gaps");
_Static_assert(sizeof(GWImageFunction) == 8 * 4, "a function has no gaps");
_Static_assert(sizeof(GWImageInstance) == 16 * 4, "an instance has no gaps");
_Static_assert(sizeof(GWImageCell) == 6 * 4, "a cell has no gaps");
_Static_assert(sizeof(GWImageChange) == 8 * 4, "a change has no gaps");
_Static_assert(sizeof(GWImageHostCall) == 10 * 4, "a call of the host has no gaps");
_Static_assert(sizeof(GWImageExpectation) == 6 * 4, "an expectation has no gaps");
_Static_assert(sizeof(GWImageCall) == 16 * 4, "a call has no gaps");
