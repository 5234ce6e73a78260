import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Pairs of instructions that are done with one dispatch, in functions. (Which are made is tested by PairFusionTests, what
/// they do by PairHandlerTests, for each row.)
@Suite(
    "Pairs of instructions",
    .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct PairTests {
    @Test("are made of functions, and compute the same", arguments: Way.all)
    func pairs(way: Way) throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory 1)
              (data (i32.const 8) "\\18\\00\\00\\00\\00\\00\\00\\00\\05")
              (data (i32.const 24) "\\28\\00\\00\\00\\00\\00\\00\\00\\07")
              (func (export "f") (param i64) (result i64) (local i64 i64)
                ;; The second address is what the first load found.
                (local.set 1 (i64.load (i32.wrap_i64 (local.get 0))))
                (local.set 2 (i64.load offset=8 (i32.wrap_i64 (local.get 1))))
                (i64.add (i64.add (local.get 1) (local.get 2)) (i64.const 21))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f", .i64(8)) == [24 + 7 + 21])
        #expect(try instance.bits("f", .i64(16)) == [5 + (5 << 24) + 21])
        let listing = try instance.code.disassemble(0)
        for pair in ["load64_r_load64_r", "i64Add_rr_i64Add_ci"] {
            #expect(listing.contains(" \(pair) ") == way.optimizes, "\(listing)")
        }
    }

    @Test("an immediate that is the number of the first one's slot is no use of its result", arguments: Way.all)
    func immediateLikeSlot(way: Way) throws {
        // The first result lies in slot 2, the second instruction adds 2 to another one.
        let module = try WebAssemblyText.module(
            """
            (module (func (export "f") (param i64 i64 i64 i64) (result i64)
              (local.set 2 (i64.add (local.get 2) (local.get 3)))
              (local.set 1 (i64.add (local.get 1) (i64.const 2)))
              (i64.sub (i64.mul (local.get 1) (i64.const 1000)) (local.get 2))))
            """)
        let instance = try Instance(module, store: way.store())
        #expect(try instance.bits("f", .i64(0), .i64(5), .i64(20), .i64(3)) == [7 * 1000 - 23])
    }
}
