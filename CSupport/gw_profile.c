// The opt-in build that counts executed instructions and pairs of them: what superinstructions are chosen by.
//
//     swift build -c release --scratch-path .build-profile -Xcc -DGW_PROFILE --product gowasm-fast
//
// A program built so prints, when the process ends, the instructions and pairs that make up most of what it executed,
// to standard error, a line each: the share in percent, then the names.
#ifdef GW_PROFILE
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>

#include "gw_interpreter.h"
#include "gw_opcodes.h"

static uint64_t pairs[GWOp_count][GWOp_count];
static uint16_t *opcodes[2];

typedef struct row {
    uint64_t count;
    int first, second;
} row;

static int descending(const void *a, const void *b) {
    uint64_t x = ((const row *)a)->count, y = ((const row *)b)->count;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void print(row *rows, size_t count, uint64_t total, size_t most) {
    const GWOpInfo *info = gw_op_info();
    qsort(rows, count, sizeof *rows, descending);
    for (size_t i = 0; i < count && i < most && rows[i].count; i++) {
        fprintf(stderr, "%6.2f  %s", 100.0 * (double)rows[i].count / (double)total, info[rows[i].first].name);
        if (rows[i].second >= 0) fprintf(stderr, " + %s", info[rows[i].second].name);
        fputc('\n', stderr);
    }
}

static void report(void) {
    static row singles[GWOp_count], all[GWOp_count * GWOp_count];
    uint64_t total = 0;
    for (int a = 0; a < GWOp_count; a++) {
        for (int b = 0; b < GWOp_count; b++) {
            all[a * GWOp_count + b] = (row){pairs[a][b], a, b};
            singles[b].count += pairs[a][b];
            total += pairs[a][b];
        }
    }
    for (int b = 0; b < GWOp_count; b++) {
        singles[b].first = b;
        singles[b].second = -1;
    }
    fprintf(stderr, "executed instructions: %llu\n", (unsigned long long)total);
    print(singles, GWOp_count, total, 40);
    fprintf(stderr, "pairs\n");
    print(all, (size_t)GWOp_count * GWOp_count, total, 60);
}

static void prepare(bool checked) {
    const int32_t *handlers = gw_handlers(checked);
    // Handlers lie within a megabyte from the first.
    uint16_t *table = calloc(2 << 20, sizeof *table);
    for (int op = 0; op < GWOp_count; op++) table[handlers[op] + (1 << 20)] = (uint16_t)op;
    opcodes[checked] = table;
}

// The command ends with _exit, as its output is written: this build's _exit reports first.
void _exit(int code) {
    report();
    syscall(SYS_exit_group, code);
    __builtin_unreachable();
}

void gw_profile_count(int32_t handler, bool checked) {
    static _Thread_local uint16_t previous;
    if (!opcodes[checked]) prepare(checked);
    uint16_t op = opcodes[checked][handler + (1 << 20)];
    pairs[previous][op]++;
    previous = op;
}
#endif
