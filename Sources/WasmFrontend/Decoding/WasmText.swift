internal import CSupport

/// Prints the instructions of functions that have been validated, in the words of the text format.
struct WasmText {
    private let bytes: ModuleBytes
    private let name: (Int) -> String?

    init(_ bytes: ModuleBytes, name: @escaping (Int) -> String?) {
        self.bytes = bytes
        self.name = name
    }

    /// The instructions of a function's body, one a line, with their offsets in the module, indented by their nesting.
    func instructions(_ body: Range<Int>) -> [String] {
        read(body).map { "\(Self.hexadecimal($0.offset)) \($0.text)" }
    }

    /// The offsets of the instructions in the module.
    func offsets(_ body: Range<Int>) -> [Int] { read(body).map(\.offset) }

    private func read(_ body: Range<Int>) -> [(offset: Int, text: String)] {
        var reader = ByteReader(bytes.buffer, body)
        var lines: [(offset: Int, text: String)] = []
        // The validator has been here before: nothing is malformed.
        try? read(&reader, into: &lines)
        return lines
    }

    private func read(_ reader: inout ByteReader, into lines: inout [(offset: Int, text: String)]) throws(LoadFailure) {
        // The locals: how many of which type.
        for _ in 0..<(try reader.count(minimumSize: 2)) {
            try reader.skipU32()
            try reader.skip(1)
        }
        var depth = 0
        while !reader.isAtEnd {
            let offset = reader.offset
            let op = try reader.opcode()
            if op == .end || op == .else { depth = max(0, depth - 1) }
            let row = op.row
            let immediates = try text(row.immediate, &reader)
            let indentation = String(repeating: " ", count: min(depth, 8))
            let text = String(cString: row.text) + (immediates.isEmpty ? "" : " " + immediates)
            lines.append((offset, indentation + text))
            if op == .block || op == .loop || op == .if || op == .else { depth += 1 }
        }
    }

    private static func hexadecimal(_ offset: Int) -> String {
        let digits = String(offset, radix: 16)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// The immediates of an instruction, as the text format writes them.
    private func text(_ kind: GWWasmImmediate, _ reader: inout ByteReader) throws(LoadFailure) -> String {
        let immediates = try reader.immediates(kind)
        let (index, bits) = (immediates.index, immediates.bits)
        switch kind {
        case .none, .memory, .memories2: return ""
        case .block:
            let type = Int64(bitPattern: bits)
            return type == -64 ? "" : type >= 0 ? "(type \(type))" : Self.type(UInt8(truncatingIfNeeded: type & 0x7F))
        case .func: return "\(index)" + (name(Int(index)).map { " ;\($0)" } ?? "")
        case .label, .local, .global, .table, .elem, .data, .dataMemory: return "\(index)"
        case .labels:
            var targets: [String] = []
            for _ in 0...index { targets.append("\(try reader.u32())") }
            return targets.joined(separator: " ")
        case .typeTable, .elemTable, .tables2: return "\(index) \(bits)"
        case .mem8, .mem16, .mem32, .mem64, .mem128: return index == 0 ? "" : "offset=\(index)"
        case .mem8Lane, .mem16Lane, .mem32Lane, .mem64Lane: return "offset=\(index) \(bits)"
        case .lane2, .lane4, .lane8, .lane16: return "\(bits)"
        case .v128:
            let halves = UnsafeRawPointer(immediates.bytes!)
            let half = { UInt64(littleEndian: halves.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
            return "i64x2 \(half(0)) \(half(1))"
        case .lanes: return (0..<16).map { "\(immediates.bytes![$0])" }.joined(separator: " ")
        case .i32: return "\(Int32(truncatingIfNeeded: bits))"
        case .i64: return "\(Int64(bitPattern: bits))"
        case .f32: return "\(Float(bitPattern: UInt32(bits)))"
        case .f64: return "\(Double(bitPattern: bits))"
        // There is exactly one.
        case .types, .refType: return Self.type(UInt8(bits))
        }
    }

    private static func type(_ byte: UInt8) -> String { ValueType(rawValue: byte).map { "\($0)" } ?? "?" }
}
