import CSupport
import Foundation
import Testing
import _TestSupport

#if arch(x86_64)
    /// The machine code of a dispatch loop of this process.
    private struct Loop {
        struct Instruction {
            let address: UInt
            /// As objdump writes it: the mnemonic, then the operands, the destination last.
            let text: Substring
        }
        let code: GWLoopCode
        let instructions: [Instruction]
        /// Where gw_registers.h says that the state is: pc, fp, mem, sp, inst, m, and what offsets of handlers count from.
        let contract: [Substring]
        /// Where handlers begin that a signal may move the thread out of, and where anything else does.
        private(set) var handlers: Set<UInt> = []
        private(set) var others: Set<UInt> = []

        static let all = [false, true]

        init(checked: Bool) throws {
            let code = gw_loop_code(checked)
            self.code = code
            contract = String(cString: code.contract).split(separator: " ")
            try #require(contract.count == 7)
            let offsets = gw_handlers(checked)!
            let opcodes = Int(GWOp.count.rawValue)
            let addresses = (0..<opcodes + Int(code.place_count)).map {
                code.first &+ UInt(bitPattern: Int(offsets[$0]))
            }
            for (place, address) in addresses.enumerated() {
                if place < opcodes && place != Int(GWOp.exit.rawValue) {
                    handlers.insert(address)
                } else {
                    others.insert(address)
                }
            }
            others.insert(code.function)
            // The other loop may lie behind this one; the section ends with the last.
            let other = gw_loop_code(!checked).function
            let end = other > code.function ? other : code.section_end
            instructions = try Self.disassemble(from: code.function, to: end)
        }

        /// What binutils' objdump makes of this process's memory.
        private static func disassemble(from start: UInt, to end: UInt) throws -> [Instruction] {
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let code = Data(bytes: UnsafeRawPointer(bitPattern: start)!, count: Int(end - start))
            let file = try folder.write(code, to: "loop")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn",
                "--adjust-vma=0x\(String(start, radix: 16))", file,
            ]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0 && !text.isEmpty, "objdump failed")
            return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line in
                let parts = line.split(separator: "\t")
                guard parts.count == 2, let colon = parts[0].lastIndex(of: ":"),
                    let address = UInt(parts[0][..<colon].trimmingCharacters(in: .whitespaces), radix: 16)
                else { return nil }
                return Instruction(address: address, text: parts[1])
            }
        }

        /// The instructions that belong to handlers by the rule of the signal handlers: the last place before decides.
        var ofHandlers: [Instruction] {
            var isHandler = false
            return instructions.filter { instruction in
                if handlers.contains(instruction.address) {
                    isHandler = true
                } else if others.contains(instruction.address) {
                    isHandler = false
                }
                return isHandler
            }
        }
    }

    @Suite(
        "The compiled loop",
        .enabled(if: gw_loop_code(false).is_optimized, "only the optimised loop keeps its state in registers"))
    struct CodegenTests {
        @Test(
            "has an indirect jump for every instruction: dispatch is not merged into shared jumps", arguments: Loop.all)
        func dispatch(checked: Bool) throws {
            let loop = try Loop(checked: checked)
            let jumps = loop.instructions.count { $0.text.contains(/^jmp\s+\*%r/) }
            // Those that the loop has done outside of it share one; `exit` and `unreachable` do not go on.
            #expect(jumps >= loop.handlers.count)
        }

        @Test(
            "dispatches with one load, one addition and one jump, from the same registers everywhere",
            arguments: Loop.all)
        func pattern(checked: Bool) throws {
            let loop = try Loop(checked: checked)
            let texts = loop.ofHandlers.map(\.text)
            var patterns: [String: Int] = [:]
            for (index, text) in texts.enumerated() where index >= 2 && text.contains(/^jmp\s+\*%r/) {
                let load = texts[index - 2].firstMatch(of: /movslq \((%\w+)\),/)
                let add = texts[index - 1].firstMatch(of: /add\s+(%\w+),/)
                patterns[load.flatMap { load in add.map { "\(load.1) \($0.1)" } } ?? "another", default: 0] += 1
            }
            let commonest = try #require(patterns.values.max())
            #expect(commonest >= Int(GWOp.count.rawValue) * 9 / 10, "\(patterns)")
            #expect(patterns.keys.allSatisfy { $0 == "another" || $0.hasSuffix(" \(loop.contract[6])") })
            // Elsewhere the compiler puts another instruction between the three.
            #expect(patterns.count <= 2, "\(patterns)")
        }

        @Test("calls C functions in one place, which is no handler", arguments: Loop.all)
        func calls(checked: Bool) throws {
            let loop = try Loop(checked: checked)
            #expect(loop.instructions.count { $0.text.hasPrefix("call") } == 1)
            let offset = gw_handlers(checked)![Int(GWOp.count.rawValue) + Int(loop.code.helper)]
            let outside = loop.code.first &+ UInt(bitPattern: Int(offset))
            let call = try #require(loop.instructions.first { $0.text.hasPrefix("call") })
            let places = loop.handlers.union(loop.others)
            #expect(places.filter { $0 <= call.address }.max() == outside)
        }

        @Test("has its state where the contract says, and nothing else, on entry of every handler", arguments: Loop.all)
        func contract(checked: Bool) throws {
            let loop = try Loop(checked: checked)
            let homes = String(cString: loop.code.homes).split(separator: " ")
            #expect(homes == loop.contract.dropLast())
            // No computed goto leads to where the function begins.
            let entries = loop.handlers.union(loop.others).subtracting([loop.code.function])
            let liveness = RegisterLiveness<X86.Instruction>(
                loop.instructions.map { ($0.address, $0.text) }, entries: entries)
            #expect(liveness.unknown.isEmpty, "\(Set(liveness.unknown))")
            var live: Set<String> = []
            for handler in loop.handlers { live.formUnion(try #require(liveness.live[handler])) }
            // The C function's frame, which its end needs.
            live.subtract(["rsp", "rbp"])
            #expect(live == Set(loop.contract.map { String($0.dropFirst()) }))
        }

        @Test("leaves memory, instance, machine, handlers and its C frame alone in every handler", arguments: Loop.all)
        func state(checked: Bool) throws {
            let loop = try Loop(checked: checked)
            let kept = [loop.contract[2]] + loop.contract[4...]
            let names = kept.flatMap(Self.names) + Self.names("%rsp")
            let changes = loop.ofHandlers.filter { Self.changes($0.text, anyOf: names) }
            #expect(changes.isEmpty, "\(changes.prefix(5)) change \(kept)")
            let accesses = loop.ofHandlers.filter { $0.text.contains(/\(%r[bs]p/) }
            #expect(accesses.isEmpty, "\(accesses.prefix(5)) use the C stack")
        }

        @Test("the rules above see what they forbid")
        func rules() {
            let kept = ["%rbx", "%rsp", "%bl"]
            for bad in [
                "mov    %rax,%rbx", "pop    %rcx", "ret", "call   *0x60(%rbx)", "sub    $0x18,%rsp", "sete   %bl",
            ] {
                #expect(Self.changes(bad[...], anyOf: kept), "\(bad)")
            }
            for good in [
                "mov    %rbx,%rax", "cmp    %rax,%rbx", "mov    %rax,0x8(%rbx)", "jmp    *%rbx", "test   %bl,%bl",
            ] {
                #expect(!Self.changes(good[...], anyOf: kept), "\(good)")
            }
        }

        /// Instructions from address 0 on, a byte each; computed gotos lead to the first one.
        private func live(_ texts: String...) -> Set<String>? {
            let instructions = texts.enumerated().map { (address: UInt($0), text: $1[...]) }
            let liveness = RegisterLiveness<X86.Instruction>(instructions, entries: [0])
            return liveness.unknown.isEmpty ? liveness.live[0] : nil
        }

        @Test("what is live is found through jumps, parts of registers and computed gotos")
        func liveness() {
            #expect(live("mov    %rax,%rbx", "ret") == ["rax", "rsp"])
            #expect(live("xor    %eax,%eax", "add    %rcx,%rax", "jmp    *%rax") == ["rcx"])
            // A constant that a handler before this one has left; one that this one makes itself.
            #expect(live("and    %r15,%rax", "mov    %rax,(%rdi)", "ud2") == ["rax", "r15", "rdi"])
            #expect(live("movabs $0x8000000000000000,%r15", "and    %r15,(%rdi)", "ud2") == ["rdi"])
            #expect(live("sete   %al", "movzbl %al,%eax", "mov    %eax,(%rsi,%rdx,8)", "ud2") == ["rsi", "rdx"])
            #expect(live("sete   %al", "mov    %eax,(%rsi)", "ud2") == ["rax", "rsi"])
            #expect(live("je     0x3", "mov    %rcx,%rax", "ret", "ud2") == ["rcx", "rsp"])
            #expect(live("movsd  (%rsi),%xmm0", "addsd  %xmm1,%xmm0", "jmp    *(%rdi)") == ["rsi", "rdi", "xmm1"])
            #expect(live("xorps  %xmm0,%xmm0", "movups %xmm0,(%rsi)", "ud2") == ["rsi"])
            #expect(live("xor    %edx,%edx", "div    %ecx", "mov    %edx,(%rsi)", "ud2") == ["rax", "rcx", "rsi"])
            #expect(live("mov    %rcx,%rdx", "vzeroupper", "ret") == nil)
        }

        /// Whether the instruction writes to one of the places, or moves the stack.
        static func changes(_ text: Substring, anyOf places: [String]) -> Bool {
            let parts = text.split(separator: " ", maxSplits: 1)
            guard let mnemonic = parts.first else { return false }
            if mnemonic.contains(/^(call|ret|push|pop|leave|enter)/) { return true }
            if mnemonic.contains(/^(cmp|test|j|nop|ucomis|comis|bt$|bt[wlq]$)/) { return false }
            guard let operands = parts.dropFirst().first?.trimmingCharacters(in: .whitespaces) else { return false }
            return places.contains { operands == $0 || operands.hasSuffix(",\($0)") }
        }

        /// A register by the names of its parts; anything else by its own.
        static func names(_ home: Substring) -> [String] {
            if let match = home.wholeMatch(of: /%r(\d+)/) {
                return ["", "d", "w", "b"].map { "%r\(match.1)\($0)" }
            }
            guard let match = home.wholeMatch(of: /%r([a-z])([a-z])/) else { return [String(home)] }
            let name = "\(match.1)\(match.2)"
            let low = match.2 == "x" ? ["%\(match.1)l", "%\(match.1)h"] : ["%\(name)l"]
            return ["%r\(name)", "%e\(name)", "%\(name)"] + low
        }
    }
#endif
