import HostSystem
import LibC
import WasmFrontend

/// Turns machine code into lines: its bytes, and names of instructions where a disassembler is installed.
final class MachineCodeReader {
    /// The programs that are looked for in PATH, in this order; both read ELF files and take the same options.
    static let programs = ["llvm-objdump", "objdump"]
    private static let options = ["-d", "--no-show-raw-insn"]
    /// The width of the column of bytes: most instructions are shorter than this many.
    private static let shownBytes = 10

    /// The program that has been found to work; nil where none does.
    private var program: String?
    private var isTried = false
    private let candidates: [String]

    /// Makes a reader.
    ///
    /// - Parameter programs: Names of disassemblers, the best first.
    init(programs: [String] = MachineCodeReader.programs) { candidates = programs }

    /// The lines of each piece of a function's machine code.
    func lines(_ code: MachineCode) -> [[String]] {
        let names = names(code)
        return code.pieces.map { piece in
            guard let names else { return Self.plainLines(code.bytes[piece.bytes]) }
            // An instruction ends where the next one begins.
            let starts = piece.bytes.filter { $0 == piece.bytes.lowerBound || names[$0] != nil }
            return zip(starts, starts.dropFirst() + [piece.bytes.upperBound]).map { start, end in
                let bytes = Self.text(code.bytes[start..<end])
                return names[start].map { bytes.padded(to: Self.shownBytes * 3) + $0 } ?? bytes
            }
        }
    }

    private static func plainLines(_ bytes: ArraySlice<UInt8>) -> [String] {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: shownBytes).map {
            text(bytes[$0..<min($0 + shownBytes, bytes.endIndex)])
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }

    /// The instructions by their offsets; nil where no disassembler says them.
    private func names(_ code: MachineCode) -> [Int: String]? {
        guard let file = ELFFile(code) else { return nil }
        if !isTried {
            isTried = true
            program = candidates.first { output(of: $0, file) != nil }
        }
        guard let program, let text = output(of: program, file) else { return nil }
        let names = Self.instructions(text)
        return names.isEmpty ? nil : names
    }

    /// What a disassembler has printed: lines of an address, a colon, and the instruction.
    static func instructions(_ text: String) -> [Int: String] {
        var result: [Int: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let offset = Int(parts[0].drop { $0 == " " }, radix: 16) else { continue }
            // Behind a target is the symbol that it lies in, and there are none but the section.
            let words = parts[1].split { $0 == " " || $0 == "\t" }.filter { !$0.hasPrefix("<") }
            if !words.isEmpty { result[offset] = words.joined(separator: " ") }
        }
        return result
    }

    /// What a program prints of a file; nil where it cannot be run, or fails.
    private func output(of program: String, _ file: ELFFile) -> String? {
        var path = Array("/tmp/gowasm-fast-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { return nil }
        defer {
            close(descriptor)
            unlink(path)
        }
        let isWritten = file.bytes.withUnsafeBytes { bytes in
            (try? Descriptors.writeAll(descriptor, bytes)) != nil
        }
        guard isWritten else { return nil }
        let name = path.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        guard case .output(let text) = HelperProgram.run([program] + Self.options + [name]) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A file that disassemblers read: a section for each piece of a function's machine code, at its offset, so that
/// nothing is read across their borders (tables of jumps lie between instructions).
struct ELFFile {
    let bytes: [UInt8]

    private static let headerSize = 64
    /// The numbers from here on mean something else.
    private static let mostSections = 0xFF00

    /// Nil where there are more pieces than a plain file has sections.
    init?(_ code: MachineCode) {
        let names = Array("\0.text\0.names\0".utf8)
        let sections = code.pieces.count + 2
        guard sections < Self.mostSections else { return nil }
        let codeStart = Self.headerSize
        let namesStart = codeStart + code.bytes.count
        let table = (namesStart + names.count + 7) / 8 * 8
        var bytes: [UInt8] = []
        func number<Number: FixedWidthInteger>(_ value: Number) {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
        // The header: 64 bits, little-endian, a relocatable file for x86-64.
        bytes += [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        number(UInt16(1))
        number(UInt16(62))
        number(UInt32(1))
        number(UInt64(0))
        number(UInt64(0))
        number(UInt64(table))
        number(UInt32(0))
        for field in [Self.headerSize, 0, 0, 64, sections, sections - 1] { number(UInt16(field)) }
        bytes += code.bytes
        bytes += names
        bytes += [UInt8](repeating: 0, count: table - bytes.count)
        func section(name: Int, type: UInt32, flags: UInt64, address: Int, range: Range<Int>) {
            number(UInt32(name))
            number(type)
            number(flags)
            for field in [address, range.lowerBound, range.count] { number(UInt64(field)) }
            number(UInt64(0))
            number(UInt64(1))
            number(UInt64(0))
        }
        section(name: 0, type: 0, flags: 0, address: 0, range: 0..<0)
        for piece in code.pieces {
            let range = codeStart + piece.bytes.lowerBound..<codeStart + piece.bytes.upperBound
            // What a program has, loaded and executable.
            section(name: 1, type: 1, flags: 6, address: piece.bytes.lowerBound, range: range)
        }
        section(name: 7, type: 3, flags: 0, address: 0, range: namesStart..<namesStart + names.count)
        self.bytes = bytes
    }
}
