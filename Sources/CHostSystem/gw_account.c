// Accounts of what the host keeps for guests.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "gw_account.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

_Thread_local GWAccount *gw_account_of_thread;
_Thread_local void *gw_file_ledger_of_thread;
_Thread_local GWRelease gw_release_of_thread;

// Asking the system costs about as much as copying 16 KiB: it is asked for what is much larger.
#define SMALL (UINT64_C(256) << 10)
// What is spared where address space is limited: a part of it, not more than this, and not less than that.
#define SPARED_PART 16
#define MOST_SPARED (UINT64_C(64) << 20)
#define LEAST_SPARED (UINT64_C(1) << 20)

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t spare(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return MOST_SPARED;
    uint64_t part = limit.rlim_cur / SPARED_PART;
    return part < LEAST_SPARED ? LEAST_SPARED : smaller(part, MOST_SPARED);
}

GWAccount *gw_account_create(uint64_t limit) {
    GWAccount *account = malloc(sizeof *account);
    if (!account) return NULL;
    *account = (GWAccount){.limit = limit, .holders = 1, .spare = spare()};
    account->checkpoint = smaller(limit, gw_account_step(account));
    return account;
}

void gw_account_free(GWAccount *account) { free(account); }

// Not by malloc, whose later decisions would depend on it.
static bool system_has(uint64_t bytes) {
    void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) return false;
    munmap(place, bytes);
    return true;
}

bool gw_account_system_grants(const GWAccount *account, uint64_t bytes) {
    uint64_t spare = account ? account->spare + account->growth : LEAST_SPARED;
    return bytes <= SIZE_MAX - spare && system_has(bytes + spare);
}

bool gw_system_grants(uint64_t bytes) { return bytes < SMALL || gw_account_system_grants(NULL, bytes); }

bool gw_account_grants(GWAccount *account, uint64_t bytes) {
    if (account) {
        uint64_t used = account->kept + account->memory;
        if (used > account->limit || bytes > account->limit - used) {
            account->is_limited = true;
            return false;
        }
    }
    return bytes < SMALL || gw_account_system_grants(account, bytes);
}

bool gw_account_is_at_end(GWAccount *account) {
    uint64_t used = account->kept + account->memory;
    if (used > account->limit || account->is_exhausted) return true;
    account->is_exhausted = !gw_account_system_grants(account, 0);
    account->checkpoint = smaller(account->limit, used + gw_account_step(account));
    return account->is_exhausted;
}
