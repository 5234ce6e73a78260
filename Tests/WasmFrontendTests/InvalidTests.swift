import Testing
import WasmFrontend
import _TestSupport

@Suite struct InvalidTests {
    @Test func typeMismatches() {
        expectInvalid(oneFunction(code: [0x41, 0x00]), .typeMismatch(expected: nil, found: .i32), at: 25)
        expectInvalid(oneFunction(code: [0x1A]), .typeMismatch(expected: nil, found: nil), at: 23)
        expectInvalid(
            oneFunction(code: [0x42, 0x00, 0x45, 0x1A]), .typeMismatch(expected: .i32, found: .i64), at: 25)
        expectInvalid(
            oneFunction(FunctionType([], [.i32]), code: []), .typeMismatch(expected: .i32, found: nil))
        // Blocks don't reach the operands around them.
        expectInvalid(
            oneFunction(code: [0x41, 0x00, 0x02, 0x40, 0x1A, 0x0B]), .typeMismatch(expected: nil, found: nil), at: 27)
        expectInvalid(oneFunction(code: [0x41, 0x00, 0x04, 0x7F, 0x41, 0x00, 0x0B, 0x1A]), .signatureMismatch)
    }

    @Test func unreachableCodeTakesAnyOperand() throws {
        for code: [UInt8] in [
            [0x00, 0x6A, 0x1A], [0x00, 0x1B, 0x1A], [0x00, 0x41, 0x00, 0x1B, 0x45, 0x1A],
            [0x0C, 0x00, 0x42, 0x00, 0x41, 0x00, 0x1B, 0x50, 0x1A], [0x00, 0x0E, 0x00, 0x00], [0x00, 0xD1, 0x1A],
        ] {
            _ = try Module(oneFunction(code: code))
        }
        // But not one that is there and has the wrong type; and `else` and `end` are reachable again.
        expectInvalid(oneFunction(code: [0x00, 0x42, 0x00, 0x45, 0x1A]), .typeMismatch(expected: .i32, found: .i64))
        expectInvalid(
            oneFunction(code: [0x41, 0x00, 0x04, 0x40, 0x00, 0x05, 0x1A, 0x0B]),
            .typeMismatch(expected: nil, found: nil))
        expectInvalid(oneFunction(code: [0x02, 0x40, 0x00, 0x0B, 0x1A]), .typeMismatch(expected: nil, found: nil))
    }

    @Test func unknownIndices() {
        expectInvalid(oneFunction(code: [0x20, 0x00]), .unknownLocal(0), at: 23)
        expectInvalid(oneFunction(locals: [(300, .i32)], code: [0x20, 0xAC, 0x02]), .unknownLocal(300))
        expectInvalid(oneFunction(code: [0x23, 0x00]), .unknownGlobal(0))
        expectInvalid(oneFunction(code: [0x10, 0x01]), .unknownFunction(1))
        expectInvalid(oneFunction(code: [0x0C, 0x01]), .unknownLabel(1))
        expectInvalid(oneFunction(code: [0x02, 0x05, 0x0B]), .unknownType(5), at: 24)
        expectInvalid(oneFunction(code: [0x41, 0x00, 0x28, 0x02, 0x00]), .unknownMemory(0))
        expectInvalid(oneFunction(code: [0x41, 0x00, 0x11, 0x00, 0x00]), .unknownTable(0))
        expectInvalid(oneFunction(code: [0xFC, 0x0D, 0x03]), .unknownElementSegment(3))
        var builder = ModuleBuilder()
        builder.functions = [3]
        builder.bodies = [[0x00, 0x0B]]
        expectInvalid(builder.bytes, .unknownType(3))
    }

    @Test func localsBehindTheFlatOnesKeepTheirTypes() throws {
        let locals: [(Int, ValueType)] = [(255, .i32), (2, .i64), (400, .f32), (1, .f64), (40_000, .i32)]
        let types = locals.flatMap { repeatElement($0.1, count: $0.0) }
        let operators: [ValueType: UInt8] = [.i32: 0x45, .i64: 0x50, .f32: 0x8B, .f64: 0x99]
        for index in [0, 254, 255, 256, 257, 656, 657, 658, 40_657] {
            for (type, code) in operators {
                let bytes = oneFunction(locals: locals, code: [0x20] + unsigned(index) + [code, 0x1A])
                #expect(((try? Module(bytes)) != nil) == (type == types[index]))
            }
        }
    }

    @Test func moduleRules() {
        var builder = ModuleBuilder()
        builder.memories = [[0x00, 0x01], [0x00, 0x01]]
        expectInvalid(builder.bytes, .multipleMemories)
        builder.memories = [[0x01, 0x02, 0x01]]
        expectInvalid(builder.bytes, .limits)
        builder.memories = [[0x00] + unsigned(65_537)]
        expectInvalid(builder.bytes, .memorySize)
        builder.memories = [[0x00, 0x01]]
        builder.data = [[0x00, 0x42, 0x00, 0x0B, 0x00]]
        expectInvalid(builder.bytes, .typeMismatch(expected: .i32, found: .i64))
        builder.data = [[0x00, 0x01, 0x0B, 0x00]]
        expectInvalid(builder.bytes, .constantExpression(isExtended: false))
        builder.data = []
        builder.addFunction(FunctionType([.i32]))
        builder.start = 0
        expectInvalid(builder.bytes, .startFunction)
        builder.start = 1
        expectInvalid(builder.bytes, .unknownFunction(1))
    }

    @Test func globals() {
        var builder = ModuleBuilder()
        builder.globals = [[0x7F, 0x00, 0x41, 0x00, 0x0B], [0x7F, 0x00, 0x23, 0x00, 0x0B]]
        // Only imported globals may be read.
        expectInvalid(builder.bytes, .unknownGlobal(0))
        builder.globals.removeLast()
        builder.addFunction(code: [0x41, 0x00, 0x24, 0x00])
        expectInvalid(builder.bytes, .immutableGlobal(0))
    }

    @Test func functionReferencesMustBeDeclared() throws {
        var builder = ModuleBuilder()
        builder.addFunction(code: [0xD2, 0x00, 0x1A])
        expectInvalid(builder.bytes, .undeclaredFunctionReference(0))
        var declared = builder
        declared.elements = [[0x03, 0x00, 0x01, 0x00]]
        _ = try Module(declared.bytes)
        builder.addExport("f", .function, 0)
        _ = try Module(builder.bytes)
    }

    @Test func branchTables() {
        // Targets that take different numbers of values, or different types.
        expectInvalid(
            oneFunction(code: [0x02, 0x7F, 0x41, 0x00, 0x41, 0x00, 0x0E, 0x01, 0x00, 0x01, 0x0B, 0x1A]),
            .signatureMismatch)
        expectInvalid(
            oneFunction(
                FunctionType([], [.i64]),
                code: [0x02, 0x7F, 0x41, 0x00, 0x41, 0x00, 0x0E, 0x01, 0x00, 0x01, 0x0B, 0x1A, 0x42, 0x00]),
            .typeMismatch(expected: .i64, found: .i32))
    }

    @Test func vectors() {
        // i8x16.extract_lane_s of lane 16; drop of what is not there; i32x4.splat of an i64.
        let zero = [0xFD, 0x0C] + [UInt8](repeating: 0, count: 16)
        expectInvalid(oneFunction(code: zero + [0xFD, 0x15, 16, 0x1A]), .lane(16))
        expectInvalid(oneFunction(code: zero + [0x1A, 0x1A]), .typeMismatch(expected: nil, found: nil))
        expectInvalid(
            oneFunction(code: [0x42, 0x00, 0xFD, 0x11, 0x1A]), .typeMismatch(expected: .i32, found: .i64))
        // Slots are 64 bits: so many locals of 128 bits have no room in a frame.
        expectUnsupported(oneFunction(locals: [(40_000, .v128)], code: []), .frameSlots)
    }
}
