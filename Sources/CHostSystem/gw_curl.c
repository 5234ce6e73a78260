// See gw_curl.h. Declarations are those of curl/curl.h and curl/multi.h, of 7.66 (2019) and later.
#include "gw_curl.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>

typedef struct {
    int kind;  // 1: the transfer has ended
    void *easy;
    union {
        void *pointer;
        int result;
    } data;
} Message;

enum { infoOSErrno = 0x200000 + 25, pauseNothing = 0, globalAll = 3 };

#define GW_CURL_FUNCTIONS(F)                                                     \
    F(int, global_init, (long))                                                  \
    F(void *, easy_init, (void))                                                 \
    F(void, easy_cleanup, (void *))                                              \
    F(int, easy_setopt, (void *, int, ...))                                      \
    F(int, easy_getinfo, (void *, int, ...))                                     \
    F(int, easy_pause, (void *, int))                                            \
    F(const char *, easy_strerror, (int))                                        \
    F(void *, multi_init, (void))                                                \
    F(int, multi_cleanup, (void *))                                              \
    F(int, multi_add_handle, (void *, void *))                                   \
    F(int, multi_remove_handle, (void *, void *))                                \
    F(int, multi_perform, (void *, int *))                                       \
    F(int, multi_poll, (void *, struct pollfd *, unsigned, int, int *))          \
    F(Message *, multi_info_read, (void *, int *))                               \
    F(void *, slist_append, (void *, const char *))                              \
    F(void, slist_free_all, (void *))

static struct {
#define GW_CURL_FIELD(result, name, parameters) result(*name) parameters;
    GW_CURL_FUNCTIONS(GW_CURL_FIELD)
} curl;

static bool loaded;

static void *open_library(void) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so", "libcurl.4.dylib",
                                        "libcurl.dylib"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (library) return library;
    }
    return NULL;
}

static void load(void) {
    void *library = open_library();
    if (!library) return;
#define GW_CURL_LOOK_UP(result, name, parameters)             \
    *(void **)&curl.name = dlsym(library, "curl_" #name);     \
    if (!curl.name) return;
    GW_CURL_FUNCTIONS(GW_CURL_LOOK_UP)
    loaded = curl.global_init(globalAll) == 0;
}

bool gw_curl_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded;
}

void *gw_curl_multi_new(void) { return curl.multi_init(); }
void gw_curl_multi_free(void *multi) { curl.multi_cleanup(multi); }
void gw_curl_multi_add(void *multi, void *easy) { curl.multi_add_handle(multi, easy); }
void gw_curl_multi_remove(void *multi, void *easy) { curl.multi_remove_handle(multi, easy); }

void gw_curl_multi_perform(void *multi) {
    int running;
    curl.multi_perform(multi, &running);
}

// libcurl's struct for other descriptors is laid out as struct pollfd, with the same bits on Linux.
void gw_curl_multi_wait(void *multi, void *others, unsigned count, int milliseconds) {
    int ready;
    curl.multi_poll(multi, others, count, milliseconds, &ready);
}

void *gw_curl_multi_ended(void *multi, int *result) {
    int left;
    Message *message;
    while ((message = curl.multi_info_read(multi, &left))) {
        if (message->kind != 1) continue;
        *result = message->data.result;
        return message->easy;
    }
    return NULL;
}

void *gw_curl_new(void) { return curl.easy_init(); }
void gw_curl_free(void *easy) { curl.easy_cleanup(easy); }
void gw_curl_set_long(void *easy, GWCurlOption option, long value) { curl.easy_setopt(easy, option, value); }
void gw_curl_set_size(void *easy, GWCurlOption option, long long value) { curl.easy_setopt(easy, option, value); }
void gw_curl_set_pointer(void *easy, GWCurlOption option, const void *value) { curl.easy_setopt(easy, option, value); }
void gw_curl_set_writer(void *easy, GWCurlOption option, GWCurlWriter writer) {
    curl.easy_setopt(easy, option, writer);
}

void gw_curl_set_opener(void *easy, void *context, GWCurlOpener opener) {
    enum { openSocketFunction = 20163, openSocketData = 10164 };
    curl.easy_setopt(easy, openSocketFunction, opener);
    curl.easy_setopt(easy, openSocketData, context);
}

void gw_curl_resume(void *easy) { curl.easy_pause(easy, pauseNothing); }

long gw_curl_system_error(void *easy) {
    long number = 0;
    curl.easy_getinfo(easy, infoOSErrno, &number);
    return number;
}

const char *gw_curl_error_text(int result) { return curl.easy_strerror(result); }

void *gw_curl_list_append(void *list, const char *text) { return curl.slist_append(list, text); }
void gw_curl_list_free(void *list) { curl.slist_free_all(list); }
