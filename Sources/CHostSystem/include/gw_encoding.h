// Encodings of contents that zlib does not know, brotli and zstd: their libraries are loaded when an answer needs them.
#ifndef GW_ENCODING_H
#define GW_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum __attribute__((enum_extensibility(closed))) GWEncoding {
    GWEncoding_brotli,
    GWEncoding_zstd,
} GWEncoding;

typedef enum __attribute__((enum_extensibility(closed))) GWEncodingStatus {
    GWEncodingStatus_goesOn,
    GWEncodingStatus_ended,
    GWEncodingStatus_failed,
} GWEncodingStatus;

// Whether the library for an encoding is there. Cheap from the second time on.
bool gw_encoding_is_available(GWEncoding encoding);

// A decoder, to be given to gw_encoding_free(); NULL where there is no library or no memory.
void *gw_encoding_new(GWEncoding encoding);
// Decodes what it can: on return `in_count` and `out_count` are the numbers of bytes that were read and written.
GWEncodingStatus gw_encoding_step(GWEncoding encoding, void *decoder, const uint8_t *in, size_t *in_count, uint8_t *out,
                                size_t *out_count);
void gw_encoding_free(GWEncoding encoding, void *decoder);

#endif
