import CSupport
import Foundation
import Testing
import _TestSupport

/// A dispatch loop as the compiler makes it for Linux on arm64, on whatever machine this is.
private struct CrossLoop {
    /// Where gw_registers.h says that the state is.
    let contract: [String: String]
    let instructions: [(address: UInt, text: Substring)]
    /// The loop's bytes.
    let code: Data
    /// Where handlers begin that a signal may move the thread out of, and where anything else does.
    private(set) var handlers: Set<UInt> = []
    private(set) var others: Set<UInt> = [0]
    /// The handlers that are two instructions.
    private(set) var pairs: Set<UInt> = []
    /// The place that calls C functions.
    let outside: UInt

    static let names = ["guarded", "checked"]
    /// Where Debian's libc6-dev-arm64-cross has its headers.
    static let isPossible = FileManager.default.fileExists(atPath: "/usr/aarch64-linux-gnu/include/stdio.h")

    /// Compiled once for all tests; what the compiler has made of the same source before is taken from there.
    private static let folder: TemporaryFolder? = {
        guard let folder = try? TemporaryFolder(),
            let run = try? Checkout.run(tool: "cross_loop.sh", in: folder.url), run.status == 0
        else { return nil }
        return folder
    }()

    init(_ name: String) throws {
        let folder = try #require(Self.folder, "Tests/Tools/cross_loop.sh failed").url
        func data(_ ending: String) throws -> Data {
            try Data(contentsOf: folder.appendingPathComponent("\(name).\(ending)"))
        }
        code = try data("code")
        let words = String(decoding: try data("contract"), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        contract = Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: words.count, by: 2).map {
                (String(words[$0]), String(words[$0 + 1]))
            })
        let lines = String(decoding: try data("listing"), as: UTF8.self).split(separator: "\n")
        // (Relocations stand in lines of their own, indented by tabs.)
        instructions = lines.filter { $0.hasPrefix(" ") }.compactMap { line in
            let parts = line.split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, let colon = parts[0].firstIndex(of: ":"),
                let address = UInt(parts[0][..<colon].trimmingCharacters(in: .whitespaces), radix: 16)
            else { return nil }
            return (address, parts[1])
        }
        // The first handler's address is filled in by the linker, wherever the function needs it.
        let bases = Set(lines.compactMap { $0.firstMatch(of: /R_AARCH64_\w+\tgw_loops\+0x([0-9a-f]+)/)?.1 })
        let first = try #require(bases.count == 1 ? UInt(bases.first!, radix: 16) : nil, "\(bases)")
        let table = try data("handlers")
        let opcodes = Int(GWOp.count.rawValue)
        let own = gw_loop_code(false)
        let addresses = stride(from: 0, to: table.count, by: 4).map { at in
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(table[at + $1]) << UInt32(8 * $1) }
            return first &+ UInt(bitPattern: Int(Int32(bitPattern: bits)))
        }
        try #require(addresses.count == opcodes + Int(own.place_count))
        for (place, address) in addresses.enumerated() {
            if place < opcodes && place != Int(GWOp.exit.rawValue) {
                handlers.insert(address)
                if gw_op_info()[place].family == .pair { pairs.insert(address) }
            } else {
                others.insert(address)
            }
        }
        outside = addresses[opcodes + Int(own.helper)]
        try #require(handlers.union(others).isSubset(of: Set(instructions.map(\.address))))
    }

    /// The indices of the instructions that belong to handlers by the rule of the signal handlers: the last place
    /// before decides.
    var ofHandlers: [Int] {
        var isHandler = false
        return instructions.indices.filter { index in
            let address = instructions[index].address
            if handlers.contains(address) { isHandler = true } else if others.contains(address) { isHandler = false }
            return isHandler
        }
    }
}

/// What `CodegenTests` demands of the loop of this process, of the loop for arm64.
@Suite(
    "The loop compiled for arm64",
    .enabled(
        if: Checkout.runs(ifThere: CrossLoop.isPossible),
        "needs the headers of Debian's libc6-dev-arm64-cross (make test-tools installs them)"))
struct ARM64CodegenTests {
    @Test(
        "has an indirect jump for every instruction: dispatch is not merged into shared jumps",
        arguments: CrossLoop.names)
    func dispatch(name: String) throws {
        let loop = try CrossLoop(name)
        let jumps = loop.instructions.count { ARM64Instruction($0.text)?.isComputed == true }
        #expect(jumps >= loop.handlers.count)
    }

    @Test(
        "dispatches with one load, one addition and one jump, from the same registers everywhere",
        arguments: CrossLoop.names)
    func pattern(name: String) throws {
        let loop = try CrossLoop(name)
        let handlers = try #require(loop.contract["handlers"])
        let pc = try #require(loop.contract["pc"])
        var patterns: [String: Int] = [:]
        let indices = loop.ofHandlers
        for index in indices {
            guard let jump = ARM64Instruction(loop.instructions[index].text), jump.isComputed else { continue }
            patterns[Self.source(of: jump.operands[0], before: index, in: loop) ?? "another", default: 0] += 1
        }
        let wanted = "\(handlers) + [\(pc)]"
        // In a third of the handlers that compare addresses, clang has the next instruction's address in another register
        // first, which costs a move.
        let share = name == "checked" ? 7 : 9
        #expect(patterns[wanted, default: 0] >= Int(GWOp.count.rawValue) * share / 10, "\(patterns)")
        #expect(patterns.keys.allSatisfy { $0 == "another" || $0.hasPrefix("\(handlers) + ") }, "\(patterns)")
    }

    /// Of what a jump's target is the sum: `x20 + [x2]`; nil where that is not found on the way that leads here straight.
    ///
    /// The compiler puts other instructions between the three.
    private static func source(of register: Substring, before index: Int, in loop: CrossLoop) -> String? {
        guard let add = last(writing: register, before: index, in: loop), add.effect.mnemonic == "add",
            add.effect.operands.count == 3
        else { return nil }
        for (base, offset) in [(1, 2), (2, 1)] {
            guard let load = last(writing: add.effect.operands[offset], before: add.index, in: loop),
                load.effect.mnemonic == "ldrsw"
            else { continue }
            return "\(add.effect.operands[base]) + \(load.effect.operands[1])"
        }
        return nil
    }

    private static func last(
        writing register: Substring, before index: Int, in loop: CrossLoop
    ) -> (effect: ARM64Instruction, index: Int)? {
        var index = index
        while index > 0 {
            if loop.handlers.contains(loop.instructions[index].address) { return nil }
            index -= 1
            guard let effect = ARM64Instruction(loop.instructions[index].text), effect.continues else { return nil }
            if effect.writtenBits & ARM64Instruction.bit(register) != 0 { return (effect, index) }
        }
        return nil
    }

    @Test("calls C functions in one place, which is no handler", arguments: CrossLoop.names)
    func calls(name: String) throws {
        let loop = try CrossLoop(name)
        let calls = loop.instructions.filter { ARM64Instruction($0.text)?.isCall == true }
        #expect(calls.count == 1)
        let call = try #require(calls.first)
        #expect(loop.handlers.union(loop.others).filter { $0 <= call.address }.max() == loop.outside)
    }

    @Test(
        "has its state where the contract says, and nothing else, on entry of every handler", arguments: CrossLoop.names
    )
    func contract(name: String) throws {
        let loop = try CrossLoop(name)
        // What the place `registers` says, as text behind its instructions.
        let homes = try ["pc", "fp", "mem", "sp", "inst", "m"].map { try #require(loop.contract[$0]) }
        #expect(loop.code.range(of: Data((homes.joined(separator: " ") + "\0").utf8)) != nil)
        let liveness = RegisterLiveness<ARM64Instruction>(
            loop.instructions, entries: loop.handlers.union(loop.others).subtracting([0]))
        #expect(liveness.unknown.isEmpty, "\(Set(liveness.unknown))")
        var live: Set<String> = []
        for handler in loop.handlers { live.formUnion(try #require(liveness.live[handler])) }
        // The C function's frame, which its end needs.
        live.subtract(["sp", "x29"])
        #expect(live == Set(loop.contract.values))
    }

    /// A fault takes the state from these registers. (The first instruction of a pair may change them before the second's
    /// access.)
    ///
    /// An access to linear memory is one whose base is `mem` or a sum with it, on the straight way from a handler's
    /// beginning.
    @Test("leaves frame and register global alone until all accesses to memory of a handler are done")
    func accesses() throws {
        let loop = try CrossLoop("guarded")
        let memory = ARM64Instruction.bit(try #require(loop.contract["mem"])[...])
        let state = try ["fp", "sp"].reduce(0) { $0 | ARM64Instruction.bit(try #require(loop.contract[$1])[...]) }
        var (bases, hasChanged, isPair, count) = (memory, false, false, 0)
        for index in loop.ofHandlers {
            let (address, text) = loop.instructions[index]
            guard let instruction = ARM64Instruction(text) else { continue }
            if loop.handlers.contains(address) {
                (bases, hasChanged, isPair) = (memory, false, loop.pairs.contains(address))
            }
            if let place = instruction.operands.last, place.hasPrefix("[") {
                let base = place.dropFirst().prefix { !",]".contains($0) }
                if ARM64Instruction.bit(base) & bases != 0 {
                    count += 1
                    #expect(!hasChanged || isPair, "\(String(address, radix: 16)): \(text)")
                }
            }
            hasChanged = hasChanged || instruction.writtenBits & state != 0
            let isSum = instruction.mnemonic == "add" && instruction.readBits & bases != 0
            bases = isSum ? bases | instruction.writtenBits : bases & ~instruction.writtenBits
            if !instruction.continues { (bases, hasChanged) = (memory, false) }
        }
        #expect(count > 300)
    }

    /// (On the ways out of the loop clang uses the register of `mem` for a trap's number or a function, where it is not
    /// needed any more. Signals take nothing from it, and on entry of the next handler it is what it was: see above.)
    @Test("leaves instance, machine, handlers and its C frame alone in every handler", arguments: CrossLoop.names)
    func state(name: String) throws {
        let loop = try CrossLoop(name)
        var kept = ARM64Instruction.bit("sp") | ARM64Instruction.bit("x29") | ARM64Instruction.bit("x30")
        for value in ["inst", "m", "handlers"] {
            kept |= ARM64Instruction.bit(try #require(loop.contract[value])[...])
        }
        let texts = loop.ofHandlers.map { loop.instructions[$0].text }
        let changes = texts.filter { (ARM64Instruction($0)?.writtenBits ?? 0) & kept != 0 }
        #expect(changes.isEmpty, "\(changes.prefix(5))")
        let frame = ARM64Instruction.bit("sp") | ARM64Instruction.bit("x29")
        let accesses = texts.filter { (ARM64Instruction($0)?.readBits ?? 0) & frame != 0 }
        #expect(accesses.isEmpty, "\(accesses.prefix(5)) use the C stack")
    }
}

/// The reader of arm64's instructions.
@Suite("What instructions of arm64 read and write")
struct ARM64InstructionTests {
    /// Instructions from address 0 on, a byte each; computed gotos lead to the first one.
    private func live(_ texts: String...) -> Set<String>? {
        let instructions = texts.enumerated().map { (address: UInt($0), text: $1[...]) }
        let liveness = RegisterLiveness<ARM64Instruction>(instructions, entries: [0])
        return liveness.unknown.isEmpty ? liveness.live[0] : nil
    }

    @Test("what is live is found through jumps, parts of registers and computed gotos")
    func liveness() {
        #expect(live("mov\tx0, x8", "brk\t#0x1") == ["x8"])
        #expect(live("mov\tw9, wzr", "add\tx9, x9, x10", "br\tx9") == ["x10"])
        // A constant that a handler before this one has left; one that this one makes itself.
        #expect(live("and\tx8, x8, x15", "str\tx8, [x3, x11, lsl #3]", "brk\t#0x1") == ["x8", "x15", "x3", "x11"])
        #expect(
            live("mov\tx15, #-0x8000000000000000 // =-9223372036854775808", "and\tx8, x15, x7", "brk\t#0x1") == ["x7"])
        #expect(live("cbz\tx1, 0x2 <f+0x2>", "brk\t#0x1", "ldrb\tw0, [x19, #0x88]", "brk\t#0x1") == ["x1", "x19"])
        #expect(live("b\t0x2 <f+0x2>", ".word\t0x78203278", "str\tq0, [x3, x9]", "brk\t#0x1") == ["v0", "x3", "x9"])
        #expect(live("ldp\tx20, x19, [sp], #0x10", "ret") == ["sp", "x0", "x30"])
        // Something behind the address, or `!`, changes the register.
        #expect(live("str\txzr, [x8], #0x8", "str\tx8, [x9, #0x8]!", "br\tx9") == ["x8", "x9"])
        #expect(live("ldr\tx9, [x8, #0x8]!", "br\tx8") == ["x8"])
        // What keeps a part of its destination reads it.
        #expect(live("movk\tx8, #0x1, lsl #32", "br\tx8") == ["x8"])
        #expect(live("mov\tv0.d[1], x8", "str\tq0, [x9]", "brk\t#0x1") == ["v0", "x8", "x9"])
        #expect(
            live("dup\tv0.4s, w8", "bsl\tv0.16b, v1.16b, v2.16b", "str\tq0, [x9]", "brk\t#0x1") == [
                "v1", "v2", "x8", "x9",
            ])
        #expect(live("bic\tv0.4s, #0x80, lsl #24", "str\tq0, [x9]", "brk\t#0x1") == ["v0", "x9"])
        #expect(live("fcsel\td0, d1, d2, gt", "fmov\tx8, d0", "br\tx8") == ["v1", "v2"])
        #expect(live("ld2\t{ v0.8b, v1.8b }, [x8]", "add\tv0.8b, v0.8b, v1.8b", "brk\t#0x1") == ["x8"])
        #expect(live("mov\tx8, x9", "paciasp", "ret") == nil)
        #expect(live("mov\tx8, x9", ".word\t0x78203278", "ret") == nil)
    }

    @Test("calls are known, and what they leave of the registers")
    func calls() throws {
        #expect(live("blr\tx8", "str\tx9, [x19]", "brk\t#0x1") == ["x8", "x0", "sp", "x19"])
        #expect(try #require(ARM64Instruction("bl\t0x10 <f>")).isCall)
        #expect(!(try #require(ARM64Instruction("br\tx8")).isCall))
    }
}
