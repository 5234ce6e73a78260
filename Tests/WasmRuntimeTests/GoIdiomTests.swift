import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

/// What Go's compiler writes again and again is validated and lowered as a whole: that must come to the same as its
/// instructions one by one.
@Suite("Go's idioms")
struct GoIdiomTests {
    private static let call: [[UInt8]] = [
        [0x20, 0x01], [0x41, 0x08], [0x6B], [0x22, 0x01], [0x24, 0x00],
        [0x20, 0x01], [0x42] + signed(1_234_567), [0x37, 0x03, 0x00],
        [0x41, 0x00], [0x10, 0x00],
        [0x23, 0x00], [0x21, 0x01], [0x0D, 0x00],
    ]
    private static let stackAddress: [[UInt8]] = [[0x20, 0x01], [0xAD], [0x42, 0x18], [0x7C], [0xA7]]
    /// More bytes than an idiom takes: one that is followed by fewer is not looked for.
    private static let padding = [UInt8](repeating: 0x01, count: 60)

    /// A module around the second function's code, which is in a block with the copy of the stack pointer in local 1.
    private func module(
        _ code: [UInt8], local: ValueType = .i32, globals: [[UInt8]] = [[0x7F, 0x01, 0x41, 0x80, 0x02, 0x0B]],
        callee: FunctionType = FunctionType([.i32], [.i32]), calleeCode: [UInt8] = [0x20, 0x00], hasMemory: Bool = true,
        blockType: UInt8 = 0x40, behind: [UInt8] = [0x41, 0x00]
    ) throws -> Module {
        var builder = ModuleBuilder()
        builder.memories = hasMemory ? [[0x00, 0x01]] : []
        builder.globals = globals
        builder.addFunction(callee, code: calleeCode)
        builder.addFunction(
            FunctionType([.i32], [.i32]), locals: [(1, local), (1, .i64)],
            code: (local == .i32 && !globals.isEmpty ? [0x23, 0x00, 0x21, 0x01] : []) + [0x02, blockType] + code
                + Self.padding + [0x0B] + behind)
        builder.addExport("f", .function, 1)
        if hasMemory { builder.addExport("memory", .memory, 0) }
        return try Module(ModuleBytes(builder.bytes), codeValidation: .onFirstCall)
    }

    /// What is wrong with the second function of a module, and where; nil for nothing.
    private func problem(_ module: Module) -> ModuleError? {
        do {
            _ = try LoweredCode(module, options: LoweredCode.Options()).disassemble(1)
            return nil
        } catch {
            return error as? ModuleError
        }
    }

    /// The instructions with a `nop` behind the first, which makes them no idiom.
    private func split(_ instructions: [[UInt8]]) -> [UInt8] {
        instructions[0] + [0x01] + instructions.dropFirst().joined()
    }

    private func expectSame(
        _ instructions: [[UInt8]], sourceLocation: SourceLocation = #_sourceLocation,
        _ build: ([UInt8]) throws -> Module
    ) throws {
        let whole = problem(try build(Array(instructions.joined())))
        let parts = problem(try build(split(instructions)))
        guard case .invalid(let one) = whole, case .invalid(let other) = parts else {
            let found = "\(String(describing: whole)) and \(String(describing: parts))"
            Issue.record(Comment(rawValue: found), sourceLocation: sourceLocation)
            return
        }
        #expect(one.reason == other.reason, sourceLocation: sourceLocation)
        let offsets = (one.location.offset, other.location.offset)
        #expect(offsets.1 - offsets.0 == 1 || offsets.1 == offsets.0, sourceLocation: sourceLocation)
    }

    @Test("what is invalid in an idiom is refused as anywhere")
    func invalid() throws {
        #expect(problem(try module(Array(Self.call.joined()))) == nil)
        try expectSame(Self.call) { try module($0, local: .i64) }
        try expectSame(Self.call) { try module($0, globals: []) }
        try expectSame(Self.call) { try module($0, globals: [[0x7F, 0x00, 0x41, 0x00, 0x0B]]) }
        try expectSame(Self.call) { try module($0, globals: [[0x7E, 0x01, 0x42, 0x00, 0x0B]]) }
        try expectSame(Self.call) { try module($0, hasMemory: false) }
        try expectSame(Self.call) { try module($0, callee: FunctionType([.i64], [.i32]), calleeCode: [0x41, 0x00]) }
        try expectSame(Self.call) { try module($0, callee: FunctionType([.i32], [.i64]), calleeCode: [0x42, 0x00]) }
        try expectSame(Self.call) { try module($0, callee: FunctionType([.i32]), calleeCode: []) }
        try expectSame(Self.call) { try module($0, blockType: 0x7F, behind: []) }
        for (index, bytes) in [(0, [0x20, 0x05]), (9, [0x10, 0x07]), (12, [0x0D, 0x09])] as [(Int, [UInt8])] {
            var call = Self.call
            call[index] = bytes
            if index == 0 { (call[3], call[5], call[11]) = ([0x22, 0x05], [0x20, 0x05], [0x21, 0x05]) }
            try expectSame(call) { try module($0) }
        }
        try expectSame(Self.stackAddress + [[0x45, 0x50, 0x1A]]) { try module($0) }
        try expectSame(Self.stackAddress + [[0x1A]]) { try module($0, local: .i64) }
    }

    @Test("an idiom that is cut off ends where the function does")
    func truncated() throws {
        let code = Array(Self.call.joined())
        for count in 1...code.count {
            var builder = ModuleBuilder()
            builder.memories = [[0x00, 0x01]]
            builder.globals = [[0x7F, 0x01, 0x41, 0x00, 0x0B]]
            builder.addFunction(FunctionType([.i32], [.i32]), code: [0x20, 0x00])
            builder.functions.append(0)
            builder.bodies.append([0x01, 0x01, 0x7F, 0x02, 0x40] + code.prefix(count))
            let module = try Module(ModuleBytes(builder.bytes), codeValidation: .onFirstCall)
            guard case .malformed = problem(module) else {
                Issue.record("\(count) bytes: \(String(describing: problem(module)))")
                continue
            }
        }
    }

    @Test("a call pushes, calls, and leaves where the callee says so", arguments: Way.all)
    func calls(way: Way) throws {
        // The callee: notes the word on the stack in memory, and returns what lies at 0.
        let callee: [UInt8] =
            [0x41, 0x08, 0x23, 0x00, 0x29, 0x03, 0x00, 0x37, 0x03, 0x00, 0x41, 0x00, 0x28, 0x02, 0x00]
        // Behind the call, in the block: local 0 becomes 1. What is returned: local 0, and the stack pointer.
        let behind: [UInt8] = [0x20, 0x00, 0x41] + signed(1000) + [0x6C, 0x23, 0x00, 0x6A]
        let setLocal: [UInt8] = [0x41, 0x01, 0x21, 0x00]
        let large = signed(0x1_2345_6789)
        // Before the call: nothing; another change of the stack pointer; a value that a local is set to, and that waits;
        // a value on the stack, below what the call uses.
        let before: [[UInt8]] = [
            [], [0x20, 0x01, 0x41, 0x10, 0x6B, 0x22, 0x01, 0x24, 0x00],
            [0x20, 0x01, 0x29, 0x03, 0x00, 0x21, 0x02], [0x20, 0x01, 0x28, 0x02, 0x00],
        ]
        for (index, prefix) in before.enumerated() {
            for word in [signed(77), large] {
                var call = Self.call
                call[6] = [0x42] + word
                let drop: [UInt8] = index == 3 ? [0x1A] : []
                let build = { (code: [UInt8]) in
                    try module(prefix + code + drop + setLocal, calleeCode: callee, behind: behind)
                }
                for (code, isWhole) in [(Array(call.joined()), true), (split(call), false)] {
                    let instance = try Instance(try build(code), store: way.store())
                    let memory = try instance.memory(named: "memory").baseAddress
                    let moved: UInt32 = index == 1 ? 24 : 8
                    #expect(try instance.bits("f", .i32(5)) == [1000 + UInt64(256 - moved)], "\(index) \(isWhole)")
                    #expect(memory.load(fromByteOffset: 8, as: UInt64.self) == (word == large ? 0x1_2345_6789 : 77))
                    memory.storeBytes(of: 1, as: UInt32.self)
                    #expect(try instance.bits("f", .i32(5)) == [5000 + UInt64(256 - 2 * moved)], "\(index) \(isWhole)")
                }
            }
        }
    }

    @Test("an address on the stack wraps, and is that of the moment", arguments: Way.all)
    func stackAddresses(way: Way) throws {
        let sums: [(Int64, UInt64)] = [(24, 280), (-8, 248), (-257, 0xFFFF_FFFF), (0x7FFF_FFFF, 0x8000_00FF)]
        for (offset, expected) in sums {
            var address = Self.stackAddress
            address[2] = [0x42] + signed(offset)
            // The stack pointer moves while the address waits on the operand stack.
            let move: [UInt8] = [0x20, 0x01, 0x41, 0x10, 0x6B, 0x22, 0x01, 0x24, 0x00]
            for code in [Array(address.joined()), split(address)] {
                let module = try module(
                    code + move + [0x21, 0x00], behind: [0x20, 0x00])
                let instance = try Instance(module, store: way.store())
                #expect(try instance.bits("f", .i32(0)) == [expected])
            }
        }
    }
}
