// libcurl, as far as the host's fetch needs it: loaded when a program uses it, so that no other program's start pays
// for it, and so that the program runs where there is none.
//
// The numbers of options and codes are part of libcurl's stable binary interface (curl/curl.h).
#ifndef GW_CURL_H
#define GW_CURL_H

#include <stdbool.h>
#include <stddef.h>

// Options of transfers (CURLOPT_…), by the type of their values.
typedef enum __attribute__((enum_extensibility(closed))) GWCurlOption {
    GWCurlOption_noBody = 44,           // long
    GWCurlOption_post = 47,             // long
    GWCurlOption_httpProxyTunnel = 61,  // long
    GWCurlOption_forbidReuse = 75,      // long
    GWCurlOption_httpVersion = 84,      // long: GWCurlHTTP11
    GWCurlOption_protocols = 181,       // long: bits of GWCurlProtocol
    GWCurlOption_suppressConnectHeaders = 265, // long
    GWCurlOption_writeData = 10001,     // pointer
    GWCurlOption_url = 10002,           // text
    GWCurlOption_proxy = 10004,         // text
    GWCurlOption_errorBuffer = 10010,   // 256 bytes
    GWCurlOption_postFields = 10015,    // pointer, not copied
    GWCurlOption_httpHeader = 10023,    // list
    GWCurlOption_headerData = 10029,    // pointer
    GWCurlOption_customRequest = 10036, // text
    GWCurlOption_certificates = 10065,  // text: the file of trusted issuers (CURLOPT_CAINFO)
    GWCurlOption_noProxy = 10177,       // text
    GWCurlOption_requestTarget = 10266, // text
    GWCurlOption_writeFunction = 20011,
    GWCurlOption_headerFunction = 20079,
    GWCurlOption_postFieldSize = 30120, // 64 bits
} GWCurlOption;

enum {
    GWCurlProtocols = 1 | 2,               // http and https
    GWCurlHTTP11 = 2,
    GWCurlWritePause = 0x10000001,         // what a write function returns to be called again later
    GWCurlErrorSize = 256,
    GWCurlBadURL = 3,
    GWCurlCouldNotResolve = 6,
    GWCurlCouldNotConnect = 7,
};

typedef size_t (*GWCurlWriter)(char *bytes, size_t size, size_t count, void *context);

// Loads the library; false where there is none that fits. Cheap from the second time on.
bool gw_curl_load(void);

void *gw_curl_multi_new(void);
void gw_curl_multi_free(void *multi);
void gw_curl_multi_add(void *multi, void *easy);
void gw_curl_multi_remove(void *multi, void *easy);
// Does what can be done without waiting.
void gw_curl_multi_perform(void *multi);
// Waits for transfers and for other descriptors (of struct pollfd), at most so many milliseconds.
void gw_curl_multi_wait(void *multi, void *others, unsigned count, int milliseconds);
// The next transfer that has ended, and its result; NULL when there is none.
void *gw_curl_multi_ended(void *multi, int *result);

void *gw_curl_new(void);
void gw_curl_free(void *easy);
void gw_curl_set_long(void *easy, GWCurlOption option, long value);
void gw_curl_set_size(void *easy, GWCurlOption option, long long value);
void gw_curl_set_pointer(void *easy, GWCurlOption option, const void *value);
void gw_curl_set_writer(void *easy, GWCurlOption option, GWCurlWriter writer);
// What is about to be connected to (struct curl_sockaddr): the address, a struct sockaddr, has the size that is said.
typedef struct GWCurlAddress {
    int family, type, protocol;
    unsigned size;
    int address[32];
} GWCurlAddress;

// Makes the socket for a connection; -1 refuses it.
typedef int (*GWCurlOpener)(void *context, int purpose, const GWCurlAddress *address);
void gw_curl_set_opener(void *easy, void *context, GWCurlOpener opener);
// Lets a transfer go on whose write function asked for a pause.
void gw_curl_resume(void *easy);
// The number of the system's error behind a failed connection.
long gw_curl_system_error(void *easy);
const char *gw_curl_error_text(int result);

// Appends a copy of a text to a list that may be NULL.
void *gw_curl_list_append(void *list, const char *text);
void gw_curl_list_free(void *list);

#endif
