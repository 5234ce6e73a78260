// See gw_idn.h. Declarations are those of idn2.h, of 2.0 (2017) and later.
#include "gw_idn.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { normalizeInput = 1, nontransitional = 8 };

static int (*to_ascii)(const char *, char **, int);
static void (*free_name)(void *);

static void load(void) {
    static const char *const names[] = {"libidn2.so.0", "libidn2.so", "libidn2.0.dylib"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!library) continue;
        *(void **)&to_ascii = dlsym(library, "idn2_to_ascii_8z");
        *(void **)&free_name = dlsym(library, "idn2_free");
        return;
    }
}

char *gw_idn_to_ascii(const char *name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (!to_ascii || !free_name) return NULL;
    char *result = NULL;
    if (to_ascii(name, &result, normalizeInput | nontransitional) != 0 || !result) return NULL;
    char *copy = strdup(result);
    free_name(result);
    return copy;
}

void gw_idn_free(char *name) { free(name); }
