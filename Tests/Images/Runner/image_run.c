// Runs the calls of images, and says what differs from what was recorded.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gw_decoder.h"
#include "gw_interpreter.h"
#include "gw_sampler.h"
#include "image.h"

const char *volatile image_current = "";
volatile uint32_t image_current_call;

// --- The host ---

static bool is_narrow(uint8_t type) { return type == 0x7F || type == 0x7D; }

// The slots of a value whose C representation lies at an address; returns how many there are.
static int read_value(const image_store *s, uint8_t type, const void *from, uint64_t slots[2]) {
    slots[0] = 0;
    memcpy(slots, from, is_narrow(type) ? 4 : type == 0x7B ? 16 : 8);
    if (type == 0x70) slots[0] = image_reference(s, slots[0]);
    return type == 0x7B ? 2 : 1;
}

static void write_results(const image_store *s, const GWImageHost *host, const GWImageHostCall *call, void *results) {
    const uint8_t *types = s->file->bytes + host->types.first + host->parameters;
    const uint64_t *slots = s->file->numbers + call->results.first;
    uint64_t *several = results;
    uint32_t slot = 0;
    for (uint32_t i = 0; i < host->results; i++) {
        if (types[i] == 0x70) several[slot] = image_address(s, slots[slot]);
        else if (call->results.count == 1) memcpy(results, slots, is_narrow(types[i]) ? 4 : 8);
        else several[slot] = slots[slot];
        slot++;
        if (types[i] == 0x7B) {
            several[slot] = slots[slot];
            slot++;
        }
    }
}

bool image_host_body(void *context, void **arguments, void *results) {
    const image_host *host = context;
    image_store *s = host->store;
    const image_file *f = s->file;
    const char *name = (const char *)f->bytes + host->record->name.first;
    int length = (int)host->record->name.count;
    if (s->is_endless) return true;
    if (s->host_calls.count == 0) return image_fail(s, "%.*s is called once too often", length, name);
    const GWImageHostCall *call = &f->host_calls[s->host_calls.first];
    if (call->name.count != host->record->name.count || memcmp(name, f->bytes + call->name.first, call->name.count))
        return image_fail(
            s, "%.*s is called, expected %.*s", length, name, (int)call->name.count,
            (const char *)f->bytes + call->name.first);
    uint32_t slot = 0;
    for (uint32_t i = 0; i < host->record->parameters; i++) {
        uint64_t slots[2];
        int count = read_value(s, f->bytes[host->record->types.first + i], arguments[i], slots);
        for (int j = 0; j < count; j++, slot++) {
            uint64_t expected = f->numbers[call->arguments.first + slot];
            if (slots[j] != expected)
                return image_fail(
                    s, "%.*s is called with 0x%llx in slot %u, expected 0x%llx", length, name,
                    (unsigned long long)slots[j], slot, (unsigned long long)expected);
        }
    }
    s->host_calls.first++;
    s->host_calls.count--;
    image_change(s, call->changes);
    if (call->failed) return false;
    write_results(s, host->record, call, results);
    return true;
}

// Has the host answer what was recorded of a call.
static void prepare_host(image_store *s, const GWImageCall *call) {
    s->host_calls = call->host_calls;
    s->is_endless = call->ending == GWImageEnding_interrupted;
}

// --- A call ---

static bool compare_results(image_store *s, const GWImageCall *call, const uint64_t *slots) {
    for (uint32_t i = 0; i < call->results.count; i++) {
        const GWImageExpectation *e = &s->file->expectations[call->results.first + i];
        uint64_t value = e->is_function ? image_reference(s, slots[i]) : slots[i];
        if ((value & e->mask) != e->value)
            return image_fail(
                s, "slot %u of the results is 0x%llx, expected 0x%llx%s", i, (unsigned long long)value,
                (unsigned long long)e->value, e->mask == UINT64_MAX ? "" : " in some of its bits");
    }
    return true;
}

static GWTrap enter(image_store *s, const GWImageCall *call) {
    uint64_t *slots = s->machine->top;
    for (uint32_t i = 0; i < call->arguments.count; i++) {
        uint64_t value = s->file->numbers[call->arguments.first + i];
        slots[i] = s->file->bytes[call->kinds.first + i] ? image_address(s, value) : value;
    }
    return gw_call(s->machine, (GWFunction *)(uintptr_t)image_address(s, call->function));
}

static bool run_recorded(image_store *s, const GWImageCall *call) {
    prepare_host(s, call);
    GWTrap expected = (GWTrap)call->trap, trap = enter(s, call);
    if (trap != expected)
        return image_fail(
            s, "it ends with \"%s\", expected \"%s\"", trap ? gw_trap_message(trap) : "no trap",
            expected ? gw_trap_message(expected) : "no trap");
    if (!trap && !compare_results(s, call, s->machine->top)) return false;
    if (s->host_calls.count) return image_fail(s, "%u calls of the host are missing", s->host_calls.count);
    if (*s->problem) return false;
    image_expect(s, call->changes);
    return image_is_as_expected(s);
}

// --- Interruptions ---

typedef struct interruption {
    GWMachine *machine;
    uint32_t microseconds;
} interruption;

static void *interrupt(void *context) {
    const interruption *it = context;
    usleep(it->microseconds);
    gw_machine_interrupt(it->machine);
    return NULL;
}

static const image_code *code_of(const image_store *s, const GWInstance *instance) {
    for (uint32_t i = 0; i < s->file->header->instances.count; i++)
        if (&s->instances[i] == instance) return &s->codes[s->file->instances[i].code];
    return NULL;
}

// Whether the stack trace consists of instructions, the outer ones of calls. What was interrupted before its first
// instruction has none.
static bool check_trace(image_store *s, image_counts *counts) {
    GWFrame frames[64];
    size_t count = gw_backtrace(s->machine, frames, 64);
    for (size_t i = 0; i < count; i++) {
        const image_code *code = code_of(s, frames[i].instance);
        GWOp op = code ? image_instruction(code, frames[i].cell) : GWOp_invalid;
        if (op == GWOp_invalid)
            return image_fail(s, "frame %zu of the stack trace is at cell %u, no instruction", i, frames[i].cell);
        if (i == 0) counts->at[op]++;
        GWFamily family = gw_op_info()[gw_op_info()[op].plain].family;
        if (i > 0 && family != GWFamily_call && family != GWFamily_callIndirect)
            return image_fail(s, "frame %zu of the stack trace is at cell %u, no call", i, frames[i].cell);
    }
    return true;
}

// Runs a call that another thread interrupts after a while. The guest's state is anything afterwards.
static bool run_interrupted(image_store *s, const GWImageCall *call, uint32_t microseconds, image_counts *counts) {
    interruption it = {s->machine, microseconds};
    uint64_t *top = s->machine->top;
    prepare_host(s, call);
    pthread_t thread;
    if (pthread_create(&thread, NULL, interrupt, &it)) return image_fail(s, "there is no thread");
    GWTrap trap = enter(s, call);
    bool is_fine = true;
    if (trap == GWTrap_interrupted) {
        is_fine = check_trace(s, counts);
        counts->interrupted++;
    } else if (call->ending == GWImageEnding_interrupted || trap != (GWTrap)call->trap) {
        is_fine = image_fail(s, "it ends with \"%s\" and not as interrupted", gw_trap_message(trap));
    }
    pthread_join(thread, NULL);
    gw_machine_resume(s->machine);
    if (s->machine->depth || s->machine->top != top) return image_fail(s, "the machine is not what it was");
    return is_fine && !*s->problem;
}

// Runs a call that does not end for a fifth of a second, and looks at samples of it.
static bool run_sampled(image_store *s, const GWImageCall *call, image_counts *counts) {
    int error = gw_sampler_start(s->machine, 1000000);
    if (error) return image_fail(s, "no samples can be taken: %s", strerror(error));
    for (uint32_t i = 0; i < s->file->header->codes.count; i++) gw_sampler_add_code(&s->codes[i].code, NULL, NULL);
    bool is_fine = run_interrupted(s, call, 200000, counts);
    GWSamples samples = gw_sampler_stop();
    uint64_t all = 0;
    for (uint32_t i = 1; i <= samples.count && is_fine; i++) {
        const GWSampleNode *node = &samples.nodes[i];
        GWSamplePlace place = node->place;
        all += node->periods;
        if (place.kind == GWSample_outside || place.kind == GWSample_cut) continue;
        if (place.kind == GWSample_unknown) is_fine = image_fail(s, "a sample knows no place");
        else if (image_instruction(&s->codes[place.code], place.cell) == GWOp_invalid)
            is_fine = image_fail(s, "a sample is at cell %u, no instruction", place.cell);
        if (node->periods) counts->samples[place.kind < 2 ? place.kind : 2] += node->periods;
    }
    gw_sampler_release();
    return is_fine && (all > 20 || image_fail(s, "only %llu samples", (unsigned long long)all));
}

// --- An image ---

static uint32_t random_number(uint32_t below) {
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((state >> 33) % below);
}

static void report(image_store *s, uint32_t index) {
    const GWImageCall *call = &s->file->calls[index];
    fflush(stdout);
    fprintf(
        stderr, "%s: call %u, %.*s: %s\n", s->file->path, index, (int)call->name.count,
        (const char *)s->file->bytes + call->name.first, *s->problem ? s->problem : "it failed");
    *s->problem = 0;
}

// Runs all calls on a new store; `round` counts interruptions, from 1 on, 0 being none.
static void run_calls(image_store *s, uint32_t round, image_counts *counts) {
    uint32_t count = (uint32_t)s->file->header->calls.count;
    // Calls that do not end are interrupted anyway.
    bool has_endless = count && s->file->calls[count - 1].ending == GWImageEnding_interrupted;
    uint32_t interrupted = round && !has_endless ? random_number(count) : UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const GWImageCall *call = &s->file->calls[i];
        bool is_endless = call->ending == GWImageEnding_interrupted, is_fine;
        image_current_call = i;
        if (is_endless && s->options->samples) is_fine = run_sampled(s, call, counts);
        else if (is_endless || i == interrupted) is_fine = run_interrupted(s, call, random_number(3000), counts);
        else is_fine = run_recorded(s, call);
        counts->calls++;
        if (is_fine) {
            counts->passed++;
        } else {
            counts->failed++;
            report(s, i);
            // What follows would begin with another state.
            return;
        }
        // Neither is what it would be without the interruption.
        if (i == interrupted) return;
    }
}

static bool is_left_out(const image_file *file, const image_options *options) {
    if (options->native && options->native_options.threshold)
        for (uint32_t i = 0; i < file->header->codes.count; i++)
            if (!file->codes[i].has_counters) return true;
    if (!options->samples) return false;
    for (uint32_t i = 0; i < file->header->calls.count; i++)
        if (file->calls[i].ending == GWImageEnding_interrupted) return false;
    return true;
}

void image_run(const image_file *file, const image_options *options, image_counts *counts) {
    if (is_left_out(file, options)) {
        counts->left_out++;
        return;
    }
    image_current = file->path;
    counts->images++;
    GWMachine *machine = gw_machine_create(file->header->stack_size);
    bool fits = machine && machine->stack_size == file->header->stack_size;
    for (uint32_t round = 0; round <= options->interruptions && fits; round++) {
        image_store store;
        const char *fault = image_store_make(&store, file, options, machine);
        if (fault) {
            fprintf(stderr, "%s: %s\n", file->path, fault);
            counts->failed++;
        } else {
            run_calls(&store, round, counts);
        }
        for (uint32_t i = 0; i < file->header->codes.count && options->native; i++) {
            GWNativeStatistics statistics = gw_native_statistics(&store.codes[i].code);
            counts->functions += statistics.functions;
            counts->refused += statistics.refused;
            counts->entries += statistics.entries;
        }
        image_store_destroy(&store);
        if (fault) break;
    }
    if (!fits) {
        fprintf(stderr, "%s: there is no address space for its stack\n", file->path);
        counts->failed++;
    }
    if (machine) gw_machine_destroy(machine);
}
