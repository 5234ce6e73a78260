import Testing
@testable import WasmFrontend
import _TestSupport

/// Modules of unusual size: what real ones have at most, and what only an attacker writes.
@Suite struct SizeTests {
    @Test func deepNesting() throws {
        let depth = 100_000
        let blocks = Array(repeatElement([0x02, 0x40] as [UInt8], count: depth).joined())
        let module = try Module(oneFunction(code: blocks + [UInt8](repeating: 0x0B, count: depth)))
        #expect(try summaries(module)[0].maxOperandHeight == 0)
        expectMalformed(oneFunction(code: blocks), .endExpected)
    }

    @Test func largeBranchTables() throws {
        let count = 1_000_000
        var targets: [UInt8] = []
        for index in 0...count { targets.append(index % 2 == 0 ? 0x00 : 0x01) }
        // Two labels with one result each, by different block types.
        let code: [UInt8] = [0x02, 0x7F, 0x02, 0x7F, 0x41, 0x00, 0x41, 0x00, 0x0E] + unsigned(count) + targets
        _ = try Module(oneFunction(code: code + [0x0B, 0x0B, 0x1A]))
        let wrong: [UInt8] = [0x02, 0x7F, 0x02, 0x7F, 0x42, 0x00, 0x41, 0x00, 0x0E] + unsigned(count) + targets
        expectInvalid(
            oneFunction(code: wrong + [0x0B, 0x0B, 0x1A]), .typeMismatch(expected: .i32, found: .i64))
    }

    @Test func manyFunctionsWithManyLocals() throws {
        // 8 bytes declare 50,000 locals: writing them out for each function would take 5 GB of memory traffic.
        var builder = ModuleBuilder()
        let type = builder.addType(FunctionType([]))
        builder.functions = Array(repeating: type, count: 100_000)
        let body = vector([unsigned(50_000) + [0x7F]]) + [0x0B]
        builder.bodies = Array(repeating: body, count: 100_000)
        let bytes = builder.bytes
        let clock = ContinuousClock()
        var module: Module?
        let time = try clock.measure { module = try Module(bytes) }
        #expect(try summaries(#require(module)).last?.localCount == 50_000)
        #expect(time < .seconds(10))
    }

    @Test func manyDataSegments() throws {
        var builder = ModuleBuilder()
        builder.memories = [[0x00, 0x01]]
        builder.data = Array(repeating: [0x00, 0x41, 0x08, 0x0B, 0x02, 0x61, 0x62], count: 100_000)
        let module = try Module(builder.bytes)
        #expect(module.data.count == 100_000)
        #expect(Array(module.bytes.buffer[module.data[99_999].bytes]) == Array("ab".utf8))
    }

    @Test func limitsOfTheImplementation() throws {
        expectUnsupported(oneFunction(locals: [(50_001, .i32)], code: []), .locals(50_001))
        expectUnsupported(
            oneFunction(FunctionType(Array(repeating: .i32, count: 1_001)), code: []), .parameters(1_001))
        let push: [UInt8] = [0x41, 0x00]
        let constants = { (count: Int) in Array(repeatElement(push, count: count).joined()) }
        let drops = { (count: Int) in [UInt8](repeating: 0x1A, count: count) }
        let most = ImplementationLimit.frameSlots - 50_000
        let fitting = try Module(oneFunction(locals: [(50_000, .i32)], code: constants(most) + drops(most)))
        #expect(try summaries(fitting)[0].maxOperandHeight == most)
        expectUnsupported(
            oneFunction(locals: [(50_000, .i32)], code: constants(most + 1) + drops(most + 1)), .frameSlots)
    }

    @Test(arguments: [true, false]) func vectorsTakeTwoSlotsOfTheFrame(optimizes: Bool) throws {
        // A function that pushes that many vectors and numbers, and drops them.
        func lowered(vectors: Int, numbers: Int) throws -> String {
            let vector: [UInt8] = [0xFD, 0x0C] + [UInt8](repeating: 1, count: 16)
            let pushes = Array(repeatElement(vector, count: vectors).joined())
            let numbersPushed = Array(repeatElement([0x41, 0x00] as [UInt8], count: numbers).joined())
            let drops = [UInt8](repeating: 0x1A, count: vectors + numbers)
            let module = try Module(oneFunction(code: pushes + numbersPushed + drops))
            return try module.loweredCode(LoweredCode.Options(optimizes: optimizes)).disassemble(0)
        }
        #expect(try !lowered(vectors: 20_000, numbers: 20_000).isEmpty)
        // The validator, which counts values, has nothing against it; but operands cannot name as many slots.
        #expect(throws: CodeSpaceError.self) { try lowered(vectors: 32_768, numbers: 0) }
    }

    @Test func codeIsMadeOnceForEachWayToMakeIt() throws {
        let module = try Module(oneFunction(code: []))
        let code = try module.loweredCode(LoweredCode.Options())
        #expect(try module.loweredCode(LoweredCode.Options()) === code)
        #expect(try module.loweredCode(LoweredCode.Options(optimizes: false)) !== code)
    }

    @Test func heightsOfTheOperandStack() throws {
        let nested: [UInt8] = [0x41, 0x00, 0x02, 0x7F, 0x41, 0x00, 0x41, 0x00, 0x6A, 0x0B, 0x6A, 0x1A]
        #expect(try summaries(Module(oneFunction(code: nested)))[0].maxOperandHeight == 3)
        let call: [UInt8] = [0x41, 0x00, 0x10, 0x00, 0x1A, 0x1A, 0x1A, 0x00]
        let type = FunctionType([.i32], [.i32, .i32, .i32])
        #expect(try summaries(Module(oneFunction(type, code: call)))[0].maxOperandHeight == 3)
    }

    @Test func wideSignatures() throws {
        // 1,000 values through 50,000 blocks, branches and calls.
        let types = (0..<1_000).map { $0 % 3 == 0 ? ValueType.i32 : .f64 }
        let type = FunctionType(types, types)
        let step: [UInt8] = [0x02, 0x00, 0x41, 0x00, 0x0D, 0x00, 0x0B, 0x10, 0x00]
        let start = Array((0..<1_000).map { [0x20] + unsigned($0) }.joined())
        let code = start + Array(repeatElement(step, count: 50_000).joined())
        #expect(try summaries(Module(oneFunction(type, code: code)))[0].maxOperandHeight == 1_001)
        // The same where nothing is reachable, and with one wrong type among them.
        _ = try Module(oneFunction(type, code: [0x00] + Array(repeatElement(step, count: 1_000).joined())))
        let wrong: [UInt8] = start + [0x1A, 0x41, 0x00, 0x10, 0x00]
        #expect(types[999] == .i32)
        _ = try Module(oneFunction(type, code: wrong))
        expectInvalid(
            oneFunction(type, code: start + [0x1A, 0x1A, 0x41, 0x00, 0x41, 0x00, 0x10, 0x00]),
            .typeMismatch(expected: .f64, found: .i32))
    }

    @Test func codeValidatedOnFirstCall() throws {
        var builder = ModuleBuilder()
        builder.addFunction(code: [0x41, 0x00, 0x1A])
        builder.addFunction(code: [0x1A])
        let error = #expect(throws: ModuleError.self) { try Module(builder.bytes) }
        let module = try Module(builder.bytes, codeValidation: .onFirstCall)
        let code = try module.loweredCode(LoweredCode.Options())
        #expect(try !code.disassemble(0).isEmpty)
        #expect(code.failure(ofFunction: 0) == nil)
        #expect(throws: try #require(error)) { try code.disassemble(1) }
        #expect(code.failure(ofFunction: 1) == error)
        // Everything but code is validated at once.
        builder.globals = [[0x7F, 0x01, 0x42, 0x00, 0x0B]]
        #expect(throws: ModuleError.self) { try Module(builder.bytes, codeValidation: .onFirstCall) }
    }

    @Test(arguments: 1...9)
    func threadsAgree(threads: Int) throws {
        var builder = ModuleBuilder()
        builder.globals = [[0x7F, 0x01, 0x41, 0x00, 0x0B]]
        for index in 0..<8 {
            let write: [UInt8] = [0x41, 0x00, 0x24, 0x00]
            builder.addFunction(
                locals: [(index, .i32)], code: Array(repeatElement(write, count: 1 << index).joined()))
        }
        #expect(throws: Never.self) { try Module(ModuleBytes(builder.bytes), threads: threads) }
        // The first fault counts, whichever thread finds one first.
        builder.bodies[7] = [0x00, 0x1A, 0x0B]
        builder.bodies[3] = [0x00, 0x20, 0x00, 0x0B]
        let error = #expect(throws: ModuleError.self) { try Module(ModuleBytes(builder.bytes), threads: threads) }
        #expect(error?.location.function == 3)
        // No code at all.
        #expect(throws: Never.self) { try Module(ModuleBytes(ModuleBuilder.header), threads: threads) }
    }
}
