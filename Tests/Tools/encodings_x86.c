// Writes each form of an instruction that gw_x86.h knows twice: as it encodes it, to the first file, and as an
// assembler is to encode it, to the second one. encodings.sh compares what a disassembler makes of both.
//
// Every instruction begins at a multiple of 16 bytes, so that jumps lead to the same places in both files.
#include <inttypes.h>
#include <stdio.h>

#include "gw_x86.h"

static FILE *encoded, *expected;
static uint8_t buffer[64];
static uint32_t count;
static gw_x86 x;

// --- Names ---

static const char *const names[][16] = {
    ['b'] = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b",
             "r15b"},
    ['w'] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w",
             "r15w"},
    ['l'] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d",
             "r14d", "r15d"},
    ['q'] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
             "r15"},
    ['x'] = {"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
             "xmm13", "xmm14", "xmm15"},
};
static const char *const conditions[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                         "s", "ns", "p", "np", "l", "ge", "le", "g"};

// --- Writing ---

// The place of the instruction at hand, from the beginning of the code.
static uintptr_t place(void) { return (uintptr_t)count * 16; }
static void begin(void) {
    x.at = buffer;
    x.distance = (intptr_t)(place() - (uintptr_t)buffer);
}
// Writes what was encoded, and what it is to be up to the end of the line.
#define END(...) (write_encoded(), fprintf(expected, __VA_ARGS__), fputs("\n.balign 16, 0xCC\n", expected))
static void write_encoded(void) {
    fputs(".byte ", encoded);
    for (const uint8_t *at = buffer; at < x.at; at++) fprintf(encoded, "%s%d", at > buffer ? "," : "", *at);
    fputs("\n.balign 16, 0xCC\n", encoded);
    count++;
}

// --- Memory operands ---

static const char *memory_text(gw_x86_memory m) {
    static char text[64];
    if (m.base == RIP_RELATIVE) {
        snprintf(text, sizeof text, ".Lstart+%" PRIuPTR "(%%rip)", m.target);
    } else {
        int length = snprintf(text, sizeof text, "%" PRId32 "(", m.displacement);
        if (m.base >= 0) length += snprintf(text + length, sizeof text - length, "%%%s", names['q'][m.base]);
        if (m.index >= 0)
            length += snprintf(text + length, sizeof text - length, ",%%%s,%d", names['q'][m.index], 1 << m.scale);
        // (Without registers the assembler wants no brackets.)
        if (m.base < 0 && m.index < 0) text[length - 1] = 0;
        else snprintf(text + length, sizeof text - length, ")");
    }
    return text;
}

static const int32_t displacements[] = {0, 1, -1, 127, 128, -128, -129, INT32_MAX, INT32_MIN};
enum { DISPLACEMENTS = sizeof displacements / sizeof *displacements };

// Calls something with every form of a memory operand: each base and index, each scale, each class of displacement.
static void each_memory(void (*body)(gw_x86_memory)) {
    for (int d = 0; d < DISPLACEMENTS; d++) {
        for (int base = 0; base < 16; base++) {
            body(gw_x86_at(base, displacements[d]));
            for (int index = 0; index < 16; index++) {
                // No index byte says rsp.
                for (int scale = 0; index != RSP && scale < 4; scale++)
                    body(gw_x86_indexed(base, index, scale, displacements[d]));
            }
        }
        for (int index = 0; index < 16; index++)
            for (int scale = 0; index != RSP && scale < 4; scale++)
                body(gw_x86_indexed(NO_REGISTER, index, scale, displacements[d]));
        body(gw_x86_at(NO_REGISTER, displacements[d]));
    }
}
// The ones that have each base, each index, and each length of a displacement, once for every operation.
static void some_memories(void (*body)(gw_x86_memory)) {
    for (int base = 0; base < 16; base++)
        for (int d = 0; d < DISPLACEMENTS; d += 4) {
            body(gw_x86_at(base, displacements[d]));
            body(gw_x86_indexed(base, (base * 7 + 3) % 16 == RSP ? R12 : (base * 7 + 3) % 16, d / 4, displacements[d]));
        }
}

// --- Operations of a register and a register or memory ---

typedef struct form {
    unsigned prefix;
    bool wide;
    unsigned opcode;
    const char *name;
    // The letters of the registers' names: what the field `reg` is, a digit where it is part of the opcode; and what
    // the other operand is.
    char reg, other;
    // Whether the register is what is written: the last operand, as the assembler writes it.
    bool is_destination;
    // The bytes of an immediate behind it.
    int immediate;
    // Whether the other operand may be memory, and a register.
    bool has_memory, has_register;
} form;

static const form forms[] = {
#define BOTH true, true
#define MEMORY_ONLY true, false
#define REGISTER_ONLY false, true
    {0, true, 0x8B, "movq", 'q', 'q', true, 0, BOTH},
    {0, false, 0x8B, "movl", 'l', 'l', true, 0, BOTH},
    {0, true, 0x89, "movq", 'q', 'q', false, 0, MEMORY_ONLY},
    {0, false, 0x89, "movl", 'l', 'l', false, 0, MEMORY_ONLY},
    {0x66, false, 0x89, "movw", 'w', 'w', false, 0, MEMORY_ONLY},
    {0, false, 0x88, "movb", 'b', 'b', false, 0, MEMORY_ONLY},
    {0, true, 0x8D, "leaq", 'q', 'q', true, 0, MEMORY_ONLY},
    {0, false, 0x8D, "leal", 'l', 'l', true, 0, MEMORY_ONLY},
    {0, true, 0xC7, "movq", '0', 'q', false, 4, BOTH},
    {0, false, 0xC7, "movl", '0', 'l', false, 4, MEMORY_ONLY},
    {0x66, false, 0xC7, "movw", '0', 'w', false, 2, MEMORY_ONLY},
    {0, false, 0xC6, "movb", '0', 'b', false, 1, MEMORY_ONLY},
    {0, false, 0x80, "cmpb", '7', 'b', false, 1, MEMORY_ONLY},
#define ARITHMETIC(name, number) \
    {0, true, number << 3 | 3, name "q", 'q', 'q', true, 0, BOTH}, \
        {0, false, number << 3 | 3, name "l", 'l', 'l', true, 0, BOTH}, \
        {0, true, number << 3 | 1, name "q", 'q', 'q', false, 0, MEMORY_ONLY}, \
        {0, false, number << 3 | 1, name "l", 'l', 'l', false, 0, MEMORY_ONLY}
    ARITHMETIC("add", 0), ARITHMETIC("or", 1), ARITHMETIC("adc", 2), ARITHMETIC("sbb", 3), ARITHMETIC("and", 4),
    ARITHMETIC("sub", 5), ARITHMETIC("xor", 6), ARITHMETIC("cmp", 7),
    {0, true, 0x85, "testq", 'q', 'q', false, 0, REGISTER_ONLY},
    {0, false, 0x85, "testl", 'l', 'l', false, 0, REGISTER_ONLY},
    {0, true, 0x0FAF, "imulq", 'q', 'q', true, 0, BOTH},
    {0, false, 0x0FAF, "imull", 'l', 'l', true, 0, BOTH},
    {0, true, 0x6B, "imulq", 'q', 'q', true, 1, BOTH},
    {0, false, 0x69, "imull", 'l', 'l', true, 4, BOTH},
    {0, true, 0xC1, "shlq", '4', 'q', false, 1, REGISTER_ONLY},
    {0, false, 0xC1, "shrl", '5', 'l', false, 1, REGISTER_ONLY},
    {0, true, 0xC1, "sarq", '7', 'q', false, 1, REGISTER_ONLY},
    {0, false, 0xC1, "roll", '0', 'l', false, 1, REGISTER_ONLY},
    {0, true, 0xC1, "rorq", '1', 'q', false, 1, REGISTER_ONLY},
    {0, true, 0xD3, "shlq %%cl,", '4', 'q', false, 0, REGISTER_ONLY},
    {0, false, 0xD3, "sarl %%cl,", '7', 'l', false, 0, REGISTER_ONLY},
    {0, true, 0xF7, "notq", '2', 'q', false, 0, REGISTER_ONLY},
    {0, false, 0xF7, "negl", '3', 'l', false, 0, REGISTER_ONLY},
    {0, true, 0xF7, "divq", '6', 'q', false, 0, REGISTER_ONLY},
    {0, false, 0xF7, "idivl", '7', 'l', false, 0, REGISTER_ONLY},
    {0, false, 0xFF, "callq *", '2', 'q', false, 0, REGISTER_ONLY},
    {0, false, 0xFF, "jmpq *", '4', 'q', false, 0, BOTH},
    {0, true, 0x0FBA, "btrq", '6', 'q', false, 1, REGISTER_ONLY},
    {0, true, 0x0FBA, "btcq", '7', 'q', false, 1, REGISTER_ONLY},
    {0, true, 0x63, "movslq", 'q', 'l', true, 0, BOTH},
    {0, false, 0x0FB6, "movzbl", 'l', 'b', true, 0, BOTH},
    {0, false, 0x0FB7, "movzwl", 'l', 'w', true, 0, BOTH},
    {0, true, 0x0FBE, "movsbq", 'q', 'b', true, 0, BOTH},
    {0, false, 0x0FBE, "movsbl", 'l', 'b', true, 0, BOTH},
    {0, true, 0x0FBF, "movswq", 'q', 'w', true, 0, BOTH},
    {0, false, 0x0FBF, "movswl", 'l', 'w', true, 0, BOTH},
    {0, true, 0x0FBC, "bsfq", 'q', 'q', true, 0, BOTH},
    {0, false, 0x0FBD, "bsrl", 'l', 'l', true, 0, BOTH},
    {0xF3, true, 0x0FBC, "tzcntq", 'q', 'q', true, 0, BOTH},
    {0xF3, false, 0x0FBD, "lzcntl", 'l', 'l', true, 0, BOTH},
    {0xF3, true, 0x0FB8, "popcntq", 'q', 'q', true, 0, BOTH},
    {0xF3, false, 0x0FB8, "popcntl", 'l', 'l', true, 0, BOTH},
    {0xF2, false, 0x0F10, "movsd", 'x', 'x', true, 0, MEMORY_ONLY},
    {0xF3, false, 0x0F10, "movss", 'x', 'x', true, 0, MEMORY_ONLY},
    {0xF2, false, 0x0F11, "movsd", 'x', 'x', false, 0, MEMORY_ONLY},
    {0xF3, false, 0x0F11, "movss", 'x', 'x', false, 0, MEMORY_ONLY},
    {0, false, 0x0F28, "movaps", 'x', 'x', true, 0, REGISTER_ONLY},
    {0x66, true, 0x0F6E, "movq", 'x', 'q', true, 0, REGISTER_ONLY},
    {0x66, true, 0x0F7E, "movq", 'x', 'q', false, 0, REGISTER_ONLY},
    {0xF2, false, 0x0F58, "addsd", 'x', 'x', true, 0, BOTH},
    {0xF3, false, 0x0F5C, "subss", 'x', 'x', true, 0, BOTH},
    {0xF2, false, 0x0F59, "mulsd", 'x', 'x', true, 0, BOTH},
    {0xF3, false, 0x0F5E, "divss", 'x', 'x', true, 0, BOTH},
    {0xF2, false, 0x0F51, "sqrtsd", 'x', 'x', true, 0, BOTH},
    {0xF2, false, 0x0F5A, "cvtsd2ss", 'x', 'x', true, 0, BOTH},
    {0xF3, false, 0x0F5A, "cvtss2sd", 'x', 'x', true, 0, BOTH},
    {0x66, false, 0x0F2E, "ucomisd", 'x', 'x', true, 0, BOTH},
    {0, false, 0x0F2E, "ucomiss", 'x', 'x', true, 0, BOTH},
    {0, false, 0x0F57, "xorps", 'x', 'x', true, 0, REGISTER_ONLY},
    {0xF2, true, 0x0F2A, "cvtsi2sdq", 'x', 'q', true, 0, BOTH},
    {0xF3, false, 0x0F2A, "cvtsi2ssl", 'x', 'l', true, 0, BOTH},
    {0xF2, true, 0x0F2C, "cvttsd2si", 'q', 'x', true, 0, BOTH},
    {0xF3, true, 0x0F2C, "cvttss2si", 'q', 'x', true, 0, BOTH},
    {0x66, false, 0x0F3A0B, "roundsd", 'x', 'x', true, 1, BOTH},
    {0x66, false, 0x0F3A0A, "roundss", 'x', 'x', true, 1, BOTH},
};

static const form *at_hand;

static bool has_digit(void) { return at_hand->reg >= '0' && at_hand->reg <= '7'; }
static bool has_bytes(void) { return at_hand->reg == 'b' || at_hand->other == 'b'; }
static int registers(void) { return has_digit() ? 1 : 16; }
static int field(int reg) { return has_digit() ? at_hand->reg - '0' : reg; }

// An immediate of each size, with its highest bit set and not.
static int32_t immediate(void) {
    static const int32_t numbers[] = {0x5A, -0x5A, 0x1234, -0x1234, 0x12345678, -0x12345678};
    if (!at_hand->immediate) return 0;
    int32_t number = numbers[(at_hand->immediate == 4 ? 2 : at_hand->immediate - 1) * 2 + (int)(count & 1)];
    // A count, the number of a bit, or how to round.
    bool is_signed = at_hand->opcode == 0x6B || at_hand->opcode == 0xC6 || at_hand->opcode == 0x80;
    if (at_hand->immediate == 1 && !is_signed) number &= at_hand->opcode == 0x0FBA || at_hand->wide ? 63 : 15;
    for (int k = 0; k < at_hand->immediate; k++) gw_x86_byte(&x, (uint32_t)number >> 8 * k & 0xFF);
    return number;
}

static void end_form(int reg, const char *other, bool is_memory, int32_t number) {
    const char *name = at_hand->name;
    char text[32] = "", operand[64], constant[32] = "";
    // (The names of shifts by cl have the sign of a register, twice because of printf.)
    for (size_t length = 0; *name; name++)
        if (name[0] != '%' || name[1] != '%') text[length++] = *name;
    snprintf(operand, sizeof operand, "%s%s", is_memory ? "" : "%", other);
    if (at_hand->immediate) snprintf(constant, sizeof constant, "$%" PRId32 ", ", number);
    const char *space = text[strlen(text) - 1] == '*' ? "" : " ";
    if (has_digit()) END("%s%s%s%s", text, space, constant, operand);
    else if (at_hand->is_destination) END("%s %s%s, %%%s", text, constant, operand, names[(int)at_hand->reg][reg]);
    else END("%s %s%%%s, %s", text, constant, names[(int)at_hand->reg][reg], operand);
}

static int memory_register;
static void memory_form(gw_x86_memory m) {
    int reg = memory_register++ % registers();
    begin();
    gw_x86_memory_op(&x, at_hand->prefix, at_hand->wide, at_hand->opcode, field(reg), m, at_hand->reg == 'b');
    end_form(reg, memory_text(m), true, immediate());
}
static void register_form(int reg, int other) {
    begin();
    gw_x86_register_op(&x, at_hand->prefix, at_hand->wide, at_hand->opcode, field(reg), other, has_bytes());
    end_form(reg, names[(int)at_hand->other][other], false, immediate());
}
static void write_forms(void) {
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
        at_hand = &forms[k];
        if (at_hand->has_memory) {
            // Each register with one operand, and each operand with one register; moves with all of them.
            memory_register = 0;
            if (k < 2) each_memory(memory_form);
            else some_memories(memory_form);
            for (int reg = 0; reg < registers(); reg++) {
                memory_register = reg;
                memory_form(gw_x86_at(RBX, 8));
                if (at_hand->immediate) continue;
                memory_register = reg;
                memory_form(gw_x86_absolute(reg & 1 ? 0x12345 : 16));
            }
        }
        for (int reg = 0; at_hand->has_register && reg < registers(); reg++)
            for (int other = 0; other < 16; other++) register_form(reg, other);
    }
}

// --- Instructions that have a short name ---

static const int32_t numbers[] = {0, 1, -1, 127, 128, -128, -129, 0x7FFF, INT32_MAX, INT32_MIN};
enum { NUMBERS = sizeof numbers / sizeof *numbers };
static const char *const arithmetic[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};

static void write_short_names(void) {
    for (int to = 0; to < 16; to++) {
        for (int from = 0; from < 16; from++)
            for (int wide = 0; wide < 2; wide++) {
                begin();
                gw_x86_move(&x, wide, to, from);
                // One of 64 bits to itself is nothing.
                char size = wide ? 'q' : 'l';
                if (x.at > buffer) END("mov%c %%%s, %%%s", size, names[(int)size][from], names[(int)size][to]);
            }
        static const uint64_t constants[] = {
            0, 1, 0x7FFFFFFF, 0x80000000, UINT32_MAX, UINT64_C(0x100000000), (uint64_t)-1, (uint64_t)INT32_MIN,
            (uint64_t)INT32_MIN - 1, INT64_MAX, (uint64_t)INT64_MIN,
        };
        for (size_t k = 0; k < sizeof constants / sizeof *constants; k++) {
            uint64_t c = constants[k];
            begin();
            gw_x86_constant(&x, to, c);
            if (c <= UINT32_MAX) END("movl $%" PRIu64 ", %%%s", c, names['l'][to]);
            else if ((int64_t)c == (int32_t)c) END("movq $%" PRId64 ", %%%s", (int64_t)c, names['q'][to]);
            else END("movabsq $%" PRId64 ", %%%s", (int64_t)c, names['q'][to]);
        }
        begin();
        gw_x86_clear(&x, to);
        END("xorl %%%s, %%%s", names['l'][to], names['l'][to]);
        for (int wide = 0; wide < 2; wide++) {
            char size = wide ? 'q' : 'l';
            begin();
            gw_x86_test(&x, wide, to);
            END("test%c %%%s, %%%s", size, names[(int)size][to], names[(int)size][to]);
            for (int op = 0; op < 8; op++)
                for (int k = 0; k < NUMBERS; k++) {
                    begin();
                    gw_x86_immediate(&x, wide, (GWX86Arithmetic)op, to, numbers[k]);
                    END("%s%c $%" PRId32 ", %%%s", arithmetic[op], size, numbers[k], names[(int)size][to]);
                    begin();
                    gw_x86_memory m = gw_x86_indexed(to, RDI, k & 3, numbers[(k + op) % NUMBERS]);
                    gw_x86_memory_immediate(&x, wide, (GWX86Arithmetic)op, m, numbers[k]);
                    END("%s%c $%" PRId32 ", %s", arithmetic[op], size, numbers[k], memory_text(m));
                }
        }
        for (int cc = 0; cc < 16; cc++) {
            // Two instructions.
            begin();
            gw_x86_set(&x, (GWX86Condition)cc, to);
            END("set%s %%%s\nmovzbl %%%s, %%%s", conditions[cc], names['b'][to], names['b'][to], names['l'][to]);
            for (int from = 0; from < 16; from++) {
                begin();
                gw_x86_register_op(&x, 0, true, 0x0F40u | (unsigned)cc, to, from, false);
                END("cmov%sq %%%s, %%%s", conditions[cc], names['q'][from], names['q'][to]);
            }
        }
    }
}

// --- Jumps ---

static void write_jumps(void) {
    static const int32_t distances[] = {0, 5, 100, -5, -100, 0x12340, -0x12340};
    for (size_t k = 0; k < sizeof distances / sizeof *distances; k++) {
        uintptr_t target = place() + 0x20000 + (uintptr_t)(intptr_t)distances[k];
        begin();
        gw_x86_jump_to(&x, target);
        END("jmp .Lstart+%" PRIuPTR, target);
        begin();
        gw_x86_call_to(&x, target);
        END("callq .Lstart+%" PRIuPTR, target);
        for (int cc = -1; cc < 16; cc++) {
            target = place() + (uintptr_t)(intptr_t)distances[k];
            begin();
            gw_x86_bind(cc < 0 ? gw_x86_jump(&x) : gw_x86_jump_if(&x, (GWX86Condition)cc), buffer + distances[k]);
            END("j%s .Lstart+%" PRIdPTR, cc < 0 ? "mp" : conditions[cc], (intptr_t)target);
        }
    }
    for (int length = 0; length < 8; length++) {
        for (int cc = -1; cc < 16; cc++) {
            uintptr_t target = place() + 2 + (uintptr_t)length;
            begin();
            uint8_t *jump = cc < 0 ? gw_x86_short_jump(&x) : gw_x86_short_jump_if(&x, (GWX86Condition)cc);
            for (int k = 0; k < length; k++) gw_x86_byte(&x, 0x90);
            gw_x86_bind_short(&x, jump);
            END("j%s .Lstart+%" PRIuPTR "\n.fill %d, 1, 0x90", cc < 0 ? "mp" : conditions[cc], target, length);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 3 || !(encoded = fopen(argv[1], "w")) || !(expected = fopen(argv[2], "w"))) return 1;
    fputs(".Lstart:\n", encoded);
    fputs(".Lstart:\n", expected);
    write_forms();
    write_short_names();
    write_jumps();
    printf("%" PRIu32 " encodings\n", count);
    return fclose(encoded) || fclose(expected);
}
