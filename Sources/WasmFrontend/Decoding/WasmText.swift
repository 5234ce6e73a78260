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
        let base = bytes.buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let end = base + body.upperBound
        var reader = CodeReader(base + body.lowerBound)
        // The locals: how many of which type.
        for _ in 0..<reader.u32() {
            _ = reader.u32()
            _ = reader.byte()
        }
        var lines: [(offset: Int, text: String)] = []
        var depth = 0
        while reader.position < end {
            let offset = reader.position - base
            let op = reader.opcode()
            if op == .end || op == .else { depth = max(0, depth - 1) }
            let row = Self.row(op)
            let immediates = immediates(row.immediate, &reader)
            let indentation = String(repeating: " ", count: min(depth, 8))
            let text = String(cString: row.text) + (immediates.isEmpty ? "" : " " + immediates)
            lines.append((offset, indentation + text))
            if op == .block || op == .loop || op == .if || op == .else { depth += 1 }
        }
        return lines
    }

    private static func row(_ op: GWWasmOpcode) -> GWWasmOpcodeInfo {
        let raw = Int(op.rawValue)
        return raw < 0x100
            ? gw_wasm_opcodes()![raw]
            : (raw < 0xFD00 ? gw_wasm_opcodes_fc()! : gw_wasm_opcodes_fd()!)[raw & 0xFF]
    }

    private static func hexadecimal(_ offset: Int) -> String {
        let digits = String(offset, radix: 16)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// The immediates of an instruction, as the text format writes them.
    private func immediates(_ kind: GWWasmImmediate, _ reader: inout CodeReader) -> String {
        switch kind {
        case .none: return ""
        case .block:
            let type = reader.signed()
            return type == -64 ? "" : type >= 0 ? "(type \(type))" : Self.type(UInt8(truncatingIfNeeded: type & 0x7F))
        case .func:
            let index = Int(reader.u32())
            return "\(index)" + (name(index).map { " ;\($0)" } ?? "")
        case .label, .local, .global, .table, .elem, .data: return "\(reader.u32())"
        case .labels: return (0...reader.u32()).map { _ in "\(reader.u32())" }.joined(separator: " ")
        case .typeTable, .elemTable, .tables2: return "\(reader.u32()) \(reader.u32())"
        case .mem8, .mem16, .mem32, .mem64, .mem128:
            _ = reader.u32()
            let offset = reader.u32()
            return offset == 0 ? "" : "offset=\(offset)"
        case .mem8Lane, .mem16Lane, .mem32Lane, .mem64Lane:
            _ = reader.u32()
            return "offset=\(reader.u32()) \(reader.byte())"
        case .lane2, .lane4, .lane8, .lane16: return "\(reader.byte())"
        case .v128: return "i64x2 \(reader.fixed64()) \(reader.fixed64())"
        case .lanes: return (0..<16).map { _ in "\(reader.byte())" }.joined(separator: " ")
        case .memory:
            _ = reader.byte()
            return ""
        case .memories2:
            _ = (reader.byte(), reader.byte())
            return ""
        case .dataMemory:
            let segment = reader.u32()
            _ = reader.byte()
            return "\(segment)"
        case .i32, .i64: return "\(reader.signed())"
        case .f32: return "\(Float(bitPattern: reader.fixed32()))"
        case .f64: return "\(Double(bitPattern: reader.fixed64()))"
        case .types: return (0..<reader.u32()).map { _ in Self.type(reader.byte()) }.joined(separator: " ")
        case .refType: return Self.type(reader.byte())
        }
    }

    private static func type(_ byte: UInt8) -> String { ValueType(rawValue: byte).map { "\($0)" } ?? "?" }
}
