// Calls host functions of all classes of signatures: what the body sees, and what comes back.
#include <stdio.h>
#include <string.h>

#include "image.h"

enum { most = 40 };

typedef struct signature {
    uint8_t types[2 * most];
    uint32_t parameters, results;
    // What the body expects and answers, a value each: of vectors both halves.
    uint64_t values[2 * most][2];
    bool is_wrong, fails;
} signature;

static const uint8_t all[] = {0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x6F, 0x70};

static uint64_t random_number(void) {
    static uint64_t state = 7;
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return state ^ state >> 29;
}

static size_t size_of(uint8_t type) { return type == 0x7F || type == 0x7D ? 4 : type == 0x7B ? 16 : 8; }

static bool body(void *context, void **arguments, void *results) {
    signature *s = context;
    for (uint32_t i = 0; i < s->parameters; i++)
        if (memcmp(arguments[i], s->values[i], size_of(s->types[i]))) s->is_wrong = true;
    if (s->fails) return false;
    uint64_t *several = results;
    bool is_single = s->results == 1 && s->types[s->parameters] != 0x7B;
    for (uint32_t i = s->parameters; i < s->parameters + s->results; i++) {
        size_t size = size_of(s->types[i]);
        if (is_single) {
            memcpy(results, s->values[i], size);
        } else {
            memcpy(several, s->values[i], size);
            several += size == 16 ? 2 : 1;
        }
    }
    return true;
}

// Calls a function of a signature; whether all came through.
static bool check(signature *s) {
    uint64_t slots[4 * most] = {0}, *slot = slots;
    for (uint32_t i = 0; i < s->parameters + s->results; i++) {
        s->values[i][0] = random_number();
        s->values[i][1] = random_number();
        if (size_of(s->types[i]) == 4) s->values[i][0] &= UINT32_MAX;
    }
    for (uint32_t i = 0; i < s->parameters; i++) {
        *slot++ = s->values[i][0];
        if (s->types[i] == 0x7B) *slot++ = s->values[i][1];
    }
    GWHostFunction *f = gw_host_create(s->types, s->parameters, s->results, body, s);
    if (!f) return false;
    bool has_succeeded = gw_host_call(f, slots);
    gw_host_destroy(f);
    if (s->is_wrong || has_succeeded == s->fails) return false;
    slot = slots;
    for (uint32_t i = s->parameters; i < s->parameters + s->results && !s->fails; i++) {
        if (*slot++ != s->values[i][0]) return false;
        if (s->types[i] == 0x7B && *slot++ != s->values[i][1]) return false;
    }
    return true;
}

static int try(signature *s, int *count) {
    ++*count;
    if (check(s)) return 0;
    fprintf(stderr, "a host function of the type (");
    for (uint32_t i = 0; i < s->parameters + s->results; i++)
        fprintf(stderr, "%s%02x", i == s->parameters ? ") -> (" : i ? " " : "", s->types[i]);
    fprintf(stderr, ") fails\n");
    return 1;
}

int image_check_trampolines(void) {
    int failed = 0, count = 0;
    // Each type alone, many times, and as the result; each pair of types in turns, up to what no registers hold.
    for (size_t a = 0; a < sizeof all; a++)
        for (size_t b = 0; b < sizeof all; b++)
            for (uint32_t length = 0; length <= 20; length++) {
                signature s = {.parameters = length, .results = 1};
                for (uint32_t i = 0; i < length; i++) s.types[i] = i % 2 ? all[b] : all[a];
                s.types[length] = all[b];
                failed += try(&s, &count);
            }
    for (int i = 0; i < 3000; i++) {
        signature s = {
            .parameters = (uint32_t)(random_number() % most), .results = (uint32_t)(random_number() % 5),
            .fails = i % 10 == 0,
        };
        for (uint32_t j = 0; j < s.parameters + s.results; j++) s.types[j] = all[random_number() % sizeof all];
        failed += try(&s, &count);
    }
    printf("%d signatures of host functions, %d failed\n", count, failed);
    return failed;
}
