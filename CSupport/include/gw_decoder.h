// Encodings of contents that zlib does not know, brotli and zstd: their libraries are loaded when an answer needs them.
#ifndef GW_DECODER_H
#define GW_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum __attribute__((enum_extensibility(closed))) GWEncoding {
    GWEncoding_brotli,
    GWEncoding_zstd,
} GWEncoding;

typedef enum __attribute__((enum_extensibility(closed))) GWDecoderStatus {
    GWDecoderStatus_goesOn,
    GWDecoderStatus_ended,
    GWDecoderStatus_failed,
} GWDecoderStatus;

// Whether the library for an encoding is there. Cheap from the second time on.
bool gw_decoder_is_available(GWEncoding encoding);

// A decoder, to be given to gw_decoder_free(); NULL where there is no library or no memory.
void *gw_decoder_new(GWEncoding encoding);
// Decodes what it can: on return `in_count` and `out_count` are the numbers of bytes that were read and written.
GWDecoderStatus gw_decoder_step(GWEncoding encoding, void *decoder, const uint8_t *in, size_t *in_count, uint8_t *out,
                                size_t *out_count);
void gw_decoder_free(GWEncoding encoding, void *decoder);

#endif
