// The state of an execution, and the entry to the dispatch loop.
#ifndef GW_MACHINE_H
#define GW_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw_account.h"
#include "gw_traps.h"

typedef struct GWMachine GWMachine;
typedef struct GWInstance GWInstance;
typedef struct GWFunction GWFunction;
typedef struct GWHostFunction GWHostFunction;

/// The size of a page of linear memory, in bytes (specification, section 4.2.8).
#define GW_PAGE_SIZE 65536
/// The largest number of pages that a 32-bit memory can have.
#define GW_MAXIMUM_PAGES 65536
/// The largest number of elements of a table; the specification leaves it to the implementation.
#define GW_MAXIMUM_TABLE_SIZE 10000000
/// The largest number of slots of a frame: operands name slots with 16 bits.
#define GW_MAXIMUM_FRAME_SLOTS 65535
/// The slots below a frame's first: from the last one down, the call instruction that made the frame, the place to
/// go on at when the result is the constant 0, and the caller's frame.
#define GW_FRAME_HEADER 3

/// The cells of every call instruction (see gw_opcodes.def), by number.
enum {
    GW_CALL_BASE = 1,
    GW_CALL_ZERO = 2,
    GW_CALL_TARGET = 3,
    GW_CALL_FUNCTION = 4,
    GW_CALL_IMMEDIATE = 5,
    GW_CALL_CELLS = 6,
};
/// The bytes that a pushing call moves the stack pointer by: the return address of Go's calling convention.
#define GW_PUSH_SIZE 8

/// The target of a direct call whose callee has not been lowered yet. No distance in the code is as large.
enum { GW_UNRESOLVED = -2147483647 - 1 };

/// A linear memory. Its bytes stay where they are as long as `reserved` has room; a memory whose address
/// space could not be reserved may move when it grows, and must be used with the checked loop.
typedef struct GWMemory {
    uint8_t *base;
    /// The size in bytes: a multiple of the page size.
    uint64_t size;
    /// The size in pages beyond which it never grows.
    uint32_t maximum_pages;
    /// Whether every access that 32-bit address arithmetic can form, and that lies beyond the size, faults.
    bool guarded;
    /// The bytes of address space from `base` on that belong to it.
    uint64_t reserved;
    /// Growing beyond this many bytes is refused; a limit of the embedder's.
    uint64_t limit;
    /// Counts its bytes together with what the host keeps, which the limit is for as a whole; null if there is none.
    GWAccount *account;
    /// Whether that limit has been what refused it.
    bool is_limited;
    /// Called after each growth with the size before; null if there is none.
    void (*on_growth)(void *context, const struct GWMemory *memory, uint64_t old_size);
    void *growth_context;
} GWMemory;

/// A table of references: GWFunction pointers, or the host's words for externref. Null is 0.
typedef struct GWTable {
    uint64_t *elements;
    uint32_t count;
    uint32_t maximum;
} GWTable;

/// Where the code of a function begins, in cells from the start of the code arena; 0 until it is lowered.
typedef struct GWCodeEntry {
    /// For all calls.
    uint32_t general;
    /// For calls whose first argument is the constant 0, which they do not store: so Go begins a function, and does not
    /// resume it.
    uint32_t fresh;
} GWCodeEntry;

/// The lowered code of a module, shared by its instances.
typedef struct GWCode {
    /// Whether it is for the loop that compares addresses.
    bool checked;
    uint32_t *arena;
    /// The capacity of the arena, in cells.
    uint64_t capacity;
    /// One entry a function, imported ones included.
    GWCodeEntry *entries;
    /// Lowers a function and fills its entry, and tells the machine's observer, if it has one. Returns GWTrap_none or
    /// why it failed. Called from any thread.
    GWTrap (*lower)(void *context, void *observer, uint32_t function);
    /// Compiles the function that a cell belongs to, if it can be; null where functions are not compiled.
    void (*compile)(void *context, uint32_t cell);
    void *context;
    /// Its machine code; null where there is none and will be none.
    struct GWNative *native;
} GWCode;

/// The first cells of an arena belong to no function: there stands what a call from the host returns to, a call
/// instruction of no consequence and `exit` behind it. (So every frame's return lies in the arena.)
#define GW_EXIT_CELLS 8
/// Writes these cells.
void gw_write_exit(const GWCode *code);

/// Stores a number so that whoever reads it also sees what was written before.
static inline void gw_publish(uint32_t *place, uint32_t value) { __atomic_store_n(place, value, __ATOMIC_RELEASE); }

/// A function as tables and imports hold it.
struct GWFunction {
    /// The entry in `instance->code`; null for host functions.
    const GWCodeEntry *entry;
    GWInstance *instance;
    /// The host's function; null for functions of a module.
    GWHostFunction *host;
    /// The number of the function type: equal for equal types, in the whole process.
    uint32_t type;
    /// The index in the module.
    uint32_t index;
    /// The larger number of slots of parameters and of results: what a call from the host uses.
    uint32_t slots;
};

/// An instance of a module.
struct GWInstance {
    GWMemory *memory;
    /// The globals that the module defines: one cell each, two neighbouring ones for a vector.
    uint64_t *globals;
    /// The cells of the imported globals; of a vector, both.
    uint64_t **imported_globals;
    /// The functions that the module defines.
    GWFunction *functions;
    /// The functions behind the imports, which may belong to other instances.
    GWFunction **imports;
    GWTable **tables;
    GWCode *code;
    GWMachine *machine;
    /// The index among `globals` of the register global; UINT32_MAX where there is none.
    uint32_t sp_global;
    /// The numbers of imported functions and of those that the module defines.
    uint32_t import_count, function_count;
    /// The data segments for `memory.init`; dropped ones have the size 0.
    struct GWSegment *data;
    /// The element segments for `table.init`, references already made; dropped ones have the size 0.
    struct GWSegment *elements;
};

/// The contents of a segment.
typedef struct GWSegment {
    const void *bytes;
    /// In bytes for data, in references for elements.
    uint64_t size;
} GWSegment;

/// What the machine was doing when a host function called back into a guest: the outer part of a stack trace.
typedef struct GWActivation {
    struct GWActivation *previous;
    const uint32_t *pc;
    uint64_t *fp;
    GWInstance *instance;
} GWActivation;

/// Reads or writes what another thread may write or read at the same time: in one go, and in no order with other
/// accesses. (The loop, whose accesses have to be so anyway, has volatile ones.)
#define GW_READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define GW_WRITE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

/// What whoever watches calls wants behind one of them.
typedef enum GWWatching { GWWatching_ends, GWWatching_goesOn, GWWatching_failed } GWWatching;
/// Is told, on the machine's thread, of the call of the function with this index in its module. May call functions of
/// the machine. Where that failed, the execution ends with the trap `hostError`.
typedef GWWatching GWWatcher(void *context, uint32_t function);

/// The frame stack and the fate of one thread of execution.
struct GWMachine {
    /// Calls that would begin a frame beyond this slot fail; 0 once an interruption is wanted,
    /// or where the next call is to be told of.
    uint64_t *volatile stack_limit;
    /// The slot from which the next call from the host may use the stack; the slots of a header lie free below.
    uint64_t *top;
    uint64_t *stack;
    /// The bytes of address space of the stack.
    uint64_t stack_size;
    /// The address below which the C stack must not grow while host functions call guests call host functions.
    uintptr_t c_stack_limit;
    volatile bool interrupted;
    /// Who is told of a call of the function before it begins.
    GWWatcher *watcher;
    void *watcher_context;
    /// Whether a host function runs, or a function is lowered: what looks at `interrupted` when it ends.
    volatile bool outside;
    /// The thread that is in the loop, for interruptions; valid while `depth` is not 0, under `lock`.
    uintptr_t thread;
    uint32_t depth;
    volatile int lock;
    /// The calls that the current one is nested in.
    GWActivation *outer;
    /// Where execution stood when it last left the loop: for stack traces.
    const uint32_t *pc;
    uint64_t *fp;
    GWInstance *instance;
    /// Who wants to know what the lowering of functions costs that are first called here; null if there is none.
    void *lowering_observer;
    /// What the loop is about to call.
    GWTrap (*callee)(GWMachine *machine);
    /// The trap that ended the last execution.
    GWTrap trap;
    /// The function that could not be lowered, where that was the trap.
    GWFunction *unresolved;
    /// What is left for the instructions `budget`; less than 0 where one of them has ended the execution.
    int64_t budget;
};

/// Makes a machine whose frame stack has at most `stack_size` bytes, and at least 4 MiB; null where not even that can
/// be had.
GWMachine *gw_machine_create(uint64_t stack_size);
void gw_machine_destroy(GWMachine *machine);

/// Asks the execution on `machine` to end with the trap `interrupted`; from any thread.
void gw_machine_interrupt(GWMachine *machine);
/// Withdraws the wish, so that the machine can be used again.
void gw_machine_resume(GWMachine *machine);

/// Has the machine's watcher told of the next call from one function of a module to another; from any thread.
///
/// It comes at the next call, and costs the loop nothing before: calls look at the stack's limit anyway.
void gw_machine_watch(GWMachine *machine);

/// Calls a function. Its arguments lie in `machine->top[0...]`, and its results come there.
/// Functions of modules and of the host are called alike. Returns GWTrap_none or why the execution ended.
GWTrap gw_call(GWMachine *machine, GWFunction *function);

/// A frame of a stack trace.
typedef struct GWFrame {
    GWInstance *instance;
    /// The place of the next instruction, in cells from the start of the instance's code arena.
    uint32_t cell;
} GWFrame;

/// Writes the innermost frames of the execution that ended last, innermost first; returns how many, at most `capacity`.
size_t gw_backtrace(const GWMachine *machine, GWFrame *frames, size_t capacity);

/// The handlers' offsets from the first, by opcode, of the loop that compares addresses or of the other.
const int32_t *gw_handlers(bool checked);

/// The machine code of a loop, for those who read it.
typedef struct GWLoopCode {
    /// The function, and the place that the handlers' offsets count from.
    uintptr_t function, first;
    /// The end of what belongs to the loops.
    uintptr_t section_end;
    /// How many places follow the handlers in `gw_handlers`, and which of them is the one that calls C functions.
    int place_count, helper;
    /// Where the state is at each handler, as the assembler writes it: pc, fp, mem, sp, inst, m, with spaces between.
    const char *homes;
    /// Where it has to be in the shipped loop (gw_registers.h): the same, and what the handlers' offsets count from.
    const char *contract;
    /// Whether the compiler optimised it.
    bool is_optimized;
} GWLoopCode;
GWLoopCode gw_loop_code(bool checked);

/// Finds out which vector instructions the processor has; to be called before functions with vectors run.
void gw_vector_prepare(void);

// --- Memories (gw_memory.c) ---

/// Makes a memory of `pages`; `guarded` asks for the reservation that the unchecked loop needs.
/// Returns false where the system refuses even the plain one.
bool gw_memory_create(GWMemory *memory, uint32_t pages, uint32_t maximum_pages, bool guarded);
void gw_memory_destroy(GWMemory *memory);
/// Grows by `pages`; returns the old size in pages, or UINT32_MAX.
uint32_t gw_memory_grow(GWMemory *memory, uint32_t pages);
/// Whether the process can reserve what a guarded memory needs; found out once.
bool gw_memory_can_guard(void);

// --- Images of memories (gw_memory_image.c) ---

/// What a memory held at a moment; never changed.
typedef struct GWMemoryImage {
    /// The bytes, to be read; null where there are none.
    const uint8_t *bytes;
    /// In bytes.
    uint64_t size;
    /// The memory object with the bytes, which memories share until they write to it; -1 if there is none.
    int file;
} GWMemoryImage;

/// Copies what a memory holds. `shares` asks for an object that memories share; where there is none the image is a copy
/// all the same. Returns false where the system has no space for it.
bool gw_memory_image_create(GWMemoryImage *image, const GWMemory *memory, bool shares);
void gw_memory_image_destroy(GWMemoryImage *image);
/// Has a new memory, which is as large and all zeros, begin with an image. Where this returns false it can only be
/// destroyed.
bool gw_memory_restore(GWMemory *memory, const GWMemoryImage *image);

// --- Tables (gw_table.c) ---

bool gw_table_create(GWTable *table, uint32_t count, uint32_t maximum, uint64_t value);
void gw_table_destroy(GWTable *table);
/// Grows by `count` elements; returns the old size, or UINT32_MAX.
uint32_t gw_table_grow(GWTable *table, uint32_t count, uint64_t value);
/// The bulk operations; false means out of bounds, and that nothing was done.
bool gw_table_fill(GWTable *table, uint32_t from, uint64_t value, uint32_t count);
bool gw_table_copy(GWTable *to_table, uint32_t to, const GWTable *from_table, uint32_t from, uint32_t count);
bool gw_table_init(GWTable *table, const GWSegment *segment, uint32_t to, uint32_t from, uint32_t count);
bool gw_memory_init(GWMemory *memory, const GWSegment *segment, uint32_t to, uint32_t from, uint32_t count);

// --- Host functions (gw_trampoline.c) ---

/// The Swift side of a host function: reads `arguments[i]`, which point at values of the C types of the
/// parameters (uint32_t, uint64_t, float, double, or the 16 bytes of a vector), writes the results, and returns whether
/// it succeeded. A single result is of its C type; several are `uint64_t` each, two for a vector.
typedef bool (*GWHostBody)(void *context, void **arguments, void *results);

/// Makes a host function: a libffi closure of the C type that corresponds to the wasm type (i32 is uint32_t,
/// i64 and references are uint64_t, f32 is float, f64 is double; v128, for which C has no type, is a pointer to its 16
/// bytes, aligned to 8, that are valid during the call; with several results or a vector as the result, the function
/// returns nothing and takes a last parameter, a pointer to where they go; the closure for (i32) -> (), which Go's
/// imports are, takes nothing, as its argument lies in the function). `types` are bytes of the binary format, the
/// parameters first. Null where no closure can be had.
GWHostFunction *gw_host_create(
    const uint8_t *types, uint32_t parameters, uint32_t results, GWHostBody body, void *context);
void gw_host_destroy(GWHostFunction *function);
/// Calls it: arguments in `slots`, results there too. False when the body failed.
bool gw_host_call(GWHostFunction *function, uint64_t *slots);

#endif
