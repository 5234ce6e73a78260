// What the host keeps for one guest, counted in bytes; and how deep values are being released on this thread.
#ifndef GW_ACCOUNT_H
#define GW_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The account of one guest. It is used by one thread at a time, and lives as long as anybody holds it: whoever runs
/// the guest, and everything that was charged to it.
typedef struct GWAccount {
    /// The bytes that the host keeps for the guest.
    uint64_t kept;
    /// The bytes of the guest's linear memories.
    uint64_t memory;
    /// What both together may not exceed.
    uint64_t limit;
    /// How many bytes both together may have before it is looked whether the system has more; at most the limit.
    uint64_t checkpoint;
    /// What must be left for small values between two such looks, and for whatever the host does meanwhile.
    uint64_t spare;
    /// What the largest of the tables asks for when it grows next.
    uint64_t growth;
    /// How many hold the account.
    uint64_t holders;
    /// Whether something was refused because of the limit.
    bool is_limited;
    /// Whether the system has no more memory.
    bool is_exhausted;
    /// Whether what the host does for the guest shall end; set by any thread.
    bool is_stopped;
} GWAccount;

/// The account of the guest that this thread works for; null for none. Never named directly: see below.
extern _Thread_local GWAccount *gw_account_of_thread;

/// Makes an account that one holds; null where there is no memory.
GWAccount *gw_account_create(uint64_t limit);

/// Frees an account that nobody holds any more.
void gw_account_free(GWAccount *account);

/// Whether so many bytes more may be kept: the limit allows it, and, of what is large, the system has it, and what is
/// to be spared besides. A null account has no limit.
bool gw_account_grants(GWAccount *account, uint64_t bytes);

/// As the other one, of the system alone.
bool gw_system_grants(uint64_t bytes);

/// Whether the system has so many bytes, and what an account is to spare besides.
bool gw_account_system_grants(const GWAccount *account, uint64_t bytes);

/// Whether what the host does for the guest shall end, where gw_account_must_end has to look closer.
bool gw_account_is_at_end(GWAccount *account);

/// Takes note of what this thread works for, and returns what it worked for before.
static inline GWAccount *gw_account_enter(GWAccount *account) {
    GWAccount *before = gw_account_of_thread;
    gw_account_of_thread = account;
    return before;
}

static inline GWAccount *gw_account_current(void) { return gw_account_of_thread; }

static inline void gw_account_retain(GWAccount *account) {
    if (account) account->holders++;
}

static inline void gw_account_release(GWAccount *account) {
    if (account && --account->holders == 0) gw_account_free(account);
}

/// Charges bytes to the account that this thread works for, and holds it.
static inline GWAccount *gw_account_open(size_t bytes) {
    GWAccount *account = gw_account_of_thread;
    if (account) {
        account->holders++;
        account->kept += bytes;
    }
    return account;
}

/// Charges further bytes to an account, or gives back some of them.
static inline void gw_account_change(GWAccount *account, int64_t bytes) {
    if (account) account->kept += (uint64_t)bytes;
}

/// Charges a table that has grown, or become smaller, by some bytes to a size: it is going to ask for twice that.
static inline void gw_account_resize(GWAccount *account, int64_t bytes, uint64_t size) {
    if (!account) return;
    account->kept += (uint64_t)bytes;
    if (2 * size > account->growth) account->growth = 2 * size;
}

/// Gives bytes back, and the account.
static inline void gw_account_close(GWAccount *account, size_t bytes) {
    if (!account) return;
    account->kept -= bytes;
    gw_account_release(account);
}

/// Whether more is kept than the limit allows, or than the system has: small values are charged without asking.
static inline bool gw_account_is_exceeded(const GWAccount *account) {
    return account && (account->kept + account->memory > account->limit || account->is_exhausted);
}

/// Has what the host does for the guest end soon, or lets it go on; may be called by any thread.
static inline void gw_account_stop(GWAccount *account, bool stops) {
    __atomic_store_n(&account->is_stopped, stops, __ATOMIC_RELAXED);
}

/// It is looked again after a part of what is spared: allocators take more than they are asked for.
static inline uint64_t gw_account_step(const GWAccount *account) { return account->spare / 4; }

/// Whether what the host does for the guest shall end: because it was stopped, keeps more than it may, or as much as
/// the system has.
static inline bool gw_account_must_end(GWAccount *account) {
    if (!account) return false;
    if (__atomic_load_n(&account->is_stopped, __ATOMIC_RELAXED)) return true;
    // In one comparison: neither above the checkpoint, where the difference is a large number, nor further below it
    // than a step. There, too, it is looked again: what was given back may be of no use for what is asked for next.
    uint64_t left = account->checkpoint - (account->kept + account->memory);
    return left > gw_account_step(account) && gw_account_is_at_end(account);
}

/// Who is to be charged for what this thread does in a file system in memory; null for nobody. Never named directly.
extern _Thread_local void *gw_file_ledger_of_thread;

static inline void *gw_file_ledger(void) { return gw_file_ledger_of_thread; }

/// Takes note of who is to be charged, and returns who was before.
static inline void *gw_file_ledger_enter(void *ledger) {
    void *before = gw_file_ledger_of_thread;
    gw_file_ledger_of_thread = ledger;
    return before;
}

/// How deep this thread is in releasing what values refer to.
typedef struct GWRelease {
    uint32_t depth;
    /// What waits until that is done; null for nothing.
    void *postponed;
} GWRelease;

extern _Thread_local GWRelease gw_release_of_thread;

static inline GWRelease *gw_release(void) { return &gw_release_of_thread; }

#endif
