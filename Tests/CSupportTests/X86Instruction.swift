/// Instructions of x86-64 as objdump writes them (AT&T's syntax: the destination last).
enum X86 {
    /// Parts of registers: of each of the 16 general ones the lowest byte, the one above it, and the rest; of each vector
    /// register one part for all of it.
    struct Registers: Equatable {
        var bits: UInt64 = 0

        static let general = [
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
            "r15",
        ]
        /// A part by each of its names; 32 bits are everything, as writing them clears those above.
        private static let named: [Substring: UInt64] = {
            var named: [Substring: UInt64] = [:]
            for (index, name) in general.enumerated() {
                let parts: (low: UInt64, word: UInt64, all: UInt64) = (
                    1 << UInt64(3 * index), 3 << UInt64(3 * index), 7 << UInt64(3 * index)
                )
                let short = name.dropFirst()
                if index >= 8 {
                    named[name[...]] = parts.all
                    named["\(name)d"] = parts.all
                    named["\(name)w"] = parts.word
                    named["\(name)b"] = parts.low
                } else {
                    named[name[...]] = parts.all
                    named["e\(short)"] = parts.all
                    named[short] = parts.word
                    named[short.hasSuffix("x") ? "\(short.dropLast())l" : "\(short)l"] = parts.low
                    if short.hasSuffix("x") { named["\(short.dropLast())h"] = parts.word & ~parts.low }
                }
            }
            for index in 0..<16 { named["xmm\(index)"] = 1 << UInt64(48 + index) }
            return named
        }()

        init() {}
        init(bits: UInt64) { self.bits = bits }
        /// A register's part by its name, without the `%`; nil for what is no register of these.
        init?(named name: Substring) {
            guard let bits = Self.named[name] else { return nil }
            self.bits = bits
        }
        /// The registers named with `%` in an operand that is a place in memory.
        init(addressing operand: Substring) {
            for part in operand.split(whereSeparator: { "(),*:".contains($0) }) where part.hasPrefix("%") {
                bits |= Self.named[part.dropFirst()] ?? 0
            }
        }

        /// The names of the registers of which any part is in here.
        var names: Set<String> {
            var names: Set<String> = []
            for (index, name) in Self.general.enumerated() where bits >> UInt64(3 * index) & 7 != 0 {
                names.insert(name)
            }
            for index in 0..<16 where bits >> UInt64(48 + index) & 1 != 0 { names.insert("xmm\(index)") }
            return names
        }
    }

    /// What an instruction reads, what it overwrites, and where it leads to.
    struct Instruction: MachineInstruction {
        private var reads = Registers()
        private var writes = Registers()
        private(set) var target: UInt?
        private(set) var continues = true
        private(set) var isComputed = false
        var readBits: UInt64 { reads.bits }
        var writtenBits: UInt64 { writes.bits }

        static func names(of bits: UInt64) -> Set<String> { Registers(bits: bits).names }

        /// Nil for an instruction that is not known here: a guess could hide what is live.
        init?(_ text: Substring) {
            let text = text.prefix { $0 != "#" && $0 != "<" }
            var words = text.split(separator: " ", maxSplits: 1)
            while let prefix = words.first,
                ["lock", "rep", "repz", "repnz", "cs", "data16", "bnd", "notrack"].contains(prefix)
            {
                words = words.count > 1 ? words[1].split(separator: " ", maxSplits: 1) : []
            }
            guard let mnemonic = words.first else { return }
            let operands = words.count > 1 ? Self.operands(of: words[1]) : []
            if !readControl(mnemonic, operands) && !readImplicit(mnemonic, operands)
                && !readPlain(mnemonic, operands)
            {
                return nil
            }
        }

        private static func operands(of text: Substring) -> [Substring] {
            var depth = 0
            return text.trimmingPrefix(while: \.isWhitespace).split { character in
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                return character == "," && depth == 0
            }.map { $0[...($0.lastIndex { !$0.isWhitespace } ?? $0.startIndex)] }
        }

        private mutating func read(_ operand: Substring?) {
            guard let operand, !operand.hasPrefix("$") else { return }
            if operand.hasPrefix("%"), !operand.contains("("), let register = Registers(named: operand.dropFirst()) {
                reads.bits |= register.bits
            } else {
                reads.bits |= Registers(addressing: operand).bits
            }
        }

        /// A place in memory is not followed; its address is read.
        private mutating func write(_ operand: Substring?) {
            guard let operand else { return }
            if operand.hasPrefix("%"), !operand.contains("("), let register = Registers(named: operand.dropFirst()) {
                writes.bits |= register.bits
            } else {
                reads.bits |= Registers(addressing: operand).bits
            }
        }

        private mutating func readControl(_ mnemonic: Substring, _ operands: [Substring]) -> Bool {
            switch mnemonic {
            case "jmp", "jmpq":
                continues = false
                guard let operand = operands.first else { return false }
                if operand.hasPrefix("*") {
                    read(operand.dropFirst())
                    isComputed = true
                } else {
                    target = UInt(operand.dropFirst(2), radix: 16)
                }
            case "ret", "retq":
                continues = false
                // What the caller wants back is in no register that the function has used.
                reads.bits = Self.named(["rax", "rsp"])
            case "ud2", "int3", "hlt":
                continues = false
            case "call", "callq":
                read(operands.first?.hasPrefix("*") == true ? operands.first?.dropFirst() : nil)
                reads.bits |= Self.named(["rdi", "rsp"])
                writes.bits =
                    Self.named(["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"]) | 0xFFFF << 48
            default:
                guard mnemonic.hasPrefix("j") else { return false }
                guard let operand = operands.first else { return false }
                target = UInt(operand.dropFirst(2), radix: 16)
            }
            return target != nil || !mnemonic.hasPrefix("j") || isComputed
        }

        private static func named(_ names: [String]) -> UInt64 {
            names.reduce(0) { $0 | (Registers(named: $1[...])?.bits ?? 0) }
        }

        /// Instructions with registers that their operands do not name.
        private mutating func readImplicit(_ mnemonic: Substring, _ operands: [Substring]) -> Bool {
            switch mnemonic {
            case "cltq", "cwtl": (reads.bits, writes.bits) = (Self.named(["rax"]), Self.named(["rax"]))
            case "cqto", "cltd": (reads.bits, writes.bits) = (Self.named(["rax"]), Self.named(["rdx"]))
            case "push", "pushq": read(operands.first)
            case "pop", "popq": write(operands.first)
            case "leave": (reads.bits, writes.bits) = (Self.named(["rbp"]), Self.named(["rsp", "rbp"]))
            case _ where mnemonic.hasPrefix("div") || mnemonic.hasPrefix("idiv"):
                guard mnemonic != "divss" && mnemonic != "divsd" && mnemonic != "divps" && mnemonic != "divpd"
                else {
                    return false
                }
                read(operands.first)
                reads.bits |= Self.named(["rax", "rdx"])
                writes.bits = Self.named(["rax", "rdx"])
            case "mul", "mulq", "mull", "imul", "imulq", "imull":
                guard operands.count == 1 else { return false }
                read(operands.first)
                reads.bits |= Self.named(["rax"])
                writes.bits = Self.named(["rax", "rdx"])
            case "stos", "movs": return false
            default: return false
            }
            return true
        }

        // The first letters of those that only write their destination, that read it as well, and that only read.
        private static let moves = [
            "mov", "lea", "set", "cvt", "popcnt", "lzcnt", "tzcnt", "pmovmskb", "pshufd", "pshuflw", "pshufhw",
            "sqrt", "pextr",
        ]
        private static let updates = [
            "add", "sub", "and", "or", "xor", "adc", "sbb", "imul", "shl", "shr", "sar", "rol", "ror", "inc", "dec",
            "neg",
            "not", "cmov", "mul", "div", "min", "max", "unpck", "punpck", "pand", "por", "pxor", "padd", "psub",
            "pmul", "psll",
            "psrl", "psra", "pcmp", "pack", "shuf", "pinsr", "cmp", "bsr", "bsf", "bts", "btr", "btc", "pavg",
            "pmin", "pmax", "bswap",
            "psad", "pmadd",
        ]
        private static let reading = ["ucomi", "comi", "test", "nop", "bt", "prefetch", "endbr"]

        private mutating func readPlain(_ mnemonic: Substring, _ operands: [Substring]) -> Bool {
            let has = { (prefixes: [String]) in prefixes.contains { mnemonic.hasPrefix($0) } }
            // Of integers; the others compare numbers or vectors, into their destination.
            let compares = ["cmp", "cmpb", "cmpw", "cmpl", "cmpq"].contains(mnemonic)
            let isTest = mnemonic == "bt" || mnemonic == "btq" || mnemonic == "btl"
            if compares || isTest
                || has(Self.reading) && !mnemonic.hasPrefix("bts") && !mnemonic.hasPrefix("btr")
                    && !mnemonic.hasPrefix("btc")
            {
                operands.forEach { read($0) }
            } else if mnemonic.hasPrefix("xchg") {
                operands.forEach {
                    read($0); write($0)
                }
            } else if has(Self.moves) || mnemonic.hasPrefix("imul") && operands.count == 3 {
                operands.dropLast().forEach { read($0) }
                write(operands.last)
            } else if has(Self.updates) {
                // What does not depend on what was there: all zeros or all ones.
                let clears =
                    operands.count == 2 && operands[0] == operands[1]
                    && ["xor", "sub", "pxor", "sbb", "pcmpeq", "psub"].contains { mnemonic.hasPrefix($0) }
                if !clears { operands.forEach { read($0) } }
                write(operands.last)
            } else {
                return false
            }
            return true
        }
    }
}
