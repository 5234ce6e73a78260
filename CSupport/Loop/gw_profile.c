// The opt-in build that counts executed instructions, pairs and triples of them: what superinstructions are chosen by.
//
//     swift build -c release --scratch-path .build-profile -Xcc -DGW_PROFILE --product gowasm-fast
//
// A program built so prints, when the process ends, the instructions, pairs and triples that make up most of what it
// executed, to standard error, a line each: the share in percent, then the names.
#ifdef GW_PROFILE
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>

#include "gw_decoder.h"
#include "gw_interpreter.h"
#include "gw_opcodes.h"

static uint64_t pairs[GWOp_count][GWOp_count];

// `size` names count, from the front of `ops`. A row that never counted anything has the size 0.
typedef struct row {
    uint64_t count;
    uint16_t ops[3];
    uint16_t size;
} row;

// Open addressing. What finds no place near its own is not counted, but as lost.
enum { triple_rows = 1 << 20, triple_probes = 16 };
static row triples[triple_rows];
static uint64_t lost_triples;

static void count_triple(uint16_t a, uint16_t b, uint16_t c) {
    uint64_t hash = (((uint64_t)a << 32 | (uint64_t)b << 16 | c) + 1) * 0x9E3779B97F4A7C15;
    for (uint64_t i = hash >> 44, end = i + triple_probes; i < end; i++) {
        row *at = &triples[i % triple_rows];
        if (!at->size) *at = (row){0, {a, b, c}, 3};
        if (at->ops[0] == a && at->ops[1] == b && at->ops[2] == c) {
            at->count++;
            return;
        }
    }
    lost_triples++;
}

static int descending(const void *a, const void *b) {
    uint64_t x = ((const row *)a)->count, y = ((const row *)b)->count;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void print(row *rows, size_t count, uint64_t total, size_t most) {
    const GWOpInfo *info = gw_op_info();
    qsort(rows, count, sizeof *rows, descending);
    for (size_t i = 0; i < count && i < most && rows[i].count; i++) {
        fprintf(stderr, "%6.2f  %s", 100.0 * (double)rows[i].count / (double)total, info[rows[i].ops[0]].name);
        for (int op = 1; op < rows[i].size; op++) fprintf(stderr, " + %s", info[rows[i].ops[op]].name);
        fputc('\n', stderr);
    }
}

static void report(void) {
    static row singles[GWOp_count], all[GWOp_count * GWOp_count];
    uint64_t total = 0;
    for (int a = 0; a < GWOp_count; a++) {
        for (int b = 0; b < GWOp_count; b++) {
            all[a * GWOp_count + b] = (row){pairs[a][b], {(uint16_t)a, (uint16_t)b}, 2};
            singles[b].count += pairs[a][b];
            total += pairs[a][b];
        }
    }
    for (int b = 0; b < GWOp_count; b++) {
        singles[b].ops[0] = (uint16_t)b;
        singles[b].size = 1;
    }
    fprintf(stderr, "executed instructions: %llu\n", (unsigned long long)total);
    print(singles, GWOp_count, total, 40);
    fprintf(stderr, "pairs\n");
    print(all, (size_t)GWOp_count * GWOp_count, total, 60);
    fprintf(stderr, "triples (%llu were not counted)\n", (unsigned long long)lost_triples);
    print(triples, triple_rows, total, 60);
}

// The command ends with _exit, as its output is written: this build's _exit reports first.
void _exit(int code) {
    report();
    syscall(SYS_exit_group, code);
    __builtin_unreachable();
}

void gw_profile_count(int32_t handler, bool checked) {
    static _Thread_local uint16_t previous, before;
    uint16_t op = gw_opcode(checked, (uint32_t)handler);
    pairs[previous][op]++;
    count_triple(before, previous, op);
    before = previous;
    previous = op;
}
#endif
