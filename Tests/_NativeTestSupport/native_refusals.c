// See native_refusals.h.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "native_refusals.h"

#include <unistd.h>

#if defined(__x86_64__) && defined(__linux__)

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
// Goes on with the next one if it holds, or `otherwise` further.
#define IS(number, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, otherwise)
#define END(action) BPF_STMT(BPF_RET | BPF_K, action)

static bool filter(struct sock_filter *filter, unsigned short count) {
    struct sock_fprog program = {count, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool native_refuse(NativeRefusal what) {
    struct sock_filter objects[] = {
        LOAD(nr), IS(SYS_memfd_create, 1), END(SECCOMP_RET_ERRNO | EPERM), END(SECCOMP_RET_ALLOW),
    };
    struct sock_filter mappings[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
        IS(SYS_mprotect, 3),
        // The third argument's low half says what may be done.
        LOAD(args[2]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
        END(SECCOMP_RET_ERRNO | EACCES),
        END(SECCOMP_RET_ALLOW),
    };
    switch (what) {
    case NativeRefusal_memoryObjects: return filter(objects, sizeof objects / sizeof *objects);
    case NativeRefusal_executableMappings: return filter(mappings, sizeof mappings / sizeof *mappings);
    case NativeRefusal_writeAndExecute: return prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
    }
    return false;
}

#else

bool native_refuse(NativeRefusal what) {
    (void)what;
    return false;
}

#endif

pid_t native_fork(void) { return fork(); }
