// Templates of vectors. A vector is two neighbouring slots of the frame, the low half first; it is taken to v0 and v1
// for each instruction. What is the result is still in v0 when the next instruction wants it first. Operations that the
// processor has no few instructions for are C functions, made of the same rows as the loop's handlers.
#include "gw_native_internal.h"

#if GW_NATIVE_TARGET && defined(__aarch64__)
#include "gw_arm64_templates.h"
#include "gw_native_lanes.h"
#include "gw_vector.h"

enum { V0, V1, V30 = 30 };

// --- Slots ---

// mov v.16b, v.16b
static void copy_vector(compiler *c, int to, int from) {
    gw_arm64_word(X, 0x4EA01C00u | (uint32_t)from << 16 | (uint32_t)from << 5 | (uint32_t)to);
}
static void read_vector(compiler *c, int v, uint32_t slot) {
    if (c->vector == (int32_t)slot) {
        if (v != V0) copy_vector(c, v, V0);
        return;
    }
    gw_arm64_access(X, A_LDR_Q, v, slot_memory(slot));
    if (v == V0) c->vector = -1;
}
// The result is in v0.
static void write_vector(compiler *c, uint32_t slot) {
    gw_arm64_access(X, A_STR_Q, V0, slot_memory(slot));
    replace(c, slot);
    c->vector = (int32_t)slot;
}
static gw_arm64_memory lane_memory(uint32_t slot, uint32_t lane, uint32_t bytes) {
    return gw_arm64_at(FRAME, (int64_t)slot * 8 + (int64_t)lane * bytes);
}

// --- Operations that are instructions of the processor ---

// On v0 and v1, with the result in v0; of SWAPPED ones the second vector is in v0. v30 and v31 are scratch. The texts
// are what an assembler makes the words of; Tests/Tools/encodings.sh compares.
typedef struct operation {
    enum { operation_unary, operation_binary, operation_swapped } kind;
    uint32_t words[3];
} operation;

static bool find_operation(GWWasmOpcode op, operation *found) {
#define ROW(kind, name, ...) \
    case GWWasmOpcode_##name: *found = (operation){operation_##kind, {__VA_ARGS__}}; return true;
#define UNARY(name, text, ...) ROW(unary, name, __VA_ARGS__)
#define BINARY(name, text, ...) ROW(binary, name, __VA_ARGS__)
#define SWAPPED(name, text, ...) ROW(swapped, name, __VA_ARGS__)
    switch (op) {
        BINARY(v128And, "and v0.16b, v0.16b, v1.16b", 0x4E211C00)
        BINARY(v128Or, "orr v0.16b, v0.16b, v1.16b", 0x4EA11C00)
        BINARY(v128Xor, "eor v0.16b, v0.16b, v1.16b", 0x6E211C00)
        BINARY(v128Andnot, "bic v0.16b, v0.16b, v1.16b", 0x4E611C00)
        UNARY(v128Not, "mvn v0.16b, v0.16b", 0x6E205800)
        BINARY(i8x16Add, "add v0.16b, v0.16b, v1.16b", 0x4E218400)
        BINARY(i8x16Sub, "sub v0.16b, v0.16b, v1.16b", 0x6E218400)
        BINARY(i8x16AddSatS, "sqadd v0.16b, v0.16b, v1.16b", 0x4E210C00)
        BINARY(i8x16AddSatU, "uqadd v0.16b, v0.16b, v1.16b", 0x6E210C00)
        BINARY(i8x16SubSatS, "sqsub v0.16b, v0.16b, v1.16b", 0x4E212C00)
        BINARY(i8x16SubSatU, "uqsub v0.16b, v0.16b, v1.16b", 0x6E212C00)
        BINARY(i8x16AvgrU, "urhadd v0.16b, v0.16b, v1.16b", 0x6E211400)
        BINARY(i8x16MinS, "smin v0.16b, v0.16b, v1.16b", 0x4E216C00)
        BINARY(i8x16MinU, "umin v0.16b, v0.16b, v1.16b", 0x6E216C00)
        BINARY(i8x16MaxS, "smax v0.16b, v0.16b, v1.16b", 0x4E216400)
        BINARY(i8x16MaxU, "umax v0.16b, v0.16b, v1.16b", 0x6E216400)
        BINARY(i8x16Eq, "cmeq v0.16b, v0.16b, v1.16b", 0x6E218C00)
        BINARY(i8x16Ne, "cmeq v0.16b, v0.16b, v1.16b; mvn v0.16b, v0.16b", 0x6E218C00, 0x6E205800)
        BINARY(i8x16GtS, "cmgt v0.16b, v0.16b, v1.16b", 0x4E213400)
        BINARY(i8x16GeS, "cmge v0.16b, v0.16b, v1.16b", 0x4E213C00)
        SWAPPED(i8x16LtS, "cmgt v0.16b, v0.16b, v1.16b", 0x4E213400)
        SWAPPED(i8x16LeS, "cmge v0.16b, v0.16b, v1.16b", 0x4E213C00)
        BINARY(i8x16GtU, "cmhi v0.16b, v0.16b, v1.16b", 0x6E213400)
        BINARY(i8x16GeU, "cmhs v0.16b, v0.16b, v1.16b", 0x6E213C00)
        SWAPPED(i8x16LtU, "cmhi v0.16b, v0.16b, v1.16b", 0x6E213400)
        SWAPPED(i8x16LeU, "cmhs v0.16b, v0.16b, v1.16b", 0x6E213C00)
        UNARY(i8x16Abs, "abs v0.16b, v0.16b", 0x4E20B800)
        UNARY(i8x16Neg, "neg v0.16b, v0.16b", 0x6E20B800)
        BINARY(i16x8Add, "add v0.8h, v0.8h, v1.8h", 0x4E618400)
        BINARY(i16x8Sub, "sub v0.8h, v0.8h, v1.8h", 0x6E618400)
        BINARY(i16x8AddSatS, "sqadd v0.8h, v0.8h, v1.8h", 0x4E610C00)
        BINARY(i16x8AddSatU, "uqadd v0.8h, v0.8h, v1.8h", 0x6E610C00)
        BINARY(i16x8SubSatS, "sqsub v0.8h, v0.8h, v1.8h", 0x4E612C00)
        BINARY(i16x8SubSatU, "uqsub v0.8h, v0.8h, v1.8h", 0x6E612C00)
        BINARY(i16x8AvgrU, "urhadd v0.8h, v0.8h, v1.8h", 0x6E611400)
        BINARY(i16x8MinS, "smin v0.8h, v0.8h, v1.8h", 0x4E616C00)
        BINARY(i16x8MinU, "umin v0.8h, v0.8h, v1.8h", 0x6E616C00)
        BINARY(i16x8MaxS, "smax v0.8h, v0.8h, v1.8h", 0x4E616400)
        BINARY(i16x8MaxU, "umax v0.8h, v0.8h, v1.8h", 0x6E616400)
        BINARY(i16x8Mul, "mul v0.8h, v0.8h, v1.8h", 0x4E619C00)
        BINARY(i16x8Eq, "cmeq v0.8h, v0.8h, v1.8h", 0x6E618C00)
        BINARY(i16x8Ne, "cmeq v0.8h, v0.8h, v1.8h; mvn v0.16b, v0.16b", 0x6E618C00, 0x6E205800)
        BINARY(i16x8GtS, "cmgt v0.8h, v0.8h, v1.8h", 0x4E613400)
        BINARY(i16x8GeS, "cmge v0.8h, v0.8h, v1.8h", 0x4E613C00)
        SWAPPED(i16x8LtS, "cmgt v0.8h, v0.8h, v1.8h", 0x4E613400)
        SWAPPED(i16x8LeS, "cmge v0.8h, v0.8h, v1.8h", 0x4E613C00)
        BINARY(i16x8GtU, "cmhi v0.8h, v0.8h, v1.8h", 0x6E613400)
        BINARY(i16x8GeU, "cmhs v0.8h, v0.8h, v1.8h", 0x6E613C00)
        SWAPPED(i16x8LtU, "cmhi v0.8h, v0.8h, v1.8h", 0x6E613400)
        SWAPPED(i16x8LeU, "cmhs v0.8h, v0.8h, v1.8h", 0x6E613C00)
        UNARY(i16x8Abs, "abs v0.8h, v0.8h", 0x4E60B800)
        UNARY(i16x8Neg, "neg v0.8h, v0.8h", 0x6E60B800)
        BINARY(i32x4Add, "add v0.4s, v0.4s, v1.4s", 0x4EA18400)
        BINARY(i32x4Sub, "sub v0.4s, v0.4s, v1.4s", 0x6EA18400)
        BINARY(i32x4MinS, "smin v0.4s, v0.4s, v1.4s", 0x4EA16C00)
        BINARY(i32x4MinU, "umin v0.4s, v0.4s, v1.4s", 0x6EA16C00)
        BINARY(i32x4MaxS, "smax v0.4s, v0.4s, v1.4s", 0x4EA16400)
        BINARY(i32x4MaxU, "umax v0.4s, v0.4s, v1.4s", 0x6EA16400)
        BINARY(i32x4Mul, "mul v0.4s, v0.4s, v1.4s", 0x4EA19C00)
        BINARY(i32x4Eq, "cmeq v0.4s, v0.4s, v1.4s", 0x6EA18C00)
        BINARY(i32x4Ne, "cmeq v0.4s, v0.4s, v1.4s; mvn v0.16b, v0.16b", 0x6EA18C00, 0x6E205800)
        BINARY(i32x4GtS, "cmgt v0.4s, v0.4s, v1.4s", 0x4EA13400)
        BINARY(i32x4GeS, "cmge v0.4s, v0.4s, v1.4s", 0x4EA13C00)
        SWAPPED(i32x4LtS, "cmgt v0.4s, v0.4s, v1.4s", 0x4EA13400)
        SWAPPED(i32x4LeS, "cmge v0.4s, v0.4s, v1.4s", 0x4EA13C00)
        BINARY(i32x4GtU, "cmhi v0.4s, v0.4s, v1.4s", 0x6EA13400)
        BINARY(i32x4GeU, "cmhs v0.4s, v0.4s, v1.4s", 0x6EA13C00)
        SWAPPED(i32x4LtU, "cmhi v0.4s, v0.4s, v1.4s", 0x6EA13400)
        SWAPPED(i32x4LeU, "cmhs v0.4s, v0.4s, v1.4s", 0x6EA13C00)
        UNARY(i32x4Abs, "abs v0.4s, v0.4s", 0x4EA0B800)
        UNARY(i32x4Neg, "neg v0.4s, v0.4s", 0x6EA0B800)
        BINARY(i64x2Add, "add v0.2d, v0.2d, v1.2d", 0x4EE18400)
        BINARY(i64x2Sub, "sub v0.2d, v0.2d, v1.2d", 0x6EE18400)
        BINARY(i64x2Eq, "cmeq v0.2d, v0.2d, v1.2d", 0x6EE18C00)
        BINARY(i64x2Ne, "cmeq v0.2d, v0.2d, v1.2d; mvn v0.16b, v0.16b", 0x6EE18C00, 0x6E205800)
        BINARY(i64x2GtS, "cmgt v0.2d, v0.2d, v1.2d", 0x4EE13400)
        BINARY(i64x2GeS, "cmge v0.2d, v0.2d, v1.2d", 0x4EE13C00)
        SWAPPED(i64x2LtS, "cmgt v0.2d, v0.2d, v1.2d", 0x4EE13400)
        SWAPPED(i64x2LeS, "cmge v0.2d, v0.2d, v1.2d", 0x4EE13C00)
        UNARY(i64x2Abs, "abs v0.2d, v0.2d", 0x4EE0B800)
        UNARY(i64x2Neg, "neg v0.2d, v0.2d", 0x6EE0B800)
        UNARY(i8x16Popcnt, "cnt v0.16b, v0.16b", 0x4E205800)
        BINARY(i8x16Swizzle, "tbl v0.16b, {v0.16b}, v1.16b", 0x4E010000)
        BINARY(i16x8Q15mulrSatS, "sqrdmulh v0.8h, v0.8h, v1.8h", 0x6E61B400)
        BINARY(i8x16NarrowI16x8S, "sqxtn v0.8b, v0.8h; sqxtn2 v0.16b, v1.8h", 0x0E214800, 0x4E214820)
        BINARY(i8x16NarrowI16x8U, "sqxtun v0.8b, v0.8h; sqxtun2 v0.16b, v1.8h", 0x2E212800, 0x6E212820)
        BINARY(i16x8NarrowI32x4S, "sqxtn v0.4h, v0.4s; sqxtn2 v0.8h, v1.4s", 0x0E614800, 0x4E614820)
        BINARY(i16x8NarrowI32x4U, "sqxtun v0.4h, v0.4s; sqxtun2 v0.8h, v1.4s", 0x2E612800, 0x6E612820)
        UNARY(i16x8ExtendLowI8x16S, "sshll v0.8h, v0.8b, #0", 0x0F08A400)
        UNARY(i16x8ExtendHighI8x16S, "sshll2 v0.8h, v0.16b, #0", 0x4F08A400)
        BINARY(i16x8ExtmulLowI8x16S, "smull v0.8h, v0.8b, v1.8b", 0x0E21C000)
        BINARY(i16x8ExtmulHighI8x16S, "smull2 v0.8h, v0.16b, v1.16b", 0x4E21C000)
        UNARY(i16x8ExtaddPairwiseI8x16S, "saddlp v0.8h, v0.16b", 0x4E202800)
        UNARY(i16x8ExtendLowI8x16U, "ushll v0.8h, v0.8b, #0", 0x2F08A400)
        UNARY(i16x8ExtendHighI8x16U, "ushll2 v0.8h, v0.16b, #0", 0x6F08A400)
        BINARY(i16x8ExtmulLowI8x16U, "umull v0.8h, v0.8b, v1.8b", 0x2E21C000)
        BINARY(i16x8ExtmulHighI8x16U, "umull2 v0.8h, v0.16b, v1.16b", 0x6E21C000)
        UNARY(i16x8ExtaddPairwiseI8x16U, "uaddlp v0.8h, v0.16b", 0x6E202800)
        UNARY(i32x4ExtendLowI16x8S, "sshll v0.4s, v0.4h, #0", 0x0F10A400)
        UNARY(i32x4ExtendHighI16x8S, "sshll2 v0.4s, v0.8h, #0", 0x4F10A400)
        BINARY(i32x4ExtmulLowI16x8S, "smull v0.4s, v0.4h, v1.4h", 0x0E61C000)
        BINARY(i32x4ExtmulHighI16x8S, "smull2 v0.4s, v0.8h, v1.8h", 0x4E61C000)
        UNARY(i32x4ExtaddPairwiseI16x8S, "saddlp v0.4s, v0.8h", 0x4E602800)
        UNARY(i32x4ExtendLowI16x8U, "ushll v0.4s, v0.4h, #0", 0x2F10A400)
        UNARY(i32x4ExtendHighI16x8U, "ushll2 v0.4s, v0.8h, #0", 0x6F10A400)
        BINARY(i32x4ExtmulLowI16x8U, "umull v0.4s, v0.4h, v1.4h", 0x2E61C000)
        BINARY(i32x4ExtmulHighI16x8U, "umull2 v0.4s, v0.8h, v1.8h", 0x6E61C000)
        UNARY(i32x4ExtaddPairwiseI16x8U, "uaddlp v0.4s, v0.8h", 0x6E602800)
        UNARY(i64x2ExtendLowI32x4S, "sshll v0.2d, v0.2s, #0", 0x0F20A400)
        UNARY(i64x2ExtendHighI32x4S, "sshll2 v0.2d, v0.4s, #0", 0x4F20A400)
        BINARY(i64x2ExtmulLowI32x4S, "smull v0.2d, v0.2s, v1.2s", 0x0EA1C000)
        BINARY(i64x2ExtmulHighI32x4S, "smull2 v0.2d, v0.4s, v1.4s", 0x4EA1C000)
        UNARY(i64x2ExtendLowI32x4U, "ushll v0.2d, v0.2s, #0", 0x2F20A400)
        UNARY(i64x2ExtendHighI32x4U, "ushll2 v0.2d, v0.4s, #0", 0x6F20A400)
        BINARY(i64x2ExtmulLowI32x4U, "umull v0.2d, v0.2s, v1.2s", 0x2EA1C000)
        BINARY(i64x2ExtmulHighI32x4U, "umull2 v0.2d, v0.4s, v1.4s", 0x6EA1C000)
        BINARY(i32x4DotI16x8S,
            "smull v30.4s, v0.4h, v1.4h; smull2 v31.4s, v0.8h, v1.8h; addp v0.4s, v30.4s, v31.4s",
            0x0E61C01E, 0x4E61C01F, 0x4EBFBFC0)
        BINARY(f32x4Add, "fadd v0.4s, v0.4s, v1.4s", 0x4E21D400)
        BINARY(f32x4Sub, "fsub v0.4s, v0.4s, v1.4s", 0x4EA1D400)
        BINARY(f32x4Mul, "fmul v0.4s, v0.4s, v1.4s", 0x6E21DC00)
        BINARY(f32x4Div, "fdiv v0.4s, v0.4s, v1.4s", 0x6E21FC00)
        BINARY(f32x4Eq, "fcmeq v0.4s, v0.4s, v1.4s", 0x4E21E400)
        BINARY(f32x4Gt, "fcmgt v0.4s, v0.4s, v1.4s", 0x6EA1E400)
        BINARY(f32x4Ge, "fcmge v0.4s, v0.4s, v1.4s", 0x6E21E400)
        BINARY(f32x4Ne, "fcmeq v0.4s, v0.4s, v1.4s; mvn v0.16b, v0.16b", 0x4E21E400, 0x6E205800)
        SWAPPED(f32x4Lt, "fcmgt v0.4s, v0.4s, v1.4s", 0x6EA1E400)
        SWAPPED(f32x4Le, "fcmge v0.4s, v0.4s, v1.4s", 0x6E21E400)
        UNARY(f32x4Abs, "fabs v0.4s, v0.4s", 0x4EA0F800)
        UNARY(f32x4Neg, "fneg v0.4s, v0.4s", 0x6EA0F800)
        UNARY(f32x4Sqrt, "fsqrt v0.4s, v0.4s", 0x6EA1F800)
        UNARY(f32x4Ceil, "frintp v0.4s, v0.4s", 0x4EA18800)
        UNARY(f32x4Floor, "frintm v0.4s, v0.4s", 0x4E219800)
        UNARY(f32x4Trunc, "frintz v0.4s, v0.4s", 0x4EA19800)
        UNARY(f32x4Nearest, "frintn v0.4s, v0.4s", 0x4E218800)
        BINARY(f64x2Add, "fadd v0.2d, v0.2d, v1.2d", 0x4E61D400)
        BINARY(f64x2Sub, "fsub v0.2d, v0.2d, v1.2d", 0x4EE1D400)
        BINARY(f64x2Mul, "fmul v0.2d, v0.2d, v1.2d", 0x6E61DC00)
        BINARY(f64x2Div, "fdiv v0.2d, v0.2d, v1.2d", 0x6E61FC00)
        BINARY(f64x2Eq, "fcmeq v0.2d, v0.2d, v1.2d", 0x4E61E400)
        BINARY(f64x2Gt, "fcmgt v0.2d, v0.2d, v1.2d", 0x6EE1E400)
        BINARY(f64x2Ge, "fcmge v0.2d, v0.2d, v1.2d", 0x6E61E400)
        BINARY(f64x2Ne, "fcmeq v0.2d, v0.2d, v1.2d; mvn v0.16b, v0.16b", 0x4E61E400, 0x6E205800)
        SWAPPED(f64x2Lt, "fcmgt v0.2d, v0.2d, v1.2d", 0x6EE1E400)
        SWAPPED(f64x2Le, "fcmge v0.2d, v0.2d, v1.2d", 0x6E61E400)
        UNARY(f64x2Abs, "fabs v0.2d, v0.2d", 0x4EE0F800)
        UNARY(f64x2Neg, "fneg v0.2d, v0.2d", 0x6EE0F800)
        UNARY(f64x2Sqrt, "fsqrt v0.2d, v0.2d", 0x6EE1F800)
        UNARY(f64x2Ceil, "frintp v0.2d, v0.2d", 0x4EE18800)
        UNARY(f64x2Floor, "frintm v0.2d, v0.2d", 0x4E619800)
        UNARY(f64x2Trunc, "frintz v0.2d, v0.2d", 0x4EE19800)
        UNARY(f64x2Nearest, "frintn v0.2d, v0.2d", 0x4E618800)
        UNARY(f32x4ConvertI32x4S, "scvtf v0.4s, v0.4s", 0x4E21D800)
        UNARY(f32x4ConvertI32x4U, "ucvtf v0.4s, v0.4s", 0x6E21D800)
        UNARY(i32x4TruncSatF32x4S, "fcvtzs v0.4s, v0.4s", 0x4EA1B800)
        UNARY(i32x4TruncSatF32x4U, "fcvtzu v0.4s, v0.4s", 0x6EA1B800)
        UNARY(f64x2ConvertLowI32x4S, "sshll v0.2d, v0.2s, #0; scvtf v0.2d, v0.2d", 0x0F20A400, 0x4E61D800)
        UNARY(f64x2ConvertLowI32x4U, "ushll v0.2d, v0.2s, #0; ucvtf v0.2d, v0.2d", 0x2F20A400, 0x6E61D800)
        UNARY(i32x4TruncSatF64x2SZero, "fcvtzs v0.2d, v0.2d; sqxtn v0.2s, v0.2d", 0x4EE1B800, 0x0EA14800)
        UNARY(i32x4TruncSatF64x2UZero, "fcvtzu v0.2d, v0.2d; uqxtn v0.2s, v0.2d", 0x6EE1B800, 0x2EA14800)
        UNARY(f64x2PromoteLowF32x4, "fcvtl v0.2d, v0.2s", 0x0E617800)
        UNARY(f32x4DemoteF64x2Zero, "fcvtn v0.2s, v0.2d", 0x0E616800)
    default: return false;
    }
#undef ROW
#undef UNARY
#undef BINARY
#undef SWAPPED
}

static bool by_operation(compiler *c) {
    operation o;
    if (!find_operation(c->info->wasm, &o)) return false;
    if (o.kind == operation_unary) {
        read_vector(c, V0, OPERAND(1));
    } else {
        bool swaps = o.kind == operation_swapped;
        // (v1 first: v0 may be where it comes from.)
        read_vector(c, V1, OPERAND(swaps ? 1 : 2));
        read_vector(c, V0, OPERAND(swaps ? 2 : 1));
    }
    for (int k = 0; k < 3 && o.words[k]; k++) gw_arm64_word(X, o.words[k]);
    write_vector(c, OPERAND(0));
    return true;
}

// Shifts of lanes of 1 << scale bytes: by a vector of counts, negative ones to the right.
static bool by_count(compiler *c) {
    unsigned scale;
    bool is_left = false, is_signed = false;
#define SHIFTS(lanes, its_scale) \
    case GWWasmOpcode_##lanes##Shl: scale = its_scale, is_left = is_signed = true; break; \
    case GWWasmOpcode_##lanes##ShrS: scale = its_scale, is_signed = true; break; \
    case GWWasmOpcode_##lanes##ShrU: scale = its_scale; break;
    switch (c->info->wasm) {
        SHIFTS(i8x16, 0)
        SHIFTS(i16x8, 1)
        SHIFTS(i32x4, 2)
        SHIFTS(i64x2, 3)
    default: return false;
    }
#undef SHIFTS
    // A count is taken modulo the width of lanes.
    gw_arm64_logical(X, A_AND, false, T0, use(c, OPERAND(2)), (8u << scale) - 1);
    if (!is_left) gw_arm64_op(X, A_SUB, true, T0, ZERO, T0);
    gw_arm64_spread(X, scale, V1, T0);
    read_vector(c, V0, OPERAND(1));
    // sshl or ushl v0, v0, v1
    gw_arm64_word(X, (is_signed ? 0x4E204400u : 0x6E204400u) | scale << 22 | V1 << 16 | V0 << 5 | V0);
    write_vector(c, OPERAND(0));
    return true;
}

// --- Memory ---

static bool load_vector(compiler *c) {
    GWARM64Access access;
    // What is done with what was loaded: nothing, all lanes of 1 << scale bytes become it, or each lane is extended.
    enum { nothing, spreads, extends } then = nothing;
    unsigned scale = 0;
    bool is_signed = false;
#define LOAD(name, ...) \
    case GWWasmOpcode_##name: __VA_ARGS__; break;
    switch (c->info->wasm) {
        LOAD(v128Load, access = A_LDR_Q)
        LOAD(v128Load8Splat, access = A_LDR_B, then = spreads)
        LOAD(v128Load16Splat, access = A_LDR_H, then = spreads, scale = 1)
        LOAD(v128Load32Splat, access = A_LDR_S, then = spreads, scale = 2)
        LOAD(v128Load64Splat, access = A_LDR_D, then = spreads, scale = 3)
        LOAD(v128Load32Zero, access = A_LDR_S)
        LOAD(v128Load64Zero, access = A_LDR_D)
        LOAD(v128Load8x8S, access = A_LDR_D, then = extends, is_signed = true)
        LOAD(v128Load8x8U, access = A_LDR_D, then = extends)
        LOAD(v128Load16x4S, access = A_LDR_D, then = extends, scale = 1, is_signed = true)
        LOAD(v128Load16x4U, access = A_LDR_D, then = extends, scale = 1)
        LOAD(v128Load32x2S, access = A_LDR_D, then = extends, scale = 2, is_signed = true)
        LOAD(v128Load32x2U, access = A_LDR_D, then = extends, scale = 2)
    default: return false;
    }
#undef LOAD
    gw_arm64_access(X, access, V0, slot_word(c, OPERAND(1), OPERAND(2)));
    if (then == spreads) gw_arm64_spread_lane(X, scale, V0, V0);
    // sshll or ushll v0, v0, #0
    if (then == extends) gw_arm64_word(X, (is_signed ? 0x0F00A400u : 0x2F00A400u) | 8u << scale << 16);
    write_vector(c, OPERAND(0));
    return true;
}

static GWARM64Access access_of(bool loads, uint32_t bytes) {
    switch (bytes) {
    case 1: return loads ? A_LDR8 : A_STR8;
    case 2: return loads ? A_LDR16 : A_STR16;
    case 4: return loads ? A_LDR32 : A_STR32;
    default: return loads ? A_LDR64 : A_STR64;
    }
}

// Gives a vector another lane: the value in a register.
static void put_lane(compiler *c, uint32_t to, uint32_t from, uint32_t lane, uint32_t bytes, int r) {
    if (to != from) {
        read_vector(c, V0, from);
        gw_arm64_access(X, A_STR_Q, V0, slot_memory(to));
    }
    gw_arm64_access(X, access_of(false, bytes), r, lane_memory(to, lane, bytes));
    replace(c, to);
    c->vector = -1;
}

static bool lane_in_memory(compiler *c) {
    bool loads;
    uint32_t bytes = memory_lane(c->info->wasm, &loads);
    if (!bytes) return false;
    if (loads) {
        gw_arm64_access(X, access_of(true, bytes), T0, slot_word(c, OPERAND(2), OPERAND(4)));
        put_lane(c, OPERAND(0), OPERAND(1), OPERAND(3), bytes, T0);
    } else {
        gw_arm64_access(X, access_of(true, bytes), T0, lane_memory(OPERAND(1), OPERAND(2), bytes));
        gw_arm64_access(X, access_of(false, bytes), T0, slot_word(c, OPERAND(0), OPERAND(3)));
    }
    return true;
}

// --- Lanes ---

static bool lane_as_number(compiler *c) {
    bool extracts, is_signed = false;
    uint32_t bytes = number_lane(c->info->wasm, &extracts, &is_signed);
    if (!bytes) return false;
    if (!extracts) {
        put_lane(c, OPERAND(0), OPERAND(1), OPERAND(3), bytes, use(c, OPERAND(2)));
        return true;
    }
    gw_arm64_memory m = lane_memory(OPERAND(1), OPERAND(2), bytes);
    if (bytes >= 4 && becomes_float(c, OPERAND(0))) {
        int v = take(c, &c->floats);
        gw_arm64_access(X, bytes == 8 ? A_LDR_D : A_LDR_S, v, m);
        define_float(c, OPERAND(0), v);
        return true;
    }
    int r = take(c, &c->integers);
    GWARM64Access access = access_of(true, bytes);
    if (is_signed && bytes < 4) access = bytes == 1 ? A_LDRS8_32 : A_LDRS16_32;
    gw_arm64_access(X, access, r, m);
    (bytes == 8 ? define : define_short)(c, OPERAND(0), r);
    return true;
}

static bool splat(compiler *c) {
    uint32_t value = OPERAND(1);
    unsigned scale;
    switch (c->info->wasm) {
    case GWWasmOpcode_i8x16Splat: scale = 0; break;
    case GWWasmOpcode_i16x8Splat: scale = 1; break;
    case GWWasmOpcode_i32x4Splat:
    case GWWasmOpcode_f32x4Splat: scale = 2; break;
    case GWWasmOpcode_i64x2Splat:
    case GWWasmOpcode_f64x2Splat: scale = 3; break;
    default: return false;
    }
    if (scale >= 2 && c->floats.of[value] >= 0) gw_arm64_spread_lane(X, scale, V0, use_float(c, value));
    else gw_arm64_spread(X, scale, V0, use(c, value));
    write_vector(c, OPERAND(0));
    return true;
}

// --- C functions ---

void gw_native_call_vector(compiler *c, gw_vector_function *function) {
    gw_arm64_move(X, true, X0, FRAME);
    gw_arm64_address(X, X1, (uintptr_t)c->pc);
    gw_arm64_constant(X, ADDRESS, (uint64_t)(uintptr_t)function);
    gw_arm64_call_register(X, ADDRESS);
}

// --- All ---

static bool others(compiler *c) {
    switch (c->info->plain) {
    case GWOp_v128Move:
        read_vector(c, V0, OPERAND(1));
        write_vector(c, OPERAND(0));
        return true;
    case GWOp_v128Const:
        gw_arm64_address(X, ADDRESS, (uintptr_t)&c->pc[2]);
        gw_arm64_access(X, A_LDR_Q, V0, gw_arm64_at(ADDRESS, 0));
        write_vector(c, OPERAND(0));
        return true;
    case GWOp_v128Store:
        read_vector(c, V0, OPERAND(2));
        gw_arm64_access(X, A_STR_Q, V0, slot_word(c, OPERAND(0), OPERAND(1)));
        return true;
    case GWOp_v128Bitselect:
        read_vector(c, V30, OPERAND(3));
        read_vector(c, V1, OPERAND(2));
        read_vector(c, V0, OPERAND(1));
        // bsl v30.16b, v0.16b, v1.16b: the first where the mask has ones, otherwise the second.
        gw_arm64_word(X, 0x6E601C00u | V1 << 16 | V0 << 5 | V30);
        copy_vector(c, V0, V30);
        write_vector(c, OPERAND(0));
        return true;
    case GWOp_v128AnyTrue: {
        read_vector(c, V0, OPERAND(1));
        int r = take(c, &c->integers);
        // umaxp v1.4s, v0.4s, v0.4s: 64 bits that are 0 where all were.
        gw_arm64_word(X, 0x6EA0A400u | V0 << 16 | V0 << 5 | V1);
        gw_arm64_bits_to_integer(X, r, V1);
        gw_arm64_compare_number(X, true, r, 0);
        gw_arm64_set(X, CC_NE, r);
        define_short(c, OPERAND(0), r);
        return true;
    }
    default: return false;
    }
}

bool gw_native_vector(compiler *c) {
    return others(c) || load_vector(c) || lane_in_memory(c) || lane_as_number(c) || splat(c) || by_operation(c) ||
           by_count(c);
}

#endif
