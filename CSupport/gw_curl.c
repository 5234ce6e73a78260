// See gw_curl.h. Declarations are those of curl/curl.h, curl/multi.h and curl/urlapi.h, of 7.66 (2019) and later.
#include "gw_curl.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int kind;  // 1: the transfer has ended
    void *easy;
    union {
        void *pointer;
        int result;
    } data;
} Message;

enum { infoOSErrno = 0x200000 + 25, pauseNothing = 0, globalAll = 3 };
enum { partURL = 0, partScheme = 1, partHost = 5, partPort = 6 };
enum { urlDefaultPort = 1 << 0, urlEncode = 1 << 7 };

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
    F(void, slist_free_all, (void *))                                            \
    F(void *, url, (void))                                                       \
    F(void, url_cleanup, (void *))                                               \
    F(int, url_set, (void *, int, const char *, unsigned))                       \
    F(int, url_get, (void *, int, char **, unsigned))                            \
    F(void, free, (void *))

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

static char *url_part(void *url, int part, unsigned flags) {
    char *text = NULL, *copy = NULL;
    if (curl.url_get(url, part, &text, flags) == 0 && text) copy = strdup(text);
    if (text) curl.free(text);
    return copy;
}

char *gw_curl_resolve_url(const char *base, const char *reference) {
    void *url = curl.url();
    char *result = NULL;
    if (url && (!base || curl.url_set(url, partURL, base, urlEncode) == 0) &&
        curl.url_set(url, partURL, reference, urlEncode) == 0) {
        result = url_part(url, partURL, 0);
    }
    if (url) curl.url_cleanup(url);
    return result;
}

char *gw_curl_url_origin(const char *text) {
    void *url = curl.url();
    char *result = NULL;
    if (url && curl.url_set(url, partURL, text, urlEncode) == 0) {
        char *scheme = url_part(url, partScheme, 0), *host = url_part(url, partHost, 0);
        char *port = url_part(url, partPort, urlDefaultPort);
        if (scheme && host && port) {
            size_t size = strlen(scheme) + strlen(host) + strlen(port) + 5;
            result = malloc(size);
            if (result) snprintf(result, size, "%s://%s:%s", scheme, host, port);
        }
        free(scheme);
        free(host);
        free(port);
    }
    if (url) curl.url_cleanup(url);
    return result;
}
