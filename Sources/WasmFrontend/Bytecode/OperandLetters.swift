internal import CSupport

/// What the operand letters of gw_opcodes.def say about an instruction's cells.
enum OperandLetters {
    /// Whether an operand has 16 bits; they come before the others, two to a cell.
    static func isHalf(_ letter: UInt8) -> Bool {
        switch letter {
        case UInt8(ascii: "r"), UInt8(ascii: "d"), UInt8(ascii: "h"), UInt8(ascii: "v"), UInt8(ascii: "w"): true
        default: false
        }
    }

    /// The cells of an instruction with these operands, the handler's included; without the jumps of a table.
    static func cells(_ letters: UnsafePointer<CChar>) -> Int {
        let letters = String(cString: letters).utf8
        if letters.elementsEqual("C".utf8) { return Int(GW_CALL_CELLS) }
        let halves = letters.lazy.filter(isHalf).count
        return letters.reduce(1 + (halves + 1) / 2 - halves) {
            $0 + ($1 == UInt8(ascii: "l") ? 2 : $1 == UInt8(ascii: "q") ? 4 : 1)
        }
    }
}
