// Accounts of what the host keeps for guests.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "gw_account.h"

#include <stdlib.h>
#include <sys/mman.h>

_Thread_local GWAccount *gw_account_of_thread;
_Thread_local GWRelease gw_release_of_thread;

// Asking the system costs about as much as copying 16 KiB: it is asked for what is much larger.
#define SMALL (UINT64_C(256) << 10)
// What is left for what follows, such as the error that says so.
#define RESERVE (UINT64_C(1) << 20)

GWAccount *gw_account_create(uint64_t limit) {
    GWAccount *account = malloc(sizeof *account);
    if (account) *account = (GWAccount){.limit = limit, .holders = 1};
    return account;
}

void gw_account_free(GWAccount *account) { free(account); }

bool gw_system_grants(uint64_t bytes) {
    if (bytes < SMALL) return true;
    if (bytes > SIZE_MAX - RESERVE) return false;
    // Not by malloc, whose later decisions would depend on it.
    void *place = mmap(NULL, bytes + RESERVE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) return false;
    munmap(place, bytes + RESERVE);
    return true;
}

bool gw_account_grants(GWAccount *account, uint64_t bytes) {
    if (account) {
        uint64_t used = account->kept + account->memory;
        if (used > account->limit || bytes > account->limit - used) {
            account->is_limited = true;
            return false;
        }
    }
    return gw_system_grants(bytes);
}
