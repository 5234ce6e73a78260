// Reads images.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

static const char *find_sections(image_file *file) {
    const GWImageHeader *header = file->header;
#define IMAGE_SECTION(name_, type) \
    if (header->name_.offset % 8 || header->name_.offset > file->size || \
        header->name_.count > (file->size - header->name_.offset) / sizeof(type)) \
        return "the section " #name_ " does not lie in the file"; \
    file->name_ = (const type *)(const void *)((const uint8_t *)file->contents + header->name_.offset);
    GW_IMAGE_SECTIONS(IMAGE_SECTION)
#undef IMAGE_SECTION
    return NULL;
}

static const char *check(image_file *file) {
    if (file->size < sizeof *file->header || file->size % 8) return "it is too short";
    file->header = file->contents;
    if (file->header->format != GW_IMAGE_FORMAT) return "it is no image";
    if (file->header->version != GW_IMAGE_VERSION) return "it is of another version";
    if (file->header->size != file->size) return "it is incomplete";
    if (file->header->instructions != gw_image_instructions()) return "it was made for other instructions";
    uint64_t sum = gw_image_sum(0, file->header + 1, file->size - sizeof *file->header);
    if (sum != file->header->sum) return "it is damaged";
    return find_sections(file);
}

const char *image_open(image_file *file, const char *path) {
    *file = (image_file){.path = path};
    FILE *stream = fopen(path, "rb");
    if (!stream) return "it cannot be opened";
    long size = -1;
    if (fseek(stream, 0, SEEK_END) == 0) size = ftell(stream);
    rewind(stream);
    bool is_read = size >= 0 && (file->contents = malloc((size_t)size + 8)) &&
                   fread(file->contents, 1, (size_t)size, stream) == (size_t)size;
    fclose(stream);
    file->size = is_read ? (uint64_t)size : 0;
    const char *fault = is_read ? check(file) : "it cannot be read";
    if (fault) image_close(file);
    return fault;
}

void image_close(image_file *file) {
    free(file->contents);
    file->contents = NULL;
}
