// Host functions: libffi closures, so that a Swift closure is a C function pointer of the type that corresponds to its
// wasm type. No name of libffi leaves this file.
#include <ffi.h>
#include <stdlib.h>
#include <string.h>

#include "gw_machine.h"

struct GWHostFunction {
    ffi_cif cif;
    /// What libffi calls the closure by.
    void *pointer;
    ffi_closure *closure;
    GWHostBody body;
    void *context;
    uint32_t parameters, results;
    /// The slots of the results.
    uint32_t result_slots;
    /// Whether there are vectors among the parameters.
    bool takes_vectors;
    /// Whether it is of the type (i32) -> (), as all runtime imports of Go's js/wasm are. The closure of such a
    /// function has no parameter: libffi classifies the types of parameters anew at each call.
    bool plain;
    /// The argument of a plain function, from the call until its body is entered.
    uint32_t argument;
    /// The bytes of the parameters' types, then of the results'.
    uint8_t *types;
    ffi_type *arguments[];
};

// Whether the body that this thread called last failed. The closure's C type has no place for it.
static _Thread_local bool failed;

// The byte of the type v128.
#define VECTOR 0x7B

static ffi_type *c_type(uint8_t type) {
    switch (type) {
    case 0x7F: return &ffi_type_uint32;
    case 0x7D: return &ffi_type_float;
    case 0x7C: return &ffi_type_double;
    case VECTOR: return &ffi_type_pointer;
    default: return &ffi_type_uint64;
    }
}

// What every closure runs: libffi has put the arguments in memory.
static void enter(ffi_cif *cif, void *result, void **arguments, void *user) {
    (void)cif;
    GWHostFunction *f = user;
    if (__builtin_expect(f->plain, 1)) {
        // A copy: the body may lead to a call of the same function.
        uint32_t argument = f->argument;
        void *only = &argument;
        failed = !f->body(f->context, &only, NULL);
        return;
    }
    void *values[f->takes_vectors ? f->parameters + 1 : 1];
    if (f->takes_vectors) {
        // The body gets the addresses of values; of vectors, these are the arguments themselves.
        for (uint32_t i = 0; i < f->parameters; i++)
            values[i] = f->types[i] == VECTOR ? *(void **)arguments[i] : arguments[i];
        if (f->result_slots > 1) values[f->parameters] = arguments[f->parameters];
        arguments = values;
    }
    if (f->results == 1 && f->types[f->parameters] == 0x7F) {
        // libffi wants integers narrower than a register widened to one.
        uint32_t value = 0;
        failed = !f->body(f->context, arguments, &value);
        *(ffi_arg *)result = value;
    } else {
        failed = !f->body(f->context, arguments, f->result_slots > 1 ? *(void **)arguments[f->parameters] : result);
    }
}

GWHostFunction *gw_host_create(
    const uint8_t *types, uint32_t parameters, uint32_t results, GWHostBody body, void *context) {
    uint32_t result_slots = results;
    for (uint32_t i = 0; i < results; i++) result_slots += types[parameters + i] == VECTOR;
    bool plain = parameters == 1 && results == 0 && types[0] == 0x7F;
    uint32_t count = plain ? 0 : parameters + (result_slots > 1);
    GWHostFunction *f = calloc(1, sizeof *f + (count + 1) * sizeof *f->arguments + parameters + results);
    if (!f) return NULL;
    f->types = (uint8_t *)&f->arguments[count + 1];
    memcpy(f->types, types, parameters + results);
    f->parameters = parameters;
    f->results = results;
    f->result_slots = result_slots;
    for (uint32_t i = 0; i < parameters; i++) f->takes_vectors |= types[i] == VECTOR;
    f->body = body;
    f->context = context;
    f->plain = plain;
    for (uint32_t i = 0; i < parameters && !plain; i++) f->arguments[i] = c_type(types[i]);
    if (result_slots > 1) f->arguments[parameters] = &ffi_type_pointer;
    ffi_type *result = result_slots == 1 ? c_type(types[parameters]) : &ffi_type_void;
    f->closure = ffi_closure_alloc(sizeof *f->closure, &f->pointer);
    if (f->closure && ffi_prep_cif(&f->cif, FFI_DEFAULT_ABI, count, result, f->arguments) == FFI_OK &&
        ffi_prep_closure_loc(f->closure, &f->cif, enter, f, f->pointer) == FFI_OK)
        return f;
    gw_host_destroy(f);
    return NULL;
}

void gw_host_destroy(GWHostFunction *f) {
    if (f->closure) ffi_closure_free(f->closure);
    free(f);
}

bool gw_host_call(GWHostFunction *f, uint64_t *slots) {
    if (__builtin_expect(f->plain, 1)) {
        f->argument = (uint32_t)slots[0];
        ((void (*)(void))f->pointer)();
        return !failed;
    }
    // The slots of i32 and f32 hold them in their low half: on a little-endian machine, at their own address.
    void *arguments[f->parameters + 1];
    uint64_t *vectors[f->takes_vectors ? f->parameters : 1], *slot = slots;
    for (uint32_t i = 0; i < f->parameters; i++) {
        arguments[i] = slot;
        if (f->types[i] == VECTOR) {
            vectors[i] = slot++;
            arguments[i] = &vectors[i];
        }
        slot++;
    }
    uint64_t several[f->result_slots > 1 ? f->result_slots : 1], *pointer = several;
    if (f->result_slots > 1) memset(several, 0, sizeof several);
    arguments[f->parameters] = &pointer;
    union { ffi_arg word; uint64_t i64; double f64; float f32; } one = {0};
    ffi_call(&f->cif, FFI_FN(f->pointer), &one, arguments);
    if (failed) return false;
    if (f->result_slots == 1) {
        uint8_t type = f->types[f->parameters];
        if (type == 0x7D || type == 0x7F) {
            uint32_t low;
            memcpy(&low, &one, sizeof low);
            slots[0] = low;
        } else {
            slots[0] = one.i64;
        }
    } else if (f->result_slots > 1) {
        for (uint32_t i = 0; i < f->result_slots; i++) slots[i] = several[i];
    }
    return true;
}
