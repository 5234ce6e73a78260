// Writes each form of an instruction that gw_arm64.h knows twice: as it encodes it, to the first file, and as an
// assembler is to encode it, to the second one. encodings.sh compares what a disassembler makes of both. What takes
// several instructions, constants, is run here.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gw_arm64.h"

static FILE *encoded, *expected;
static uint8_t buffer[64];
static uint32_t count;
static gw_arm64 x;

// --- Writing ---

// Where the instruction at hand will lie, from the beginning of the code.
static void begin(void) { x = (gw_arm64){buffer, (intptr_t)((uintptr_t)count * 4 - (uintptr_t)buffer)}; }
// Writes what was encoded, and the text that it is to be.
static void end(const char *text) {
    for (const uint8_t *at = buffer; at < x.at; at += 4, count++) {
        uint32_t word;
        memcpy(&word, at, sizeof word);
        fprintf(encoded, ".inst 0x%08" PRIx32 "\n", word);
    }
    fprintf(expected, "%s\n", text);
}
static char text[256];
#define END(...) (snprintf(text, sizeof text, __VA_ARGS__), end(text))

// --- Names ---

// A register's name: of 64 or 32 bits, or with the letter of a floating-point register.
static const char *name(char kind, int r) {
    static char names[8][8];
    static int next;
    char *n = names[next++ & 7];
    if (r == ZERO && (kind == 'x' || kind == 'w')) snprintf(n, 8, "%czr", kind);
    else if (kind == 's' && r == ZERO) snprintf(n, 8, "sp");
    else snprintf(n, 8, "%c%d", kind == 's' ? 'x' : kind, r);
    return n;
}
#define R(r) name(wide ? 'x' : 'w', r)
static const char *const conditions[] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs",
                                         "vc", "hi", "ls", "ge", "lt", "gt", "le"};
static const int some[] = {X0, X1, X7, X13, X17, X28, X30, ZERO};
#define EACH(r) for (size_t r##_ = 0; r##_ < sizeof some / sizeof *some; r##_++) \
    for (int r = some[r##_], once_##r = 1; once_##r; once_##r = 0)

// --- Operations of registers ---

static void register_operations(bool wide) {
    static const struct { GWARM64Operation op; const char *text; bool shifts; } rows[] = {
        {A_AND, "and", true}, {A_BIC, "bic", true}, {A_ORR, "orr", true}, {A_ORN, "orn", true}, {A_EOR, "eor", true},
        {A_ANDS, "ands", true}, {A_ADD, "add", true}, {A_ADDS, "adds", true}, {A_SUB, "sub", true},
        {A_SUBS, "subs", true}, {A_UDIV, "udiv", false}, {A_SDIV, "sdiv", false}, {A_LSL, "lsl", false},
        {A_LSR, "lsr", false}, {A_ASR, "asr", false}, {A_ROR, "ror", false},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        EACH(d) EACH(a) EACH(b) {
            begin(), gw_arm64_op(&x, rows[k].op, wide, d, a, b);
            END("%s %s, %s, %s", rows[k].text, R(d), R(a), R(b));
            if (!rows[k].shifts) continue;
            unsigned shift = 1 + (unsigned)(d + a + b) % (wide ? 63 : 31);
            begin(), gw_arm64_op_shifted(&x, rows[k].op, wide, d, a, b, shift);
            END("%s %s, %s, %s, lsl #%u", rows[k].text, R(d), R(a), R(b), shift);
        }
    EACH(d) EACH(a) {
        EACH(b) {
            begin(), gw_arm64_multiply(&x, false, wide, d, a, b, X5);
            END("madd %s, %s, %s, %s", R(d), R(a), R(b), R(X5));
            begin(), gw_arm64_multiply(&x, true, wide, d, a, b, X5);
            END("msub %s, %s, %s, %s", R(d), R(a), R(b), R(X5));
        }
        begin(), gw_arm64_leading_zeros(&x, wide, d, a);
        END("clz %s, %s", R(d), R(a));
        begin(), gw_arm64_reverse_bits(&x, wide, d, a);
        END("rbit %s, %s", R(d), R(a));
        if (d != a) {
            begin(), gw_arm64_move(&x, wide, d, a);
            END("mov %s, %s", R(d), R(a));
        }
        for (unsigned n = 1; n < (wide ? 64u : 32u); n++) {
            begin(), gw_arm64_shift_left(&x, wide, d, a, n);
            END("lsl %s, %s, #%u", R(d), R(a), n);
            begin(), gw_arm64_shift_right(&x, false, wide, d, a, n);
            END("lsr %s, %s, #%u", R(d), R(a), n);
            begin(), gw_arm64_shift_right(&x, true, wide, d, a, n);
            END("asr %s, %s, #%u", R(d), R(a), n);
            begin(), gw_arm64_rotate_right(&x, wide, d, a, n);
            END("ror %s, %s, #%u", R(d), R(a), n);
            begin(), gw_arm64_field(&x, true, wide, d, a, 0, n);
            END("sbfx %s, %s, #0, #%u", R(d), R(a), n + 1);
            begin(), gw_arm64_field(&x, false, wide, d, a, 0, n);
            END("ubfx %s, %s, #0, #%u", R(d), R(a), n + 1);
        }
    }
}

static void other_operations(void) {
    EACH(d) EACH(a) EACH(b) {
        if (a != ZERO) {
            begin(), gw_arm64_add_word(&x, d == ZERO ? X3 : d, a, b);
            END("add %s, %s, %s, uxtw", name('x', d == ZERO ? X3 : d), name('x', a), name('w', b));
        }
        for (int cc = 0; cc < 14; cc++) {
            begin(), gw_arm64_select(&x, cc, d, a, b);
            END("csel %s, %s, %s, %s", name('x', d), name('x', a), name('x', b), conditions[cc]);
        }
    }
    EACH(d) for (int cc = 0; cc < 14; cc++) {
        begin(), gw_arm64_set(&x, cc, d);
        END("cset %s, %s", name('w', d), conditions[cc]);
    }
}

// --- Numbers ---

static void sums(bool wide) {
    static const int32_t numbers[] = {1, 8, 0x7FF, 0xFFF};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        for (int high = 0; high < 2; high++)
            EACH(d) EACH(a) {
                if (d == ZERO || a == ZERO) continue;
                int32_t n = high ? numbers[k] << 12 : numbers[k];
                begin(), gw_arm64_add_number(&x, wide, d, a, n);
                END("add %s, %s, #0x%x", R(d), R(a), n);
                begin(), gw_arm64_add_number(&x, wide, d, a, -(int64_t)n);
                END("sub %s, %s, #0x%x", R(d), R(a), n);
                begin(), gw_arm64_compare_number(&x, wide, a, n);
                END("cmp %s, #0x%x", R(a), n);
                begin(), gw_arm64_compare_number(&x, wide, a, -(int64_t)n);
                END("cmn %s, #0x%x", R(a), n);
                begin(), gw_arm64_add_number(&x, wide, d, a, 0x123456);
                END("add %s, %s, #0x123, lsl #12\nadd %s, %s, #0x456", R(d), R(a), R(d), R(d));
            }
    begin(), gw_arm64_add_number(&x, true, STACK_POINTER, STACK_POINTER, -96);
    END("sub sp, sp, #96");
    EACH(a) if (a != ZERO) {
        begin(), gw_arm64_compare_number(&x, wide, a, 0);
        END("cmp %s, #0", R(a));
    }
}

// Every number that a logical operation takes: runs of ones, rotated, in elements of 2 to 64 bits.
static void logical_numbers(bool wide) {
    static const struct { GWARM64Operation op; const char *text; } rows[] = {
        {A_AND, "and"}, {A_ORR, "orr"}, {A_EOR, "eor"},
    };
    for (unsigned size = 2; size <= (wide ? 64u : 32u); size *= 2)
        for (unsigned ones = 1; ones < size; ones++)
            for (unsigned rotation = 0; rotation < size; rotation++) {
                uint64_t run = (UINT64_C(1) << ones) - 1, element = ~UINT64_C(0) >> (64 - size);
                uint64_t n = (run << rotation | (rotation ? run >> (size - rotation) : 0)) & element;
                for (unsigned k = size; k < 64; k *= 2) n |= n << k;
                if (!wide) n = (uint32_t)n;
                unsigned k = (ones + rotation) % 3;
                begin(), gw_arm64_logical(&x, rows[k].op, wide, X3, X9, n);
                END("%s %s, %s, #0x%" PRIx64, rows[k].text, R(X3), R(X9), n);
            }
}

// Runs what makes a constant: moves of 16 bits, and ORR with a number that is told by the test above.
static uint64_t run_constant(void) {
    uint64_t value = 0;
    for (const uint8_t *at = buffer; at < x.at; at += 4) {
        uint32_t word, part, shift;
        memcpy(&word, at, sizeof word);
        part = word >> 5 & 0xFFFF, shift = (word >> 21 & 3) * 16;
        if (word >> 23 == 0x1A5) value = (uint64_t)part << shift;
        else if (word >> 23 == 0x125) value = ~((uint64_t)part << shift);
        else if (word >> 23 == 0x1E5) value = (value & ~(UINT64_C(0xFFFF) << shift)) | (uint64_t)part << shift;
        else return 0x0BAD0BAD0BAD0BAD;
    }
    return value;
}
static uint32_t constants(void) {
    uint32_t made = 0;
    uint64_t random = 88172645463325252u;
    for (int k = 0; k < 200000; k++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        // Some parts of 16 bits are zeros or ones.
        uint64_t n = random;
        for (int part = 0; part < 4; part++) {
            unsigned choice = (unsigned)(random >> (8 * part + 3)) & 3;
            if (choice == 0) n &= ~(UINT64_C(0xFFFF) << 16 * part);
            if (choice == 1) n |= UINT64_C(0xFFFF) << 16 * part;
        }
        if (k < 64) n = UINT64_C(1) << k;
        uint32_t fields, word;
        begin(), gw_arm64_constant(&x, X5, n);
        memcpy(&word, buffer, sizeof word);
        bool is_logical = x.at == buffer + 4 && word >> 23 == 0x164;
        bool is_right = is_logical ? gw_arm64_logical_number(n, true, &fields) && word == (0xB20003E5u | fields)
                                   : run_constant() == n;
        if (!is_right) {
            printf("the constant 0x%" PRIx64 " is made wrongly\n", n);
            exit(1);
        }
        made++;
    }
    return made;
}

// --- Memory ---

static void accesses(void) {
    static const struct { GWARM64Access access; const char *scaled, *unscaled; char kind; } rows[] = {
        {A_STR8, "strb", "sturb", 'w'}, {A_LDR8, "ldrb", "ldurb", 'w'}, {A_LDRS8_64, "ldrsb", "ldursb", 'x'},
        {A_LDRS8_32, "ldrsb", "ldursb", 'w'}, {A_STR16, "strh", "sturh", 'w'}, {A_LDR16, "ldrh", "ldurh", 'w'},
        {A_LDRS16_64, "ldrsh", "ldursh", 'x'}, {A_LDRS16_32, "ldrsh", "ldursh", 'w'}, {A_STR32, "str", "stur", 'w'},
        {A_LDR32, "ldr", "ldur", 'w'}, {A_LDRS32_64, "ldrsw", "ldursw", 'x'}, {A_STR64, "str", "stur", 'x'},
        {A_LDR64, "ldr", "ldur", 'x'}, {A_LDR_B, "ldr", "ldur", 'b'}, {A_LDR_H, "ldr", "ldur", 'h'},
        {A_STR_S, "str", "stur", 'S'}, {A_LDR_S, "ldr", "ldur", 'S'}, {A_STR_D, "str", "stur", 'd'},
        {A_LDR_D, "ldr", "ldur", 'd'}, {A_STR_Q, "str", "stur", 'q'}, {A_LDR_Q, "ldr", "ldur", 'q'},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        unsigned scale = gw_arm64_scale(rows[k].access);
        EACH(r) EACH(base) {
            char register_name[8];
            bool is_integer = rows[k].kind == 'w' || rows[k].kind == 'x';
            if (is_integer) snprintf(register_name, 8, "%s", name(rows[k].kind, r));
            else snprintf(register_name, 8, "%c%d", rows[k].kind == 'S' ? 's' : rows[k].kind, r);
            const int scaled[] = {0, 1, 5, 255, 4095}, unscaled[] = {-1, -8, -255, -256};
            for (int n = 0; n < 5; n++) {
                begin(), gw_arm64_access(&x, rows[k].access, r, gw_arm64_at(base, (int64_t)scaled[n] << scale));
                END("%s %s, [%s, #%d]", rows[k].scaled, register_name, name('s', base), scaled[n] << scale);
            }
            for (int n = 0; n < 4; n++) {
                begin(), gw_arm64_access(&x, rows[k].access, r, gw_arm64_at(base, unscaled[n]));
                END("%s %s, [%s, #%d]", rows[k].unscaled, register_name, name('s', base), unscaled[n]);
            }
            if (scale) {
                begin(), gw_arm64_access(&x, rows[k].access, r, gw_arm64_at(base, 251));
                END("%s %s, [%s, #251]", rows[k].unscaled, register_name, name('s', base));
            }
            for (int form = 0; form < 4; form++) {
                bool is_word = form & 1, is_scaled = form & 2;
                if (is_scaled && scale == 0) continue;
                begin(), gw_arm64_access(&x, rows[k].access, r, gw_arm64_indexed(base, X21, is_word, is_scaled));
                char extension[16] = "";
                if (is_word) snprintf(extension, 16, is_scaled ? ", uxtw #%u" : ", uxtw", scale);
                else if (is_scaled) snprintf(extension, 16, ", lsl #%u", scale);
                END("%s %s, [%s, %s%s]", rows[k].scaled, register_name, name('s', base), is_word ? "w21" : "x21",
                    extension);
            }
        }
    }
    for (int displacement = -512; displacement < 512; displacement += 8) {
        begin(), gw_arm64_pair(&x, true, X19, X20, STACK_POINTER, displacement);
        END("ldp x19, x20, [sp, #%d]", displacement);
        begin(), gw_arm64_pair(&x, false, X29, X30, X7, displacement);
        END("stp x29, x30, [x7, #%d]", displacement);
    }
}

// --- Floating point ---

static void floats(bool is_double) {
    static const struct { GWARM64FloatOperation op; const char *text; bool is_binary; } rows[] = {
        {A_FADD, "fadd", true}, {A_FSUB, "fsub", true}, {A_FMUL, "fmul", true}, {A_FDIV, "fdiv", true},
        {A_FMOV, "fmov", false}, {A_FABS, "fabs", false}, {A_FNEG, "fneg", false}, {A_FSQRT, "fsqrt", false},
        {A_FRINTN, "frintn", false}, {A_FRINTP, "frintp", false}, {A_FRINTM, "frintm", false},
        {A_FRINTZ, "frintz", false},
    };
    char f = is_double ? 'd' : 's';
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (int d = 0; d < 32; d += 5)
            for (int a = 0; a < 32; a += 7)
                if (rows[k].is_binary) {
                    begin(), gw_arm64_float_binary(&x, rows[k].op, is_double, d, a, 31 - a);
                    END("%s %c%d, %c%d, %c%d", rows[k].text, f, d, f, a, f, 31 - a);
                } else {
                    begin(), gw_arm64_float_unary(&x, rows[k].op, is_double, d, a);
                    END("%s %c%d, %c%d", rows[k].text, f, d, f, a);
                }
    for (int d = 0; d < 31; d++) {
        int a = 30 - d;
        begin(), gw_arm64_float_compare(&x, is_double, d, a);
        END("fcmp %c%d, %c%d", f, d, f, a);
        begin(), gw_arm64_float_convert(&x, is_double, d, a);
        END("fcvt %c%d, %c%d", f, d, is_double ? 's' : 'd', a);
        for (int wide = 0; wide < 2; wide++) {
            begin(), gw_arm64_from_integer(&x, true, wide, is_double, d, a);
            END("scvtf %c%d, %s", f, d, R(a));
            begin(), gw_arm64_from_integer(&x, false, wide, is_double, d, a);
            END("ucvtf %c%d, %s", f, d, R(a));
            begin(), gw_arm64_to_integer(&x, true, wide, is_double, d, a);
            END("fcvtzs %s, %c%d", R(d), f, a);
            begin(), gw_arm64_to_integer(&x, false, wide, is_double, d, a);
            END("fcvtzu %s, %c%d", R(d), f, a);
        }
        begin(), gw_arm64_bits_to_float(&x, d, a);
        END("fmov d%d, x%d", d, a);
        begin(), gw_arm64_bits_to_integer(&x, d, a);
        END("fmov x%d, d%d", d, a);
        static const char *const lanes[] = {"16b", "8h", "4s", "2d"};
        for (unsigned scale = 0; scale < 4; scale++) {
            begin(), gw_arm64_spread(&x, scale, d, a);
            END("dup v%d.%s, %s", d, lanes[scale], name(scale == 3 ? 'x' : 'w', a));
            begin(), gw_arm64_spread_lane(&x, scale, d, a);
            END("dup v%d.%s, v%d.%c[0]", d, lanes[scale], a, lanes[scale][strlen(lanes[scale]) - 1]);
        }
    }
}

// --- Jumps ---

static void jumps(void) {
    for (int distance = -4096; distance <= 4096; distance += 64) {
        // (Not behind the beginning of the code.)
        uintptr_t target = (uintptr_t)count * 4 + (uintptr_t)(intptr_t)distance;
        begin(), gw_arm64_jump_to(&x, target);
        END("b .%+d", distance);
        target += 4;
        begin(), gw_arm64_call_to(&x, target);
        END("bl .%+d", distance);
        for (int cc = 0; cc < 14; cc++) {
            begin(), gw_arm64_bind(gw_arm64_jump_if(&x, cc), buffer + distance);
            END("b.%s .%+d", conditions[cc], distance);
        }
        begin(), gw_arm64_bind(gw_arm64_jump(&x), buffer + distance);
        END("b .%+d", distance);
        for (int wide = 0; wide < 2; wide++) {
            begin(), gw_arm64_bind(gw_arm64_jump_zero(&x, true, wide, X9), buffer + distance);
            END("cbz %s, .%+d", R(X9), distance);
            begin(), gw_arm64_bind(gw_arm64_jump_zero(&x, false, wide, X9), buffer + distance);
            END("cbnz %s, .%+d", R(X9), distance);
        }
    }
    for (int r = 0; r < 31; r++) {
        begin(), gw_arm64_jump_register(&x, r);
        END("br x%d", r);
        begin(), gw_arm64_call_register(&x, r);
        END("blr x%d", r);
    }
    begin(), gw_arm64_return(&x);
    END("ret");
    // Pages, from the one that the instruction lies in. (The end of a page is where they are counted from.)
    for (uint32_t target = 0; target < 1 << 30; target = target * 3 + 4096) {
        begin(), gw_arm64_address(&x, X7, target);
        int64_t pages = (int64_t)(target >> 12) - (int64_t)(count * 4 >> 12);
        END("adrp x7, #%" PRId64, pages * 4096);
        begin(), gw_arm64_address(&x, X7, target | 0x678);
        pages = (int64_t)(target >> 12) - (int64_t)(count * 4 >> 12);
        END("adrp x7, #%" PRId64 "\nadd x7, x7, #0x678", pages * 4096);
    }
    if (gw_arm64_bind(gw_arm64_jump_if((begin(), &x), CC_EQ), buffer + (1 << 20)) ||
        gw_arm64_bind(gw_arm64_jump((begin(), &x)), buffer + (1 << 27))) {
        puts("a jump reaches what is out of its reach");
        exit(1);
    }
}

// Operations of vectors: the rows of gw_arm64_vectors.c that bring their text along.
static void vectors(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) exit(1);
    static char source[1 << 20];
    source[fread(source, 1, sizeof source - 1, file)] = 0;
    fclose(file);
    for (char *at = source; *at;) {
        char *open = strchr(at, '"');
        char *close = open ? strchr(open + 1, '"') : NULL;
        if (!close) break;
        at = close + 1;
        if (strncmp(at, ", 0x", 4) != 0 && strncmp(at, ",\n            0x", 16) != 0) continue;
        begin();
        char *row_end = strchr(at, ')');
        for (char *word = strstr(at, "0x"); word && word < row_end; word = strstr(word + 2, "0x"))
            gw_arm64_word(&x, (uint32_t)strtoul(word, NULL, 16));
        *close = 0;
        for (char *semicolon = open; (semicolon = strchr(semicolon, ';'));) *semicolon = '\n';
        END("%s", open + 1);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    encoded = fopen(argv[1], "w"), expected = fopen(argv[2], "w");
    if (!encoded || !expected) return 1;
    for (int wide = 0; wide < 2; wide++) register_operations(wide), sums(wide), logical_numbers(wide), floats(wide);
    other_operations();
    accesses();
    jumps();
    vectors(argv[3]);
    uint32_t made = constants();
    fclose(encoded), fclose(expected);
    printf("%" PRIu32 " encodings, %" PRIu32 " constants\n", count, made);
    return 0;
}
