// The portable image: bytecode with everything that running it takes, and what has to come of it.
//
// An image is made where there is a front end (Tests/Images/Writer) and run where there is none (Tests/Images/Runner),
// by the same dispatch loop, compiled for another processor. It has all instances that a function can reach, in one
// state, and calls that begin there, one behind the other. What the host did during a call is in the image too, so that
// nothing of a host is needed.
//
// The file is a header and sections, each an array of one of the types below that begins at a multiple of 8 bytes.
// All numbers are little-endian. Instructions are named by their numbers (GWOp) in place of the distances of
// handlers; functions, in cells of 64 bits, by GW_IMAGE_FUNCTION.
#ifndef GW_IMAGE_H
#define GW_IMAGE_H

#include <stdint.h>

#include "gw_opcodes.h"

/// "gwimage" in ASCII.
#define GW_IMAGE_FORMAT 0x6567616D697767ULL
/// Changes with the types of this file.
#define GW_IMAGE_VERSION 1
/// What stands for an index where there is nothing.
#define GW_IMAGE_NONE 0xFFFFFFFFU
/// How many bytes of a memory are compared: a guest may have 4 GiB.
#define GW_IMAGE_COMPARED 0x4000000ULL

/// Some of the elements of a section.
typedef struct GWImageRange {
    uint32_t first, count;
} GWImageRange;

/// Where a section lies.
typedef struct GWImageSection {
    /// In bytes from the file's first one.
    uint64_t offset;
    /// In elements.
    uint64_t count;
} GWImageSection;

/// A reference to a function: of an instance, by its index in the module; or of the host, the instance being
/// GW_IMAGE_HOST. The null reference is 0.
#define GW_IMAGE_HOST 0x7FFFFFFFU
static inline uint64_t gw_image_function(uint32_t instance, uint32_t index) {
    return ((uint64_t)instance + 1) << 32 | index;
}

/// The code of a module: a GWModuleShape, and the functions.
typedef struct GWImageCode {
    uint32_t function_count, import_count, type_count;
    uint32_t global_cells, imported_global_cells;
    uint32_t table_count, data_count, element_count;
    /// As 0 and 1.
    uint32_t has_memory, has_register_global;
    /// Whether functions and loops begin with counters.
    uint32_t has_counters;
    /// How many cells the arena has, those of the exit included.
    uint32_t cell_count;
    /// In `words`: one for each function, one for each type, and the same.
    GWImageRange function_types, type_slots, type_numbers;
    /// In `functions`, in the order of their cells.
    GWImageRange functions;
} GWImageCode;

/// A function's code.
typedef struct GWImageFunction {
    /// Its index in the module.
    uint32_t function;
    /// Where it begins in the arena.
    uint32_t first;
    /// The entries, as in GWCodeEntry.
    uint32_t general, fresh;
    /// The slots of its frame.
    uint32_t slots;
    /// The trap that calls end with, as the function could not be lowered; otherwise 0, and all else is there.
    uint32_t trap;
    /// In `words`.
    GWImageRange cells;
} GWImageFunction;

/// An instance. Each range has as many elements as the code says.
typedef struct GWImageInstance {
    /// In `codes`.
    uint32_t code;
    /// In `memories`, or GW_IMAGE_NONE.
    uint32_t memory;
    /// As in GWInstance.
    uint32_t sp_global;
    uint32_t reserved;
    /// Its own globals, in `cells`.
    GWImageRange globals;
    /// Of the imported ones, the indices in `cells`: in `words`.
    GWImageRange imported_globals;
    /// Functions, in `numbers`.
    GWImageRange imports;
    /// Indices in `tables`, in `words`.
    GWImageRange tables;
    /// In `segments`.
    GWImageRange data, elements;
} GWImageInstance;

/// A memory, which is made of zeros.
typedef struct GWImageMemory {
    uint32_t pages, maximum_pages;
} GWImageMemory;

/// A table, which is made of null references.
typedef struct GWImageTable {
    uint32_t count, maximum;
    /// Whether its elements are functions (1), or the host's references (0).
    uint32_t has_functions;
    uint32_t reserved;
} GWImageTable;

/// A cell of a global.
typedef struct GWImageCell {
    uint64_t value;
    /// Whether the value is a function.
    uint32_t is_function;
    uint32_t reserved;
    /// The bits that are ones in each NaN that instructions make, where the value is a floating-point number; otherwise
    /// 0. The other bits of NaNs differ between processors, as the specification allows.
    uint64_t nan;
} GWImageCell;

/// A segment that has not been dropped.
typedef struct GWImageSegment {
    /// In `bytes`, for data; in `numbers`, for elements.
    GWImageRange contents;
    /// Whether the elements are functions.
    uint32_t has_functions;
    uint32_t reserved;
} GWImageSegment;

/// A function of the host.
typedef struct GWImageHost {
    /// In `bytes`: "module.name".
    GWImageRange name;
    /// In `bytes`: the types of the parameters, then of the results.
    GWImageRange types;
    uint32_t parameters, results;
    /// As in GWFunction.
    uint32_t type, slots;
} GWImageHost;

/// What a change is made to.
typedef enum __attribute__((enum_extensibility(closed))) GWImageChangeKind : uint32_t {
    /// `index` in `memories`, `value` the size in pages.
    GWImageChangeKind_memorySize,
    /// `place` the address, `bytes` what stands there.
    GWImageChangeKind_memory,
    /// `index` in `tables`, `value` the number of elements.
    GWImageChangeKind_tableSize,
    /// `place` the element.
    GWImageChangeKind_table,
    /// `index` in `cells`.
    GWImageChangeKind_cell,
    GWImageChangeKind_count,
} GWImageChangeKind;

/// A change of memories, tables and globals.
typedef struct GWImageChange {
    uint32_t kind, index;
    uint64_t place, value;
    GWImageRange bytes;
} GWImageChange;

/// A call of a host function, as it was recorded.
typedef struct GWImageHostCall {
    /// The host function's name, in `bytes`.
    GWImageRange name;
    /// Slots, in `numbers`.
    GWImageRange arguments, results;
    /// What it did to memories, tables and globals, in `changes`.
    GWImageRange changes;
    /// Whether it failed.
    uint32_t failed;
    uint32_t reserved;
} GWImageHostCall;

/// What a slot of a result has to be: `value` where `mask` has ones.
typedef struct GWImageExpectation {
    uint64_t value, mask;
    /// Whether it is a function.
    uint32_t is_function;
    uint32_t reserved;
} GWImageExpectation;

/// What is known of how a call ends.
typedef enum __attribute__((enum_extensibility(closed))) GWImageEnding : uint32_t {
    /// As recorded.
    GWImageEnding_recorded,
    /// It does not end before it is interrupted.
    GWImageEnding_interrupted,
} GWImageEnding;

/// A call of a function from outside.
typedef struct GWImageCall {
    /// The function.
    uint64_t function;
    /// What to call it in messages, in `bytes`.
    GWImageRange name;
    /// Slots, in `numbers`; and which of them are functions, a byte each in `bytes`.
    GWImageRange arguments, kinds;
    /// In `expectations`, a slot each, where no trap is expected.
    GWImageRange results;
    /// What the host has to be called with and answers, in `host_calls`.
    GWImageRange host_calls;
    /// What it does to memories, tables and globals in all, the host's part included: in `changes`.
    GWImageRange changes;
    /// The trap (GWTrap), or 0.
    uint32_t trap;
    /// GWImageEnding
    uint32_t ending;
} GWImageCall;

/// The sections: SECTION(name, type of the elements).
#define GW_IMAGE_SECTIONS(SECTION) \
    SECTION(bytes, uint8_t) \
    SECTION(words, uint32_t) \
    SECTION(numbers, uint64_t) \
    SECTION(codes, GWImageCode) \
    SECTION(functions, GWImageFunction) \
    SECTION(instances, GWImageInstance) \
    SECTION(memories, GWImageMemory) \
    SECTION(tables, GWImageTable) \
    SECTION(cells, GWImageCell) \
    SECTION(segments, GWImageSegment) \
    SECTION(hosts, GWImageHost) \
    SECTION(changes, GWImageChange) \
    SECTION(host_calls, GWImageHostCall) \
    SECTION(expectations, GWImageExpectation) \
    SECTION(calls, GWImageCall)

/// The beginning of the file.
typedef struct GWImageHeader {
    /// GW_IMAGE_FORMAT
    uint64_t format;
    /// GW_IMAGE_VERSION
    uint64_t version;
    /// Of the whole file, in bytes.
    uint64_t size;
    /// What gw_image_sum makes of everything behind the header.
    uint64_t sum;
    /// What gw_image_instructions says where the image is made.
    uint64_t instructions;
    /// The size of the frame stack, in bytes.
    uint64_t stack_size;
    /// What makes the memories and tables what they are when the calls begin, in `changes`.
    GWImageRange contents;
#define GW_IMAGE_FIELD(name, type) GWImageSection name;
    GW_IMAGE_SECTIONS(GW_IMAGE_FIELD)
#undef GW_IMAGE_FIELD
} GWImageHeader;

/// A sum of bytes that tells incomplete and damaged files (FNV-1a, of words of 64 bits; `size` is a multiple of 8).
static inline uint64_t gw_image_sum(uint64_t sum, const void *bytes, uint64_t size) {
    const uint8_t *at = bytes;
    for (uint64_t i = 0; i < size; i += 8) {
        uint64_t word;
        __builtin_memcpy(&word, at + i, 8);
        sum = (sum ^ word) * UINT64_C(0x100000001B3);
    }
    return sum;
}

/// A number for the instructions that there are, with their operands: images name them by their numbers.
static inline uint64_t gw_image_instructions(void) {
    uint64_t sum = GWOp_count;
    for (int op = 0; op < GWOp_count; op++)
        for (int part = 0; part < 2; part++) {
            const char *text = part ? gw_op_info()[op].operands : gw_op_info()[op].name;
            for (; *text; text++) sum = (sum ^ (uint8_t)*text) * UINT64_C(0x100000001B3);
        }
    return sum;
}

#endif
