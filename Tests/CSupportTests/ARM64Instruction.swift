/// An instruction of arm64 as llvm-objdump writes it: the destination first.
///
/// Each register counts as one: writing a part of it clears the rest, where the instruction does not say that it keeps
/// it. The flags are left out, as they are on x86-64.
struct ARM64Instruction: MachineInstruction {
    private(set) var readBits: UInt64 = 0
    private(set) var writtenBits: UInt64 = 0
    private(set) var target: UInt?
    private(set) var continues = true
    private(set) var isComputed = false
    /// Whether it calls a function.
    private(set) var isCall = false

    let mnemonic: Substring
    let operands: [Substring]

    init?(_ text: Substring) {
        let text = text.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0].prefix { $0 != "<" }
        let words = text.split(maxSplits: 1, omittingEmptySubsequences: true, whereSeparator: \.isWhitespace)
        guard let mnemonic = words.first else { return nil }
        self.mnemonic = mnemonic
        operands = words.count > 1 ? Self.operands(of: words[1]) : []
        guard readControl() || readMemory() || readPlain() else { return nil }
    }

    // MARK: - Registers

    private static let stackPointer: UInt64 = 1 << 31

    /// The bit of a register by any of its names, or of a vector's element; 0 for the zero register and for what is none.
    static func bit(_ name: Substring) -> UInt64 {
        if name == "sp" || name == "wsp" { return stackPointer }
        // An element's name goes on behind a dot.
        let plain = name.prefix { $0 != "." }
        guard let kind = plain.first, "xwvqdshb".contains(kind), let number = UInt64(plain.dropFirst()), number < 32
        else { return 0 }
        return kind == "x" || kind == "w" ? (number < 31 ? 1 << number : 0) : 1 << (32 + number)
    }

    static func names(of bits: UInt64) -> Set<String> {
        Set(
            (0..<64 as Range<UInt64>).filter { bits >> $0 & 1 != 0 }.map {
                $0 == 31 ? "sp" : $0 < 31 ? "x\($0)" : "v\($0 - 32)"
            })
    }

    /// The bits of all registers that an operand names: of an address, of a list, or one.
    private static func bits(_ operand: Substring) -> UInt64 {
        operand.split { " ,[]{}!".contains($0) }.reduce(0) { $0 | bit($1) } | bit(operand)
    }

    /// Splits at the commas outside of brackets.
    private static func operands(of text: Substring) -> [Substring] {
        var depth = 0
        return text.split { character in
            if "[{".contains(character) { depth += 1 }
            if "]}".contains(character) { depth -= 1 }
            return character == "," && depth == 0
        }.map { part in
            let rest = part.drop(while: \.isWhitespace)
            return rest[..<(rest.lastIndex { !$0.isWhitespace }.map { rest.index(after: $0) } ?? rest.endIndex)]
        }.filter { !$0.isEmpty }
    }

    private mutating func read(_ operands: some Sequence<Substring>) {
        for operand in operands { readBits |= Self.bits(operand) }
    }

    // MARK: - Kinds

    private mutating func readControl() -> Bool {
        switch mnemonic {
        case "b":
            continues = false
            return jump(to: operands.first)
        case "cbz", "cbnz", "tbz", "tbnz":
            read(operands.dropLast())
            return jump(to: operands.last)
        case "br":
            read(operands)
            (continues, isComputed) = (false, true)
        case "ret":
            // What the caller wants back has been read from the stack.
            readBits = Self.bit("x0") | Self.bit("x30") | Self.stackPointer
            continues = false
        case "bl", "blr":
            read(operands)
            readBits |= Self.bit("x0") | Self.stackPointer
            // x0 to x18, lr, and the vectors of which not even a half is kept.
            writtenBits = 0x4007_FFFF | 0xFFFF_00FF << 32
            isCall = true
        case "brk", "udf": continues = false
        case "nop", "bti": break
        default:
            guard mnemonic.hasPrefix("b."), Self.conditions.contains(mnemonic.dropFirst(2)) else { return false }
            return jump(to: operands.first)
        }
        return true
    }

    private static let conditions: Set<Substring> = [
        "eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le",
    ]

    private mutating func jump(to operand: Substring?) -> Bool {
        guard let operand, operand.hasPrefix("0x") else { return false }
        target = UInt(operand.dropFirst(2), radix: 16)
        return target != nil
    }

    private static let stores: Set<Substring> = ["str", "strb", "strh", "stur", "sturb", "sturh", "stp", "st1"]
    private static let loads: Set<Substring> = [
        "ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "ldrsw", "ldur", "ldurb", "ldurh", "ldursw", "ldp", "ld1", "ld1r",
        "ld2",
    ]

    /// A place in memory is not followed; its address is read, and with `!`, or with something behind the address, changed.
    private mutating func readMemory() -> Bool {
        let isLoad = Self.loads.contains(mnemonic)
        guard isLoad || Self.stores.contains(mnemonic) else { return false }
        guard let place = operands.firstIndex(where: { $0.hasPrefix("[") }) else { return false }
        let values = operands[..<place]
        read(operands[place...])
        if isLoad {
            for value in values {
                writtenBits |= Self.bits(value)
                // One element of a register.
                if value.hasSuffix("]") { readBits |= Self.bits(value) }
            }
        } else {
            read(values)
        }
        if operands[place].hasSuffix("!") || place + 1 < operands.count {
            writtenBits |= Self.bits(operands[place].prefix { $0 != "," })
        }
        return true
    }

    private static func words(_ text: String) -> Set<Substring> { Set(text.split(whereSeparator: \.isWhitespace)) }
    private static let comparisons = words("cmp cmn tst ccmp ccmn fcmp fccmp")
    /// They overwrite their first operand with what follows from the others.
    private static let results = words(
        """
        add sub adds subs and ands orr eor bic orn mvn neg mul mneg madd msub smull umull smaddl umaddl smulh umulh sdiv
        udiv lsl lsr asr ror ubfx sbfx ubfiz sbfiz sxtb sxth sxtw uxtb uxth extr rbit rev clz csel csinc csinv csneg cset
        csetm cinc cneg mov movz movn adr adrp umov smov
        fmov fadd fsub fmul fnmul fdiv fabs fneg fsqrt fcsel fcvt fcvtl fcvtl2 fcvtn fcvtzs fcvtzu scvtf ucvtf fcmeq fcmge
        fcmgt fcmle fcmlt frintm frintn frintp frintz
        abs addp addv cmeq cmge cmgt cmhi cmhs cmle cmlt cnt dup ext movi mvni saddl saddl2 saddlp sqadd sqsub sqxtn sqxtun
        sshl sshll sshll2 sshr shl smax smaxv smin sminv smull2 uaddl uaddl2 uaddlp uaddlv umax umaxv umin uminv umull2
        uqadd uqsub uqxtn urhadd ushl ushll ushll2 ushr uzp1 uzp2 xtn zip1 zip2 tbl sqrdmulh
        """)
    /// They keep a part of it, or compute with it.
    private static let updates = words(
        "movk bfi bfxil bsl bit bif mla mls smlal smlal2 umlal umlal2 fmla fmls sqxtn2 sqxtun2 uqxtn2 xtn2 fcvtn2")

    private mutating func readPlain() -> Bool {
        if Self.comparisons.contains(mnemonic) {
            read(operands)
            return true
        }
        let isUpdate = Self.updates.contains(mnemonic)
        guard isUpdate || Self.results.contains(mnemonic), let destination = operands.first else { return false }
        read(operands.dropFirst())
        writtenBits = Self.bits(destination)
        // One element of a vector, or bits of it by a constant (`bic v0.4s, #1`).
        let isPart = destination.hasSuffix("]")
        let isByConstant =
            (mnemonic == "bic" || mnemonic == "orr") && destination.hasPrefix("v") && operands[1].hasPrefix("#")
        if isUpdate || isPart || isByConstant { readBits |= Self.bits(destination) }
        return true
    }
}
