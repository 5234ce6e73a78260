// See gw_encoding.h. Declarations are those of brotli/decode.h (1.0) and zstd.h (1.0 and later).
#include "gw_encoding.h"

#include <dlfcn.h>
#include <pthread.h>

// Results of BrotliDecoderDecompressStream.
enum { brotliError = 0, brotliSuccess = 1 };

typedef struct {
    const void *start;
    size_t size, position;
} InBuffer;

typedef struct {
    void *start;
    size_t size, position;
} OutBuffer;

static struct {
    void *(*create)(void *, void *, void *);
    int (*decompress)(void *, size_t *, const uint8_t **, size_t *, uint8_t **, size_t *);
    void (*destroy)(void *);
} brotli;

static struct {
    void *(*create)(void);
    size_t (*decompress)(void *, OutBuffer *, InBuffer *);
    unsigned (*is_error)(size_t);
    size_t (*destroy)(void *);
} zstd;

static bool available[2];

static void *open_first(const char *const *names) {
    void *library = NULL;
    while (*names && !library) library = dlopen(*names++, RTLD_NOW | RTLD_LOCAL);
    return library;
}

static void load(void) {
    static const char *const brotli_names[] = {"libbrotlidec.so.1", "libbrotlidec.so", "libbrotlidec.1.dylib", NULL};
    static const char *const zstd_names[] = {"libzstd.so.1", "libzstd.so", "libzstd.1.dylib", NULL};
    void *library = open_first(brotli_names);
    if (library) {
        *(void **)&brotli.create = dlsym(library, "BrotliDecoderCreateInstance");
        *(void **)&brotli.decompress = dlsym(library, "BrotliDecoderDecompressStream");
        *(void **)&brotli.destroy = dlsym(library, "BrotliDecoderDestroyInstance");
        available[GWEncoding_brotli] = brotli.create && brotli.decompress && brotli.destroy;
    }
    library = open_first(zstd_names);
    if (library) {
        *(void **)&zstd.create = dlsym(library, "ZSTD_createDStream");
        *(void **)&zstd.decompress = dlsym(library, "ZSTD_decompressStream");
        *(void **)&zstd.is_error = dlsym(library, "ZSTD_isError");
        *(void **)&zstd.destroy = dlsym(library, "ZSTD_freeDStream");
        available[GWEncoding_zstd] = zstd.create && zstd.decompress && zstd.is_error && zstd.destroy;
    }
}

bool gw_encoding_is_available(GWEncoding encoding) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return available[encoding];
}

void *gw_encoding_new(GWEncoding encoding) {
    if (!gw_encoding_is_available(encoding)) return NULL;
    return encoding == GWEncoding_brotli ? brotli.create(NULL, NULL, NULL) : zstd.create();
}

GWEncodingStatus gw_encoding_step(GWEncoding encoding, void *decoder, const uint8_t *in, size_t *in_count, uint8_t *out,
                                size_t *out_count) {
    if (encoding == GWEncoding_brotli) {
        size_t in_left = *in_count, out_left = *out_count;
        int result = brotli.decompress(decoder, &in_left, &in, &out_left, &out, NULL);
        *in_count -= in_left;
        *out_count -= out_left;
        if (result == brotliError) return GWEncodingStatus_failed;
        return result == brotliSuccess ? GWEncodingStatus_ended : GWEncodingStatus_goesOn;
    }
    InBuffer source = {in, *in_count, 0};
    OutBuffer target = {out, *out_count, 0};
    size_t result = zstd.decompress(decoder, &target, &source);
    *in_count = source.position;
    *out_count = target.position;
    // Frames may follow each other.
    return zstd.is_error(result) ? GWEncodingStatus_failed : GWEncodingStatus_goesOn;
}

void gw_encoding_free(GWEncoding encoding, void *decoder) {
    if (!decoder) return;
    if (encoding == GWEncoding_brotli) {
        brotli.destroy(decoder);
    } else {
        zstd.destroy(decoder);
    }
}
