// The code of an image: what image_store.c asks image_code.c for.
#ifndef IMAGE_CODE_H
#define IMAGE_CODE_H

#include "image.h"

/// Makes code, for an object of zeros. Returns null, or what cannot be had; it is to be destroyed then, too.
const char *image_code_make(image_code *, image_store *, const GWImageCode *);
void image_code_destroy(image_code *);

#endif
