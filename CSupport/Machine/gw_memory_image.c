// Images of memories: what a memory held at a moment, from which any number of others begin.
//
// Where the system can, an image is a memory object (memfd_create) that nobody can change any more, and is mapped
// privately into each memory: a page is copied when the guest first writes to it. Elsewhere the bytes are copied. Pages
// of zeros take no space in an image, and are not copied.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gw_machine.h"

// Pages of any system are as large or larger: what a page has beside zeros is copied with its neighbours then.
#define PIECE 4096

static bool is_zero(const uint8_t *bytes) {
    static const uint8_t zeros[PIECE];
    return memcmp(bytes, zeros, PIECE) == 0;
}

// The next run of pieces that are not zeros, from `*begin` on; false where there is none.
static bool find_run(const uint8_t *bytes, uint64_t size, uint64_t *begin, uint64_t *end) {
    while (*begin < size && is_zero(bytes + *begin)) *begin += PIECE;
    for (*end = *begin; *end < size && !is_zero(bytes + *end);) *end += PIECE;
    return *begin < size;
}

static void copy(uint8_t *to, const uint8_t *from, uint64_t size) {
    for (uint64_t begin = 0, end; find_run(from, size, &begin, &end); begin = end)
        memcpy(to + begin, from + begin, end - begin);
}

#if defined(__linux__)
static bool write_all(int file, const uint8_t *bytes, uint64_t begin, uint64_t end) {
    while (begin < end) {
        ssize_t count = pwrite(file, bytes + begin, end - begin, (off_t)begin);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        begin += (uint64_t)count;
    }
    return true;
}

// Makes the memory object and maps it to be read.
static bool make_object(GWMemoryImage *image, const uint8_t *bytes) {
    // Its size counts against the limit of a file's size, beyond which the process gets a signal.
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur < image->size) return false;
    int file = memfd_create("gowasm-fast-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return false;
    bool is_complete = ftruncate(file, (off_t)image->size) == 0;
    for (uint64_t begin = 0, end; is_complete && find_run(bytes, image->size, &begin, &end); begin = end)
        is_complete = write_all(file, bytes, begin, end);
    // A guest that has all files of the system has this one, too, in /proc.
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    void *mapped = MAP_FAILED;
    if (is_complete && fcntl(file, F_ADD_SEALS, seals) == 0)
        mapped = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) {
        close(file);
        return false;
    }
    image->bytes = mapped;
    image->file = file;
    return true;
}
#endif

bool gw_memory_image_create(GWMemoryImage *image, const GWMemory *memory, bool shares) {
    *image = (GWMemoryImage){.file = -1, .size = memory->size};
    if (image->size == 0) return true;
#if defined(__linux__)
    if (shares && make_object(image, memory->base)) return true;
#else
    (void)shares;
#endif
    void *bytes = mmap(
        NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) return false;
    copy(bytes, memory->base, image->size);
    image->bytes = bytes;
    return true;
}

void gw_memory_image_destroy(GWMemoryImage *image) {
    if (image->bytes) munmap((void *)(uintptr_t)image->bytes, image->size);
    if (image->file >= 0) close(image->file);
    *image = (GWMemoryImage){.file = -1};
}

bool gw_memory_restore(GWMemory *memory, const GWMemoryImage *image) {
    if (image->size > memory->size) return false;
    // A memory without guard pages moves when it grows, with what it is mapped to.
    if (image->file >= 0 && memory->guarded) {
        int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE;
        return mmap(memory->base, image->size, PROT_READ | PROT_WRITE, flags, image->file, 0) != MAP_FAILED;
    }
    if (image->size) copy(memory->base, image->bytes, image->size);
    return true;
}
