internal import HostSystem
internal import WasmFrontend
internal import WasmRuntime

/// Writes the state of a program in the format that tools for WebAssembly read: a module whose memory, globals and data
/// are those of the program, and whose custom sections say what was being executed (tool-conventions, Coredump.md).
///
/// What the format has no place for, and `CoreDump` reads, is in one more custom section.
struct CoreDumpWriter {
    /// The names of the custom sections: those of the format, and the one of this library.
    enum SectionName {
        static let process = "core"
        static let modules = "coremodules"
        static let instances = "coreinstances"
        static let stack = "corestack"
        static let details = "gowasm-fast.core"
    }

    /// The numbers of sections (section 5.5.2).
    private enum SectionNumber {
        static let (memory, global, data): (UInt8, UInt8, UInt8) = (5, 6, 11)
    }

    /// What was being executed: where in a function of the module.
    struct Frame {
        var place: CallPlace
        /// The offset in the function's body.
        var offset: Int
    }

    /// What is in memory, without the program.
    struct Contents {
        var program: String
        var module: Module
        var reason: String
        /// What Go's `nanotime` returns.
        var now: Int64
        var frames: [Frame]
        var globals: [Value]
        var memory: GuestMemory
    }

    private let contents: Contents
    private let write: (UnsafeRawBufferPointer) throws -> Void

    init(_ contents: Contents, to write: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.contents = contents
        self.write = write
    }

    /// Memory is written in pieces of this many bytes, without those that are zero.
    private static let pieceSize = 65536
    /// The most bytes of data that a section has room for.
    private static let largestData = Int(UInt32.max) - (8 << 20)

    /// Writes all.
    func writeAll() throws {
        var head = LEBWriter()
        head.bytes = [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]
        head.custom(SectionName.process) { section in
            section.unsigned(0)
            section.name(contents.program)
        }
        head.custom(SectionName.modules) { section in
            section.unsigned(1)
            section.unsigned(0)
            section.name(contents.program)
        }
        head.custom(SectionName.instances) { section in
            // One instance, of the module 0, with the memory 0 and all globals.
            for number in [1, 0, 0, 1, 0, contents.globals.count] { section.unsigned(UInt64(number)) }
            for number in contents.globals.indices { section.unsigned(UInt64(number)) }
        }
        head.custom(SectionName.stack) { section in
            section.unsigned(0)
            section.name("main")
            section.unsigned(UInt64(contents.frames.count))
            for frame in contents.frames {
                // No locals and no operands: what they are is in the engine's own form.
                for number in [0, 0, frame.place.function, frame.offset, 0, 0] { section.unsigned(UInt64(number)) }
            }
        }
        head.custom(SectionName.details, details)
        let pages = contents.memory.count / 65536
        head.section(SectionNumber.memory) { section in
            for number in [1, 0, pages] { section.unsigned(number) }
        }
        head.section(SectionNumber.global) { section in
            section.unsigned(UInt64(contents.globals.count))
            for value in contents.globals { section.global(value) }
        }
        try head.bytes.withUnsafeBytes(write)
        try writeData()
    }

    private func details(_ section: inout LEBWriter) {
        section.unsigned(CoreDump.version)
        section.name(contents.reason)
        section.unsigned(UInt64(contents.module.bytes.buffer.count))
        section.unsigned(contents.module.bytes.checksum)
        section.unsigned(UInt64(bitPattern: contents.now))
        section.unsigned(UInt64(contents.frames.count))
        for frame in contents.frames {
            section.unsigned(UInt64(frame.place.function))
            for word in [frame.place.returnAddress, frame.place.previous, frame.place.next] {
                section.unsigned(word.map { UInt64(bitPattern: Int64($0)) &+ 1 } ?? 0)
            }
        }
    }

    /// The ranges of memory that are not zero.
    private func ranges() -> [Range<Int>] {
        let bytes = contents.memory.bytes
        var found: [Range<Int>] = []
        var sum = 0
        for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Self.pieceSize])
            guard piece.bindMemory(to: UInt64.self).contains(where: { $0 != 0 }) else { continue }
            guard sum <= Self.largestData - Self.pieceSize else { break }
            sum += Self.pieceSize
            if let last = found.last, last.upperBound == start {
                found[found.count - 1] = last.lowerBound..<start + Self.pieceSize
            } else {
                found.append(start..<start + Self.pieceSize)
            }
        }
        return found
    }

    private func writeData() throws {
        let ranges = ranges()
        var headers: [[UInt8]] = []
        for range in ranges {
            var header = LEBWriter()
            // An active segment: i32.const START, end.
            header.unsigned(0)
            header.bytes.append(0x41)
            header.signed(Int64(Int32(truncatingIfNeeded: range.lowerBound)))
            header.bytes.append(0x0B)
            header.unsigned(UInt64(range.count))
            headers.append(header.bytes)
        }
        var count = LEBWriter()
        count.unsigned(UInt64(ranges.count))
        let size = count.bytes.count + zip(ranges, headers).reduce(0) { $0 + $1.0.count + $1.1.count }
        var head = LEBWriter()
        head.bytes = [SectionNumber.data]
        head.unsigned(UInt64(size))
        try (head.bytes + count.bytes).withUnsafeBytes(write)
        for (range, header) in zip(ranges, headers) {
            try header.withUnsafeBytes(write)
            try write(UnsafeRawBufferPointer(rebasing: contents.memory.bytes[range]))
        }
    }
}

/// Writes numbers, names and sections in the binary format of WebAssembly (section 5).
struct LEBWriter {
    var bytes: [UInt8] = []

    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func signed(_ value: Int64) {
        var rest = value
        while !(-64..<64).contains(rest) {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest) & 0x7F)
    }

    mutating func name(_ text: String) {
        unsigned(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    /// A section of a number.
    mutating func section(_ number: UInt8, _ contents: (inout LEBWriter) -> Void) {
        var inner = LEBWriter()
        contents(&inner)
        bytes.append(number)
        unsigned(UInt64(inner.bytes.count))
        bytes += inner.bytes
    }

    mutating func custom(_ name: String, _ contents: (inout LEBWriter) -> Void) {
        section(0) { section in
            section.name(name)
            contents(&section)
        }
    }

    /// A mutable global with its value (sections 5.3.10 and 5.4.9).
    mutating func global(_ value: Value) {
        func fixed<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        switch value {
        case .i32(let number):
            bytes += [0x7F, 1, 0x41]
            signed(Int64(Int32(bitPattern: number)))
        case .i64(let number):
            bytes += [0x7E, 1, 0x42]
            signed(Int64(bitPattern: number))
        case .f32(let number): bytes += [0x7D, 1, 0x43] + fixed(number)
        case .f64(let number): bytes += [0x7C, 1, 0x44] + fixed(number)
        // What references lead to is not in the dump; vectors Go's globals have none of.
        default: bytes += [0x70, 1, 0xD0, 0x70]
        }
        bytes.append(0x0B)
    }
}
