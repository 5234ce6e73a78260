// Which build of this code is running.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "gw_build.h"

#include <stdbool.h>
#include <string.h>

#if defined(__APPLE__)
#include <mach-o/dyld.h>
#include <mach-o/loader.h>

size_t gw_build_id(uint8_t *bytes, size_t capacity) {
    // Swift packages are linked statically: this is in the executable.
    const struct mach_header_64 *header = (const void *)_dyld_get_image_header(0);
    const struct load_command *command = (const void *)(header + 1);
    for (uint32_t i = 0; i < header->ncmds; i++) {
        if (command->cmd == LC_UUID) {
            const struct uuid_command *uuid = (const void *)command;
            if (sizeof uuid->uuid > capacity) return 0;
            memcpy(bytes, uuid->uuid, sizeof uuid->uuid);
            return sizeof uuid->uuid;
        }
        command = (const void *)((const char *)command + command->cmdsize);
    }
    return 0;
}
#else
#include <elf.h>
#include <link.h>

typedef struct {
    uint8_t *bytes;
    size_t capacity, count;
} Search;

// Whether a loaded object is the one that this function is in.
static bool is_here(const struct dl_phdr_info *object) {
    uintptr_t here = (uintptr_t)&is_here;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && here >= start && here - start < segment->p_memsz) return true;
    }
    return false;
}

#define ROUNDED(size) (((size_t)(size) + 3) & ~(size_t)3)

static int visit(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    Search *search = context;
    if (!is_here(object)) return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_NOTE) continue;
        const char *notes = (const char *)(object->dlpi_addr + segment->p_vaddr);
        for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= segment->p_memsz;) {
            const ElfW(Nhdr) *note = (const void *)(notes + at);
            const char *name = notes + at + sizeof *note;
            at += sizeof *note + ROUNDED(note->n_namesz) + ROUNDED(note->n_descsz);
            if (at > segment->p_memsz) break;
            if (note->n_type != NT_GNU_BUILD_ID || note->n_namesz != 4 || memcmp(name, "GNU", 4) != 0) continue;
            if (note->n_descsz > search->capacity) return 1;
            memcpy(search->bytes, name + ROUNDED(note->n_namesz), note->n_descsz);
            search->count = note->n_descsz;
            return 1;
        }
    }
    return 1;
}

size_t gw_build_id(uint8_t *bytes, size_t capacity) {
    Search search = {bytes, capacity, 0};
    dl_iterate_phdr(visit, &search);
    return search.count;
}
#endif
