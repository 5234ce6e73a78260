// Templates of arithmetic, comparisons and the jumps that they are fused with.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__aarch64__)
#include "gw_arm64_templates.h"

// A register of vectors that is scratch, and not the one that may hold a slot's vector.
enum { V_SCRATCH = 1 };

// --- Integers ---

// The sources of a binary operation: a register each, or a number as second one.
typedef struct sources {
    int a;
    source b;
} sources;
static sources both(compiler *c, bool wide) {
    const GWOpInfo *info = c->info;
    source a = source_of(c, wide, info->first, OPERAND(FIRST_SOURCE), T0);
    source b = source_of(c, wide, info->second, OPERAND(SECOND_SOURCE), T1);
    return (sources){in_register(c, wide, a, T0), b};
}

static void sum(compiler *c, bool wide, bool subtracts) {
    sources s = both(c, wide);
    int r = begin_result(c);
    if (s.b.is_number && s.a != ZERO)
        gw_arm64_add_number(X, wide, r, s.a, subtracts ? -(int64_t)s.b.number : s.b.number);
    else gw_arm64_op(X, subtracts ? A_SUB : A_ADD, wide, r, s.a, in_register(c, wide, s.b, T1));
    end_result(c, wide, r);
}
static void logic(compiler *c, bool wide, GWARM64Operation op) {
    sources s = both(c, wide);
    int r = begin_result(c);
    if (s.b.is_number) gw_arm64_logical(X, op, wide, r, s.a, (uint64_t)(int64_t)s.b.number);
    else gw_arm64_op(X, op, wide, r, s.a, s.b.reg);
    end_result(c, wide, r);
}
static void multiply(compiler *c, bool wide) {
    sources s = both(c, wide);
    int b = in_register(c, wide, s.b, T1), r = begin_result(c);
    gw_arm64_multiply(X, false, wide, r, s.a, b, ZERO);
    end_result(c, wide, r);
}

// The processor takes counts modulo the width, too. It rotates to the right only.
static void shift(compiler *c, bool wide, GWARM64Operation op, bool is_left_rotation) {
    unsigned width = wide ? 64 : 32;
    sources s = both(c, wide);
    int r = begin_result(c);
    if (s.b.is_number) {
        unsigned count = (unsigned)s.b.number & (width - 1);
        if (is_left_rotation) count = (width - count) & (width - 1);
        switch (op) {
        case A_LSL: gw_arm64_shift_left(X, wide, r, s.a, count); break;
        case A_LSR: gw_arm64_shift_right(X, false, wide, r, s.a, count); break;
        case A_ASR: gw_arm64_shift_right(X, true, wide, r, s.a, count); break;
        default: gw_arm64_rotate_right(X, wide, r, s.a, count);
        }
    } else {
        if (is_left_rotation) gw_arm64_op(X, A_SUB, wide, T1, ZERO, s.b.reg);
        gw_arm64_op(X, op, wide, r, s.a, is_left_rotation ? T1 : s.b.reg);
    }
    end_result(c, wide, r);
}

// The processor divides by 0, and the smallest number by -1, without a fault: both give what wasm does not.
static void divide(compiler *c, bool wide, bool is_signed, bool remainder) {
    int a = use(c, OPERAND(1)), b = use(c, OPERAND(2));
    trap_if_zero(c, wide, b, GWTrap_integerDivideByZero);
    if (is_signed && !remainder) {
        gw_arm64_compare_number(X, wide, b, -1);
        uint8_t *other = gw_arm64_jump_if(X, CC_NE);
        // 0 - a overflows for the smallest number only.
        gw_arm64_op(X, A_SUBS, wide, ZERO, ZERO, a);
        trap_if(c, CC_VS, GWTrap_integerOverflow);
        gw_arm64_bind(other, X->at);
    }
    int r = take(c, &c->integers);
    int quotient = remainder ? T0 : r;
    gw_arm64_op(X, is_signed ? A_SDIV : A_UDIV, wide, quotient, a, b);
    if (remainder) gw_arm64_multiply(X, true, wide, r, quotient, b, a);
    define(c, OPERAND(0), r);
}

// --- Comparisons ---

// The condition under which an integer comparison holds; false for others.
static bool condition_of(GWWasmOpcode op, bool *wide, GWARM64Condition *condition) {
#define CONDITION(name, cc) \
    case GWWasmOpcode_i64##name: *wide = true; *condition = cc; return true; \
    case GWWasmOpcode_i32##name: *wide = false; *condition = cc; return true;
    switch (op) {
        CONDITION(Eq, CC_EQ)
        CONDITION(Ne, CC_NE)
        CONDITION(LtS, CC_LT)
        CONDITION(LtU, CC_LO)
        CONDITION(GtS, CC_GT)
        CONDITION(GtU, CC_HI)
        CONDITION(LeS, CC_LE)
        CONDITION(LeU, CC_LS)
        CONDITION(GeS, CC_GE)
        CONDITION(GeU, CC_HS)
    default: return false;
    }
}

static void compare_to_slot(compiler *c, bool wide, GWARM64Condition condition) {
    sources s = both(c, wide);
    compare(c, wide, (source){false, s.a, 0}, s.b);
    int r = take(c, &c->integers);
    gw_arm64_set(X, condition, r);
    define_short(c, OPERAND(0), r);
}

static void branch(compiler *c) {
    bool wide;
    GWARM64Condition condition;
    if (!condition_of(c->info->wasm, &wide, &condition)) {
        c->failed = true;
        return;
    }
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    int next = 1;
    source a;
    if (c->info->first == GWKind_m) {
        // r o, then the other one: an immediate behind the offset, a slot before it (the letters are roij and rorj).
        gw_arm64_access(X, wide ? A_LDR64 : A_LDR32, T0, slot_word(c, OPERAND(0), OPERAND(1)));
        a = (source){false, T0, 0};
        next = 2;
    } else {
        a = source_of(c, wide, c->info->first, OPERAND(0), T0);
    }
    source b = source_of(c, wide, c->info->second, OPERAND(next), T1);
    bool is_equality = condition == CC_EQ || condition == CC_NE;
    if (is_equality && b.is_number && b.number == 0 && !a.is_number)
        return jump_if_zero(c, condition == CC_EQ, wide, a.reg, target);
    compare(c, wide, a, b);
    jump_if(c, condition, target);
}

// --- Floating point ---

static bool takes_doubles(GWWasmOpcode op) {
    const GWWasmOpcodeInfo *wasm = op < 0x100 ? &gw_wasm_opcodes()[op] : &gw_wasm_opcodes_fc()[op & 0xFF];
    // 0x7C: f64 (specification, section 5.3.1).
    return wasm->operands[0] == 0x7C;
}

static bool float_operation(GWWasmOpcode op, GWARM64FloatOperation *found) {
    switch (op) {
    case GWWasmOpcode_f32Add:
    case GWWasmOpcode_f64Add: *found = A_FADD; return true;
    case GWWasmOpcode_f32Sub:
    case GWWasmOpcode_f64Sub: *found = A_FSUB; return true;
    case GWWasmOpcode_f32Mul:
    case GWWasmOpcode_f64Mul: *found = A_FMUL; return true;
    case GWWasmOpcode_f32Div:
    case GWWasmOpcode_f64Div: *found = A_FDIV; return true;
    default: return false;
    }
}

// (Not commuted: which NaN comes out depends on the order.)
static void float_binary(compiler *c, GWARM64FloatOperation op) {
    int a = use_float(c, OPERAND(1)), b = use_float(c, OPERAND(2)), r = take(c, &c->floats);
    gw_arm64_float_binary(X, op, takes_doubles(c->info->wasm), r, a, b);
    define_float(c, OPERAND(0), r);
}

// An operation with one operand in memory: drro, drrk; the slot of the address is where the memory operand stands.
static void float_memory(compiler *c) {
    GWARM64FloatOperation op = A_FADD;
    if (!float_operation(c->info->wasm, &op)) c->failed = true;
    bool is_second = c->info->second != GWKind_r;
    GWKind kind = is_second ? c->info->second : c->info->first;
    uint32_t base = OPERAND(is_second ? 2 : 1), number = OPERAND(3);
    int other = use_float(c, OPERAND(is_second ? 1 : 2));
    gw_arm64_memory m = kind == GWKind_m ? slot_word(c, base, number) : sum_word(c, base, number);
    gw_arm64_access(X, A_LDR_D, V_SCRATCH, m);
    int r = take(c, &c->floats);
    gw_arm64_float_binary(X, op, true, r, is_second ? other : V_SCRATCH, is_second ? V_SCRATCH : other);
    define_float(c, OPERAND(0), r);
}

// The condition under which a comparison of floating-point numbers holds; all but "not equal" are false for NaN. False
// for others.
static bool float_condition(GWWasmOpcode op, GWARM64Condition *condition) {
#define FLOAT_CONDITION(name, cc) \
    case GWWasmOpcode_f64##name: \
    case GWWasmOpcode_f32##name: *condition = cc; return true;
    switch (op) {
        FLOAT_CONDITION(Eq, CC_EQ)
        FLOAT_CONDITION(Ne, CC_NE)
        FLOAT_CONDITION(Lt, CC_MI)
        FLOAT_CONDITION(Gt, CC_GT)
        FLOAT_CONDITION(Le, CC_LS)
        FLOAT_CONDITION(Ge, CC_GE)
    default: return false;
    }
}

static void float_compare_to_slot(compiler *c, GWARM64Condition condition) {
    gw_arm64_float_compare(X, takes_doubles(c->info->wasm), use_float(c, OPERAND(1)), use_float(c, OPERAND(2)));
    int r = take(c, &c->integers);
    gw_arm64_set(X, condition, r);
    define_short(c, OPERAND(0), r);
}

static void float_branch(compiler *c, GWARM64Condition condition, bool holds) {
    uint32_t target;
    gw_jump_target(c->info, c->pc, c->i->cell, &target);
    flush_live(c, target);
    gw_arm64_float_compare(X, takes_doubles(c->info->wasm), use_float(c, OPERAND(0)), use_float(c, OPERAND(1)));
    jump_if(c, holds ? condition : condition ^ 1, target);
}

// --- Operations by C functions ---

void gw_native_call_numeric(compiler *c, gw_numeric_function *function) {
    bool is_binary = c->info->family == GWFamily_binary;
    uint32_t d = OPERAND(0), a = OPERAND(1), b = is_binary ? OPERAND(2) : a;
    // C functions keep few registers.
    flush_all(c);
    forget_all(c);
    gw_arm64_access(X, A_LDR64, X0, slot_memory(a));
    if (is_binary) gw_arm64_access(X, A_LDR64, X1, slot_memory(b));
    gw_arm64_add_number(X, true, X2, MACHINE, FIELD(GWMachine, trap));
    bool may_trap = c->info->facts & GWFact_mayTrap;
    if (may_trap) {
        gw_arm64_constant(X, T0, GWTrap_none);
        gw_arm64_access(X, A_STR8, T0, gw_arm64_at(X2, 0));
    }
    gw_arm64_constant(X, ADDRESS, (uint64_t)(uintptr_t)function);
    gw_arm64_call_register(X, ADDRESS);
    if (may_trap) {
        gw_arm64_access(X, A_LDR8, T0, gw_arm64_at(MACHINE, FIELD(GWMachine, trap)));
        gw_arm64_compare_number(X, false, T0, GWTrap_none);
        uint8_t *jump = gw_jump_if(X, CC_NE, c->is_far);
        add_outline(c, (outline){jump, c->i->cell, outline_found_trap, GWTrap_none, NULL});
    }
    int r = take(c, &c->integers);
    gw_arm64_move(X, true, r, X0);
    define(c, d, r);
}

// --- Unary operations ---

static void extend(compiler *c, bool wide, bool is_signed, unsigned bits) {
    int a = use(c, OPERAND(1)), r = take(c, &c->integers);
    gw_arm64_field(X, is_signed, wide, r, a, 0, bits - 1);
    define(c, OPERAND(0), r);
}

static void count_zeros(compiler *c, bool wide, bool leading) {
    int a = use(c, OPERAND(1)), r = take(c, &c->integers);
    if (!leading) {
        gw_arm64_reverse_bits(X, wide, r, a);
        a = r;
    }
    gw_arm64_leading_zeros(X, wide, r, a);
    define_short(c, OPERAND(0), r);
}

// By a vector of bytes: only vectors are counted.
static void count_ones(compiler *c) {
    int a = use(c, OPERAND(1)), r = take(c, &c->integers);
    // A value of 32 bits is zero-extended.
    gw_arm64_bits_to_float(X, V_SCRATCH, a);
    // cnt v1.8b, v1.8b; addv b1, v1.8b
    gw_arm64_word(X, 0x0E205800u | V_SCRATCH << 5 | V_SCRATCH);
    gw_arm64_word(X, 0x0E31B800u | V_SCRATCH << 5 | V_SCRATCH);
    gw_arm64_bits_to_integer(X, r, V_SCRATCH);
    define_short(c, OPERAND(0), r);
}

static void to_float(compiler *c, bool is_signed, bool wide, bool is_double) {
    int a = use(c, OPERAND(1)), r = take(c, &c->floats);
    gw_arm64_from_integer(X, is_signed, wide, is_double, r, a);
    define_float(c, OPERAND(0), r);
}
// Saturating; a result of 32 bits clears the high half.
static void to_integer(compiler *c, bool is_signed, bool wide, bool is_double) {
    int a = use_float(c, OPERAND(1)), r = take(c, &c->integers);
    gw_arm64_to_integer(X, is_signed, wide, is_double, r, a);
    define(c, OPERAND(0), r);
}
static void convert(compiler *c, bool to_double) {
    int a = use_float(c, OPERAND(1)), r = take(c, &c->floats);
    gw_arm64_float_convert(X, to_double, r, a);
    define_float(c, OPERAND(0), r);
}
static void float_unary(compiler *c, GWARM64FloatOperation op, bool is_double) {
    int a = use_float(c, OPERAND(1)), r = take(c, &c->floats);
    gw_arm64_float_unary(X, op, is_double, r, a);
    define_float(c, OPERAND(0), r);
}

bool gw_native_unary(compiler *c) {
#define UNARY(name, action) \
    case GWWasmOpcode_##name: action; return true;
#define FLOATS_UNARY(name, op) \
    UNARY(f64##name, float_unary(c, op, true)) \
    UNARY(f32##name, float_unary(c, op, false))
#define CONVERSIONS(integer, wide) \
    UNARY(f64Convert##integer##S, to_float(c, true, wide, true)) \
    UNARY(f64Convert##integer##U, to_float(c, false, wide, true)) \
    UNARY(f32Convert##integer##S, to_float(c, true, wide, false)) \
    UNARY(f32Convert##integer##U, to_float(c, false, wide, false))
#define SATURATIONS(integer, wide) \
    UNARY(integer##TruncSatF64S, to_integer(c, true, wide, true)) \
    UNARY(integer##TruncSatF64U, to_integer(c, false, wide, true)) \
    UNARY(integer##TruncSatF32S, to_integer(c, true, wide, false)) \
    UNARY(integer##TruncSatF32U, to_integer(c, false, wide, false))
    switch (c->info->wasm) {
        UNARY(i32WrapI64, extend(c, false, false, 32))
        UNARY(i64ExtendI32U, extend(c, false, false, 32))
        UNARY(i64ExtendI32S, extend(c, true, true, 32))
        UNARY(i64Extend32S, extend(c, true, true, 32))
        UNARY(i64Extend8S, extend(c, true, true, 8))
        UNARY(i64Extend16S, extend(c, true, true, 16))
        UNARY(i32Extend8S, extend(c, false, true, 8))
        UNARY(i32Extend16S, extend(c, false, true, 16))
        UNARY(i64Clz, count_zeros(c, true, true))
        UNARY(i64Ctz, count_zeros(c, true, false))
        UNARY(i32Clz, count_zeros(c, false, true))
        UNARY(i32Ctz, count_zeros(c, false, false))
        UNARY(i64Popcnt, count_ones(c))
        UNARY(i32Popcnt, count_ones(c))
        CONVERSIONS(I64, true)
        CONVERSIONS(I32, false)
        SATURATIONS(i64, true)
        SATURATIONS(i32, false)
        UNARY(f64PromoteF32, convert(c, true))
        UNARY(f32DemoteF64, convert(c, false))
        FLOATS_UNARY(Sqrt, A_FSQRT)
        FLOATS_UNARY(Abs, A_FABS)
        FLOATS_UNARY(Neg, A_FNEG)
        FLOATS_UNARY(Nearest, A_FRINTN)
        FLOATS_UNARY(Floor, A_FRINTM)
        FLOATS_UNARY(Ceil, A_FRINTP)
        FLOATS_UNARY(Trunc, A_FRINTZ)
    default: return false;
    }
}

bool gw_native_binary(compiler *c) {
#define BOTH(name, action32, action64) \
    case GWWasmOpcode_i32##name: action32; return true; \
    case GWWasmOpcode_i64##name: action64; return true;
#define EACH(name, function, ...) BOTH(name, function(c, false, __VA_ARGS__), function(c, true, __VA_ARGS__))
    if (c->info->first == GWKind_m || c->info->first == GWKind_k || c->info->second == GWKind_m ||
        c->info->second == GWKind_k) {
        float_memory(c);
        return true;
    }
    bool wide;
    GWARM64Condition condition;
    if (condition_of(c->info->wasm, &wide, &condition)) {
        compare_to_slot(c, wide, condition);
        return true;
    }
    switch (c->info->wasm) {
        EACH(Add, sum, false)
        EACH(Sub, sum, true)
        EACH(And, logic, A_AND)
        EACH(Or, logic, A_ORR)
        EACH(Xor, logic, A_EOR)
        EACH(Shl, shift, A_LSL, false)
        EACH(ShrS, shift, A_ASR, false)
        EACH(ShrU, shift, A_LSR, false)
        EACH(Rotl, shift, A_ROR, true)
        EACH(Rotr, shift, A_ROR, false)
        EACH(DivS, divide, true, false)
        EACH(DivU, divide, false, false)
        EACH(RemS, divide, true, true)
        EACH(RemU, divide, false, true)
        BOTH(Mul, multiply(c, false), multiply(c, true))
    default: break;
    }
    GWARM64FloatOperation op;
    if (float_operation(c->info->wasm, &op)) {
        float_binary(c, op);
        return true;
    }
    if (float_condition(c->info->wasm, &condition)) {
        float_compare_to_slot(c, condition);
        return true;
    }
    return false;
}

void gw_native_branch(compiler *c, bool holds) {
    GWARM64Condition condition;
    if (float_condition(c->info->wasm, &condition)) float_branch(c, condition, holds);
    else branch(c);
}

#endif
