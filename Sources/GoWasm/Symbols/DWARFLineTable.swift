public import WasmFrontend

/// The lines of a module that carries debugging information: the section `.debug_line` of DWARF, version 2 to 5, as
/// compilers other than Go's write it.
///
/// Addresses in it count from the start of the code section's contents ("DWARF for WebAssembly", section 4).
public struct DWARFLineTable: Sendable {
    private struct Row {
        var address: Int
        var file: Int
        var line: Int
        var endsSequence: Bool
    }
    /// By address.
    private var rows: [Row] = []
    private var files: [String] = []
    private let codeStart: Int

    /// Reads the table, without what is damaged of it; nil where the module has none.
    public init?(_ module: Module) {
        guard let section = module.customSections.first(where: { $0.name == ".debug_line" }),
            let code = module.sections.first(where: { $0.kind == "code" })
        else { return nil }
        codeStart = code.bytes.lowerBound
        func contents(_ name: String) -> [UInt8] {
            module.customSections.first { $0.name == name }.map { Array(module.bytes.buffer[$0.bytes]) } ?? []
        }
        let strings = (line: contents(".debug_line_str"), other: contents(".debug_str"))
        var reader = Reader(bytes: Array(module.bytes.buffer[section.bytes]))
        while let length = reader.number(4), length < 0xFFFF_FFF0, let unit = reader.part(Int(length)) {
            var unit = Unit(unit, strings: strings)
            unit.read()
            let first = files.count
            files += unit.files
            rows += unit.rows.map { row in
                Row(address: row.address, file: first + row.file, line: row.line, endsSequence: row.endsSequence)
            }
        }
        // The end of one sequence may be the start of the next.
        rows.sort { ($0.address, $0.endsSequence ? 0 : 1) < ($1.address, $1.endsSequence ? 0 : 1) }
    }

    /// The line that an instruction belongs to, by its offset in the module.
    public func line(at offset: Int) -> GoLineTable.Line? {
        let address = offset - codeStart
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, !rows[low - 1].endsSequence, rows[low - 1].line > 0, files.indices.contains(rows[low - 1].file)
        else { return nil }
        return GoLineTable.Line(file: files[rows[low - 1].file], number: rows[low - 1].line)
    }

    /// Reads bytes of the section; every step says nil where it ends.
    private struct Reader {
        var bytes: [UInt8]
        var place = 0

        mutating func number(_ size: Int) -> UInt64? {
            guard size <= 8, place + size <= bytes.count else { return nil }
            defer { place += size }
            return (0..<size).reduce(0) { $0 | UInt64(bytes[place + $1]) << (8 * UInt64($1)) }
        }

        mutating func part(_ size: Int) -> Reader? {
            guard size >= 0, place + size <= bytes.count else { return nil }
            defer { place += size }
            return Reader(bytes: Array(bytes[place..<place + size]))
        }

        /// A number in LEB128; what does not fit is cut off.
        mutating func leb(signed: Bool = false) -> Int? {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while place < bytes.count {
                let byte = bytes[place]
                place += 1
                if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
                shift += 7
                guard byte < 0x80 else { continue }
                if signed, byte & 0x40 != 0, shift < 64 { value |= ~0 << shift }
                return Int(truncatingIfNeeded: value)
            }
            return nil
        }

        mutating func string() -> String? {
            guard let end = bytes[min(place, bytes.count)...].firstIndex(of: 0) else { return nil }
            defer { place = end + 1 }
            return String(decoding: bytes[place..<end], as: UTF8.self)
        }
    }

    /// The line table of a compilation unit (DWARF 5, section 6.2).
    private struct Unit {
        private var reader: Reader
        private let strings: (line: [UInt8], other: [UInt8])
        private(set) var rows: [Row] = []
        private(set) var files: [String] = []
        private var folders: [String] = []
        private var version = 0

        init(_ reader: Reader, strings: (line: [UInt8], other: [UInt8])) {
            self.reader = reader
            self.strings = strings
        }

        mutating func read() {
            guard let version = reader.number(2), (2...5).contains(version) else { return }
            self.version = Int(version)
            if version == 5 { _ = reader.number(2) }
            guard let length = reader.number(4) else { return }
            let program = reader.place + Int(length)
            guard let unit = reader.number(1), version < 4 || reader.number(1) != nil, reader.number(1) != nil,
                let base = reader.number(1), let range = reader.number(1), range > 0, let first = reader.number(1),
                first > 0
            else { return }
            let lengths = (1..<Int(first)).map { _ in Int(reader.number(1) ?? 0) }
            if version == 5 { readTables() } else { readOldTables() }
            guard program <= reader.bytes.count else { return }
            reader.place = program
            run(
                unit: Int(unit), base: Int(Int8(truncatingIfNeeded: base)), range: Int(range), first: Int(first),
                lengths)
        }

        private mutating func readOldTables() {
            folders = [""]
            while let folder = reader.string(), !folder.isEmpty { folders.append(folder) }
            // Numbers of files begin with 1.
            files = [""]
            while let file = reader.string(), !file.isEmpty {
                let folder = reader.leb() ?? 0
                _ = (reader.leb(), reader.leb())
                files.append(path(folder, file))
            }
        }

        private func path(_ folder: Int, _ file: String) -> String {
            guard !file.hasPrefix("/"), folders.indices.contains(folder), !folders[folder].isEmpty else { return file }
            return folders[folder] + "/" + file
        }

        private mutating func readTables() {
            folders = readEntries().map(\.path)
            files = readEntries().map { path($0.folder, $0.path) }
        }

        private mutating func readEntries() -> [(path: String, folder: Int)] {
            let formats = (0..<(reader.number(1) ?? 0)).map { _ in (reader.leb() ?? 0, reader.leb() ?? 0) }
            var entries: [(path: String, folder: Int)] = []
            for _ in 0..<min(reader.leb() ?? 0, 100_000) {
                var entry = (path: "", folder: 0)
                for (content, form) in formats {
                    guard let value = value(form) else { return entries }
                    // DW_LNCT_path and DW_LNCT_directory_index.
                    if content == 1 { entry.path = value.text }
                    if content == 2 { entry.folder = value.number }
                }
                entries.append(entry)
            }
            return entries
        }

        /// A value of one of the forms that these tables have.
        private mutating func value(_ form: Int) -> (text: String, number: Int)? {
            func text(_ bytes: [UInt8], _ place: UInt64?) -> (String, Int)? {
                var reader = Reader(bytes: bytes, place: Int(place ?? 0))
                return reader.string().map { ($0, 0) }
            }
            switch form {
            case 0x08: return reader.string().map { ($0, 0) }  // DW_FORM_string
            case 0x1F: return text(strings.line, reader.number(4))  // DW_FORM_line_strp
            case 0x0E: return text(strings.other, reader.number(4))  // DW_FORM_strp
            case 0x0F: return reader.leb().map { ("", $0) }  // DW_FORM_udata
            case 0x0B: return reader.number(1).map { ("", Int($0)) }  // DW_FORM_data1
            case 0x05: return reader.number(2).map { ("", Int($0)) }  // DW_FORM_data2
            case 0x1E: return reader.part(16).map { _ in ("", 0) }  // DW_FORM_data16
            default: return nil
            }
        }

        /// Runs the line number program (section 6.2.5).
        private mutating func run(unit: Int, base: Int, range: Int, first: Int, _ lengths: [Int]) {
            let start = Row(address: 0, file: 1, line: 1, endsSequence: false)
            var row = start
            while let opcode = reader.number(1).map({ Int($0) }) {
                switch opcode {
                case first...:
                    row.address &+= (opcode - first) / range * unit
                    row.line &+= base + (opcode - first) % range
                    rows.append(row)
                case 0:
                    guard let length = reader.leb(), var part = reader.part(length), let kind = part.number(1) else {
                        return
                    }
                    if kind == 1 {
                        row.endsSequence = true
                        rows.append(row)
                        row = start
                    } else if kind == 2 {
                        row.address = Int(truncatingIfNeeded: part.number(length - 1) ?? 0)
                    }
                case 1: rows.append(row)
                case 2: row.address &+= (reader.leb() ?? 0) &* unit
                case 3: row.line &+= reader.leb(signed: true) ?? 0
                case 4: row.file = reader.leb() ?? 0
                case 8: row.address &+= (255 - first) / range * unit
                case 9: row.address &+= Int(reader.number(2) ?? 0)
                default: for _ in 0..<lengths[opcode - 1] { _ = reader.leb() }
                }
            }
        }
    }
}
