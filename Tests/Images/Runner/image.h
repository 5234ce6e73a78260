// What the parts of the runner of images share.
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "gw_image.h"
#include "gw_machine.h"
#include "gw_native.h"
#include "gw_verifier.h"

/// How images are run.
typedef struct image_options {
    /// By the loop that compares addresses.
    bool checked;
    /// With functions compiled to machine code, and when.
    bool native;
    GWNativeOptions native_options;
    /// Where it is not 0: each image so many times, with an interruption at a random moment.
    uint32_t interruptions;
    /// Whether samples are taken of calls that have to be interrupted.
    bool samples;
} image_options;

/// What has come of images and calls.
typedef struct image_counts {
    uint64_t images, calls, passed, failed;
    /// Images of which this way of running says nothing.
    uint64_t left_out;
    /// What has been compiled.
    uint64_t functions, refused, entries;
    /// How many interruptions found the guest running, and how often each instruction was the next one then.
    uint64_t interrupted;
    uint64_t at[GWOp_count];
    /// Samples in the loop, in machine code, and elsewhere.
    uint64_t samples[3];
} image_counts;

/// An image in memory.
typedef struct image_file {
    const char *path;
    void *contents;
    uint64_t size;
    const GWImageHeader *header;
#define IMAGE_SECTION(name, type) const type *name;
    GW_IMAGE_SECTIONS(IMAGE_SECTION)
#undef IMAGE_SECTION
} image_file;

/// Reads an image. Returns null, or what is wrong with it. What the checksum vouches for is believed: the images are
/// the test's own.
const char *image_open(image_file *file, const char *path);
void image_close(image_file *file);

typedef struct image_store image_store;

/// The code of a module, ready to run.
typedef struct image_code {
    GWCode code;
    GWModuleShape shape;
    image_store *store;
    const GWImageCode *record;
    const GWImageFunction *functions;
    uint16_t *type_slots;
    uint64_t arena_bytes;
} image_code;

typedef struct image_host {
    image_store *store;
    const GWImageHost *record;
} image_host;

/// Everything that an image begins with.
struct image_store {
    const image_file *file;
    const image_options *options;
    GWMachine *machine;
    image_code *codes;
    GWInstance *instances;
    /// Memories, tables and cells, and beside them what they have to be.
    GWMemory *memories;
    uint8_t **expected_memories;
    uint64_t *expected_sizes;
    GWTable *tables;
    uint64_t **expected_tables;
    uint32_t *expected_counts;
    uint64_t *cells, *expected_cells;
    image_host *hosts;
    GWFunction *host_functions;
    GWVerifierSpace verifier;
    /// The calls of the host that the call under way is to make.
    GWImageRange host_calls;
    /// Whether it may make as many as it likes: it does not end.
    bool is_endless;
    /// What has gone wrong; empty for nothing.
    char problem[400];
};

/// Makes everything what it is when the calls begin. Returns null, or what cannot be had.
const char *image_store_make(image_store *, const image_file *, const image_options *, GWMachine *);
void image_store_destroy(image_store *);

/// The address that a reference to a function means, and the other way round.
uint64_t image_address(const image_store *, uint64_t reference);
uint64_t image_reference(const image_store *, uint64_t address);

/// Makes changes to memories, tables and cells; and to what they have to be.
void image_change(image_store *, GWImageRange changes);
void image_expect(image_store *, GWImageRange changes);
/// Whether memories, tables and cells are what they have to be; the first difference is the store's problem otherwise.
bool image_is_as_expected(image_store *);

/// What hosts are: answers from the recording.
bool image_host_body(void *host, void **arguments, void *results);

/// The instruction that begins at a cell of an arena; `invalid` where none of a function does.
GWOp image_instruction(const image_code *, uint32_t cell);

/// Notes what has gone wrong, if nothing has before; returns false.
bool image_fail(image_store *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// Runs the calls of an image, and prints what fails.
void image_run(const image_file *, const image_options *, image_counts *);
/// What is being run, for messages at an unexpected end.
extern const char *volatile image_current;
extern volatile uint32_t image_current_call;

/// Calls host functions of all signature classes; returns how many failed.
int image_check_trampolines(void);

#endif
