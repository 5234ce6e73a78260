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
    /// A text by the place where it begins: copies of a long one for each file would be many times what the module has.
    private struct Text {
        /// The number of the section: `.debug_line`, `.debug_line_str` or `.debug_str`.
        var section: Int
        var place: Int
    }
    private struct File {
        var name: Text
        /// The index of its folder.
        var folder: Int
    }

    private let sections: [[UInt8]]
    /// By address.
    private var rows: [Row] = []
    private var files: [File] = []
    private var folders: [Text] = []
    private let codeStart: Int

    /// Reads the table, without what is damaged of it; nil where the module has none.
    public init?(_ module: Module) {
        guard module.customSections.contains(where: { $0.name == ".debug_line" }),
            let code = module.sections.first(where: { $0.kind == "code" })
        else { return nil }
        codeStart = code.bytes.lowerBound
        sections = [".debug_line", ".debug_line_str", ".debug_str"].map { name in
            module.customSections.first { $0.name == name }.map { Array(module.bytes.buffer[$0.bytes]) } ?? []
        }
        var reader = Reader(sections[0])
        while let length = reader.number(4), length < 0xFFFF_FFF0, let part = reader.part(Int(length)) {
            var unit = Unit(part)
            unit.read()
            let (firstFile, firstFolder) = (files.count, folders.count)
            folders += unit.folders
            for file in unit.files {
                // A number that is too large for its unit shall not be one of the next.
                let folder = unit.folders.indices.contains(file.folder) ? firstFolder + file.folder : -1
                files.append(File(name: file.name, folder: folder))
            }
            rows += unit.rows.map { row in
                let file = unit.files.indices.contains(row.file) ? firstFile + row.file : -1
                return Row(address: row.address, file: file, line: row.line, endsSequence: row.endsSequence)
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
        return path(files[rows[low - 1].file]).map { GoLineTable.Line(file: $0, number: rows[low - 1].line) }
    }

    private func path(_ file: File) -> String? {
        guard let name = string(file.name), !name.isEmpty else { return nil }
        guard !name.hasPrefix("/"), folders.indices.contains(file.folder), let folder = string(folders[file.folder]),
            !folder.isEmpty
        else { return name }
        return folder + "/" + name
    }

    /// The text up to the next zero, of at most 4096 bytes.
    private func string(_ text: Text) -> String? {
        let rest = sections[text.section].dropFirst(text.place).prefix(4096)
        return rest.firstIndex(of: 0).map { String(decoding: rest[..<$0], as: UTF8.self) }
    }

    /// Reads bytes of the section; every step says nil where it ends.
    private struct Reader {
        private let bytes: [UInt8]
        /// The place in the section.
        private(set) var place: Int
        let end: Int

        init(_ bytes: [UInt8]) { self.init(bytes, 0, bytes.count) }

        private init(_ bytes: [UInt8], _ place: Int, _ end: Int) {
            (self.bytes, self.place, self.end) = (bytes, place, end)
        }

        mutating func number(_ size: Int) -> UInt64? {
            guard size <= 8, let start = skip(size) else { return nil }
            return (0..<size).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
        }

        mutating func part(_ size: Int) -> Reader? {
            guard let start = skip(size) else { return nil }
            return Reader(bytes, start, start + size)
        }

        /// Passes so many bytes; returns where they begin.
        mutating func skip(_ size: Int) -> Int? {
            guard size >= 0, size <= end - place else { return nil }
            defer { place += size }
            return place
        }

        /// A number in LEB128; what does not fit is cut off.
        mutating func leb(signed: Bool = false) -> Int? {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while place < end {
                let byte = bytes[place]
                place += 1
                if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
                // Behind bit 63 there may be any number of bytes.
                shift = min(shift + 7, 64)
                guard byte < 0x80 else { continue }
                if signed, byte & 0x40 != 0, shift < 64 { value |= ~0 << shift }
                return Int(truncatingIfNeeded: value)
            }
            return nil
        }

        /// Passes a text that a zero ends.
        mutating func text() -> (Text, isEmpty: Bool)? {
            guard let zero = bytes[place..<end].firstIndex(of: 0) else { return nil }
            defer { place = zero + 1 }
            return (Text(section: 0, place: place), zero == place)
        }
    }

    /// The line table of a compilation unit (DWARF 5, section 6.2).
    private struct Unit {
        private var reader: Reader
        private(set) var rows: [Row] = []
        private(set) var files: [File] = []
        private(set) var folders: [Text] = []

        /// What has no name, as its place says.
        private static let none = Text(section: 0, place: .max)

        init(_ reader: Reader) { self.reader = reader }

        mutating func read() {
            guard let version = reader.number(2), (2...5).contains(version) else { return }
            if version == 5 { _ = reader.number(2) }
            guard let length = reader.number(4) else { return }
            var header = reader
            guard reader.skip(Int(length)) != nil,
                let unit = header.number(1), version < 4 || header.number(1) != nil, header.number(1) != nil,
                let base = header.number(1), let range = header.number(1), range > 0, let first = header.number(1),
                first > 0
            else { return }
            let lengths = (1..<Int(first)).map { _ in Int(header.number(1) ?? 0) }
            if version == 5 { readTables(&header) } else { readOldTables(&header) }
            run(
                unit: Int(unit), base: Int(Int8(truncatingIfNeeded: base)), range: Int(range), first: Int(first),
                lengths)
        }

        private mutating func readOldTables(_ header: inout Reader) {
            // Number 0 is the folder of the compilation, which is not named here; numbers of files begin with 1.
            folders = [Self.none]
            while let (folder, isEmpty) = header.text(), !isEmpty { folders.append(folder) }
            files = [File(name: Self.none, folder: 0)]
            while let (name, isEmpty) = header.text(), !isEmpty {
                let folder = header.leb() ?? 0
                _ = (header.leb(), header.leb())
                files.append(File(name: name, folder: folder))
            }
        }

        private mutating func readTables(_ header: inout Reader) {
            folders = readEntries(&header).map(\.name)
            files = readEntries(&header)
        }

        private func readEntries(_ header: inout Reader) -> [File] {
            let formats = (0..<(header.number(1) ?? 0)).map { _ in (header.leb() ?? 0, header.leb() ?? 0) }
            var entries: [File] = []
            // Entries of no fields would take nothing of the section: any number of them could be claimed.
            guard !formats.isEmpty else { return entries }
            for _ in 0..<max(0, min(header.leb() ?? 0, 100_000)) {
                var entry = File(name: Self.none, folder: 0)
                for (content, form) in formats {
                    guard let value = value(form, &header) else { return entries }
                    // DW_LNCT_path and DW_LNCT_directory_index.
                    if content == 1 { entry.name = value.text }
                    if content == 2 { entry.folder = value.number }
                }
                entries.append(entry)
            }
            return entries
        }

        /// A value of one of the forms that these tables have.
        private func value(_ form: Int, _ header: inout Reader) -> (text: Text, number: Int)? {
            func text(_ section: Int, _ place: UInt64?) -> (Text, Int)? {
                place.map { (Text(section: section, place: Int($0)), 0) }
            }
            switch form {
            case 0x08: return header.text().map { ($0.0, 0) }  // DW_FORM_string
            case 0x1F: return text(1, header.number(4))  // DW_FORM_line_strp
            case 0x0E: return text(2, header.number(4))  // DW_FORM_strp
            case 0x0F: return header.leb().map { (Self.none, $0) }  // DW_FORM_udata
            case 0x0B: return header.number(1).map { (Self.none, Int($0)) }  // DW_FORM_data1
            case 0x05: return header.number(2).map { (Self.none, Int($0)) }  // DW_FORM_data2
            case 0x1E: return header.skip(16).map { _ in (Self.none, 0) }  // DW_FORM_data16
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
