import CSupport
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// Vectors where they are neither computed with nor stored, which the specification's tests leave out: what is tested
/// is that both halves arrive.
@Suite("Vectors", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct VectorTests {
    private static let a = V128(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)
    private static let b = V128(low: 0xFFFE_FDFC_FBFA_F9F8, high: 0x8000_0000_0000_0001)

    private func instance(_ text: String, _ way: Way, _ imports: Imports = Imports()) throws -> Instance {
        try Instance(WebAssemblyText.module(text), imports: imports, store: way.store())
    }

    @Test("are looked at as lanes of every width")
    func lanes() {
        var vector = Self.a
        #expect(vector.i8x16[9] == 9)
        #expect(vector.i16x8[1] == 0x0302)
        #expect(vector.i32x4[3] == 0x0F0E_0D0C)
        #expect(vector.i64x2 == SIMD2(vector.low, vector.high))
        vector.i16x8[7] = 0xABCD
        #expect(vector.high == 0xABCD_0D0C_0B0A_0908)
        #expect(V128(f32x4: SIMD4(1, 2, 3, 4)).f32x4[2] == 3)
        #expect(V128(f64x2: SIMD2(1, -2)).high == Double(-2).bitPattern)
        #expect("\(Self.a)" == "0x0f0e0d0c0b0a09080706050403020100")
        #expect(Value.v128(Self.a) == .v128(Self.a))
        #expect(Value.v128(Self.a) != .v128(V128(low: Self.a.low, high: 0)))
    }

    @Test("go to host functions and come back, between numbers and as one of several results", arguments: Way.all)
    func hostFunctions(way: Way) throws {
        let text = """
            (module
              (import "env" "swap" (func $swap (param i32 v128 f64 v128) (result v128)))
              (import "env" "several" (func $several (param v128) (result i32 v128 f32)))
              (import "env" "closure" (func $closure (param v128 i64) (result v128)))
              (func (export "swap") (param v128 v128) (result v128)
                (call $swap (i32.const 7) (local.get 0) (f64.const 0.5) (local.get 1)))
              (func (export "several") (param v128) (result f32 v128 i32) (local i32 v128 f32)
                (call $several (local.get 0)) (local.set 3) (local.set 2) (local.set 1)
                (local.get 3) (local.get 2) (local.get 1))
              (func (export "closure") (param v128) (result v128) (call $closure (local.get 0) (i64.const -2))))
            """
        var imports = Imports()
        imports.define(
            "env", "swap", type: FunctionType([.i32, .v128, .f64, .v128], [.v128])
        ) { arguments in
            #expect(arguments[0] == .i32(7))
            #expect(arguments[2] == .f64(Double(0.5).bitPattern))
            guard case .v128(let first) = arguments[1], case .v128(let second) = arguments[3] else { return [] }
            return [.v128(V128(low: second.high, high: first.low))]
        }
        imports.define("env", "several", type: FunctionType([.v128], [.i32, .v128, .f32])) { arguments in
            [.i32(3), arguments[0], .f32(Float(1.5).bitPattern)]
        }
        imports.define("env", "closure") { (vector: V128, number: Int64) -> V128 in
            V128(low: vector.high, high: UInt64(bitPattern: number))
        }
        let instance = try instance(text, way, imports)
        #expect(
            try instance.function(named: "swap")(.v128(Self.a), .v128(Self.b))
                == [.v128(V128(low: Self.b.high, high: Self.a.low))])
        #expect(
            try instance.function(named: "several")(.v128(Self.a))
                == [.f32(Float(1.5).bitPattern), .v128(Self.a), .i32(3)])
        #expect(
            try instance.function(named: "closure")(.v128(Self.a))
                == [.v128(V128(low: Self.a.high, high: UInt64.max - 1))])
    }

    @Test("live in globals among others, imported and exported", arguments: Way.all)
    func globals(way: Way) throws {
        let text = """
            (module
              (import "env" "n" (global $n (mut i32)))
              (import "env" "v" (global $v (mut v128)))
              (import "env" "m" (global $m (mut i64)))
              (global $sp (mut i32) (i32.const 5))
              (global $w (export "w") (mut v128) (v128.const i64x2 1 2))
              (global $x (export "x") (mut i64) (i64.const 3))
              (func (export "rotate") (local v128)
                (local.set 0 (global.get $v)) (global.set $v (global.get $w)) (global.set $w (local.get 0))
                (global.set $m (i64.add (global.get $m) (global.get $x)))
                (global.set $n (i32.add (global.get $n) (global.get $sp)))
                (global.set $sp (i32.const 6))))
            """
        let store = way.store()
        let n = Global(GlobalType(value: .i32, isMutable: true), .i32(10), in: store)
        let v = Global(GlobalType(value: .v128, isMutable: true), .v128(Self.a), in: store)
        let m = Global(GlobalType(value: .i64, isMutable: true), .i64(20), in: store)
        var imports = Imports()
        for (name, global) in [("n", n), ("v", v), ("m", m)] { imports.define("env", name, .global(global)) }
        let instance = try Instance(WebAssemblyText.module(text), imports: imports, store: store)
        guard case .global(let w)? = instance.export(named: "w"), case .global(let x)? = instance.export(named: "x")
        else {
            Issue.record("no such export")
            return
        }
        #expect(w.value == .v128(V128(low: 1, high: 2)))
        _ = try instance.function(named: "rotate")()
        _ = try instance.function(named: "rotate")()
        #expect(v.value == .v128(Self.a))
        #expect(w.value == .v128(V128(low: 1, high: 2)))
        #expect(x.value == .i64(3))
        #expect(m.value == .i64(26))
        #expect(n.value == .i32(21))
    }

    @Test("are carried by blocks, branches, tables of branches and calls", arguments: Way.all)
    func control(way: Way) throws {
        let text = """
            (module
              (type $pick (func (param i32 v128 i32 v128) (result v128 i32)))
              (table funcref (elem $first $second))
              (func $first (type $pick) (local.get 1) (local.get 0))
              (func $second (type $pick) (local.get 3) (local.get 2))
              (func (export "indirect") (param i32 v128 v128) (result v128 i32)
                (call_indirect (type $pick) (i32.const 1) (local.get 1) (i32.const 2) (local.get 2) (local.get 0)))
              (func (export "table") (param i32 v128 v128) (result v128)
                (block $a (result v128)
                  (block $b (result v128)
                    (i64.const 5) (local.get 1) (local.get 0) (br_table $a $b 2)
                  )
                  (drop) (return (local.get 2)))
                (i8x16.add (i8x16.splat (i32.const 1))))
              (func (export "loop") (param i32 v128) (result v128)
                (local.get 1)
                (loop $again (param v128) (result v128)
                  (i64x2.add (v128.const i64x2 1 -1))
                  (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
              (func (export "dead") (param v128) (result v128)
                (local.get 0) (return) (drop) (select) (v128.const i64x2 0 0) (i32.const 1) (select))
              (func (export "if") (param i32 v128 v128) (result v128) (local v128)
                (if (result v128) (local.get 0)
                  (then (local.tee 3 (local.get 1))) (else (local.get 2)))
                (v128.or (local.get 3)))
              (func (export "select") (param i32 v128 v128) (result v128)
                (select (local.get 1) (local.get 2) (local.get 0))
                (select (result v128) (local.get 2) (local.get 1) (local.get 0))
                (i64x2.sub)))
            """
        let instance = try instance(text, way)
        let (a, b) = (Self.a, Self.b)
        func call(_ name: String, _ arguments: Value...) throws -> [Value] {
            try instance.function(named: name).call(arguments)
        }
        #expect(try call("indirect", .i32(0), .v128(a), .v128(b)) == [.v128(a), .i32(1)])
        #expect(try call("indirect", .i32(1), .v128(a), .v128(b)) == [.v128(b), .i32(2)])
        let next = V128(i8x16: a.i8x16 &+ SIMD16(repeating: 1))
        #expect(try call("table", .i32(0), .v128(a), .v128(b)) == [.v128(next)])
        #expect(try call("table", .i32(1), .v128(a), .v128(b)) == [.v128(b)])
        #expect(try call("table", .i32(9), .v128(a), .v128(b)) == [.v128(a)])
        let last = V128(low: a.low + 1000, high: a.high - 1000)
        #expect(try call("loop", .i32(1000), .v128(a)) == [.v128(last)])
        #expect(try call("dead", .v128(a)) == [.v128(a)])
        #expect(try call("if", .i32(1), .v128(a), .v128(b)) == [.v128(a)])
        #expect(try call("if", .i32(0), .v128(a), .v128(b)) == [.v128(b)])
        let difference = V128(i64x2: a.i64x2 &- b.i64x2)
        let opposite = V128(i64x2: b.i64x2 &- a.i64x2)
        #expect(try call("select", .i32(1), .v128(a), .v128(b)) == [.v128(difference)])
        #expect(try call("select", .i32(0), .v128(a), .v128(b)) == [.v128(opposite)])
    }

    @Test("keep their values while variables that they were read from change", arguments: Way.all)
    func variables(way: Way) throws {
        let text = """
            (module
              (func (export "f") (param v128 v128) (result v128 v128 v128) (local v128)
                (local.get 0) (local.get 2)
                (local.set 0 (local.get 1))
                (local.set 2 (v128.const i64x2 7 8))
                (drop) (local.get 0) (local.get 2)))
            """
        let instance = try instance(text, way)
        #expect(
            try instance.function(named: "f")(.v128(Self.a), .v128(Self.b))
                == [.v128(Self.a), .v128(Self.b), .v128(V128(low: 7, high: 8))])
    }

    @Test("trap at the end of memory, having written nothing", arguments: Way.all)
    func bounds(way: Way) throws {
        let text = """
            (module (memory 1)
              (func (export "store") (param i32 v128) (v128.store (local.get 0) (local.get 1)))
              (func (export "lane") (param i32 v128) (v128.store64_lane 1 (local.get 0) (local.get 1)))
              (func (export "last") (result i64) (i64.load (i32.const 65528))))
            """
        let instance = try instance(text, way)
        for address: UInt32 in [65_521, 65_536, .max] {
            #expect(try instance.trap("store", .i32(address), .v128(Self.a))?.code == .memoryOutOfBounds)
        }
        #expect(try instance.trap("lane", .i32(65_529), .v128(Self.a))?.code == .memoryOutOfBounds)
        #expect(try instance.bits("last") == [0])
        #expect(try instance.trap("store", .i32(65_520), .v128(Self.a)) == nil)
        #expect(try instance.bits("last") == [Self.a.high])
    }

    @Test("are named in the listing, with their constants")
    func listing() throws {
        let module = try WebAssemblyText.module(
            """
            (module (memory 1) (func (param i32) (local v128)
              (local.set 1 (i8x16.add (v128.load offset=16 (local.get 0)) (v128.const i32x4 1 2 3 4)))
              (local.set 1 (f32x4.ceil (local.get 1)))
              (v128.store (local.get 0) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get 1) (local.get 1)))))
            """)
        let listing = try module.loweredCode(LoweredCode.Options()).disassemble(0)
        for expected in [
            "v128.load v", "r0, +16", "0x00000004000000030000000200000001", "i8x16.add v1, v", "v1, f32x4.ceil",
            "0x1f0e0d0c0b0a09080706050403020100",
        ] {
            #expect(listing.contains(expected), "\(listing)")
        }
    }

    @Test("have an instruction of the bytecode for each of the 236 instructions")
    func selection() {
        let rows = (0..<Int(GW_WASM_FD_COUNT)).filter { gw_wasm_opcodes_fd()![$0].text != nil }
        #expect(rows.count == 236)
        for row in rows {
            let op = GWWasmOpcode(rawValue: 0xFD00 | UInt16(row))
            #expect(
                op.map { gw_select_vector($0) != .invalid } == true,
                "\(String(cString: gw_wasm_opcodes_fd()![row].text))")
        }
    }
}
