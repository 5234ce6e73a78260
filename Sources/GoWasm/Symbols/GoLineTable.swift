public import WasmFrontend

/// The functions and lines of a Go program, from the table that Go's linker writes for stack traces.
///
/// The table ("pclntab", runtime/symtab.go and debug/gosym in Go's sources) lies in the module's data, and is there
/// even where the program was linked without names. It is read by offset from the module's bytes, never from the
/// guest's memory.
public struct GoLineTable: Sendable {
    /// A line of a source file.
    public struct Line: Sendable, Hashable {
        /// The path of the file as it was given to the compiler, or below the module's or GOROOT's path with -trimpath.
        public var file: String
        /// The number of the line, from 1.
        public var number: Int
    }

    let image: DataImage
    let importedFunctionCount: Int
    let layout: Layout
    /// Where the descriptions of functions are, by wasm function without the imports; 0 for none.
    let descriptions: [Int]
    /// The place in the image of the runtime's description of the module (`runtime.firstmoduledata`); nil where there is
    /// none that is known, up to Go 1.17.
    private(set) var moduleData: Int?
    /// Where inlined functions are described; nil where that is not known.
    private(set) var inlining: Inlining?

    /// Finds the table; nil where the module has none that is known, which are those of Go 1.11 to 1.27.
    public init?(_ module: Module) {
        guard let image = DataImage(module), let layout = Layout.find(in: image) else { return nil }
        self.image = image
        self.layout = layout
        importedFunctionCount = module.importedFunctionCount
        descriptions = layout.descriptions(in: image, functionCount: module.bodies.count)
        moduleData = layout.moduleData(in: image)
        inlining = Inlining(self)
    }

    func description(_ function: Int) -> Int? {
        let index = function - importedFunctionCount
        return descriptions.indices.contains(index) && descriptions[index] != 0 ? descriptions[index] : nil
    }

    /// The name of a function of the module, as Go writes it: `text/tabwriter.(*Writer).Write`.
    public func name(ofFunction function: Int) -> String? {
        guard let description = description(function) else { return nil }
        let offset = layout.entrySize
        return image.word(description + offset).flatMap { image.string(at: layout.names + Int($0)) }
    }

    /// The functions of the module with these names; nil unless there are all of them.
    public func functions(named names: [String]) -> [Int]? {
        var found: [String: Int] = [:]
        for index in descriptions.indices where descriptions[index] != 0 {
            guard let name = name(ofFunction: importedFunctionCount + index), names.contains(name) else { continue }
            found[name] = importedFunctionCount + index
        }
        let result = names.compactMap { found[$0] }
        return result.count == names.count ? result : nil
    }

    /// The line of a call, by the return address that Go pushed for it; for nil, the function's first line.
    public func line(inFunction function: Int, returnAddress: Int?) -> Line? {
        // Addresses are the function's number and that of a block: the call belongs to the block before.
        line(inFunction: function, block: returnAddress.map { max(0, ($0 & 0xFFFF) - 1) } ?? 0)
    }

    /// The line of a block of a function.
    func line(inFunction function: Int, block: Int) -> Line? {
        guard let description = description(function) else { return nil }
        // name, args, deferreturn, pcsp, then pcfile and pcln.
        let tables = description + layout.entrySize + 16
        guard let fileTable = image.word(tables), let lineTable = image.word(tables + 4),
            let file = value(at: block, table: Int(fileTable)), let line = value(at: block, table: Int(lineTable)),
            line > 0, let name = fileName(file, description)
        else { return nil }
        return Line(file: name, number: line)
    }

    private func fileName(_ number: Int, _ description: Int) -> String? {
        guard let units = layout.units else {
            // Up to 1.15 the number is an index of a table of offsets.
            return image.word(layout.files + 4 * number).flatMap { image.string(at: layout.start + Int($0)) }
        }
        // npcdata lies before the number of the compilation unit's first file.
        guard let unit = image.word(description + layout.entrySize + 28),
            let offset = image.word(units + 4 * (Int(unit) + number)), offset != .max
        else { return nil }
        return image.string(at: layout.files + Int(offset))
    }

    /// The value that a table of differences has for a block (runtime.pcvalue).
    func value(at block: Int, table: Int) -> Int? {
        guard table != 0 else { return nil }
        var place = layout.values + table
        var value = -1
        var next = 0
        for step in 0..<(1 << 16) {
            guard let difference = image.varint(&place), difference != 0 || step == 0,
                let blocks = image.varint(&place)
            else { return nil }
            value += difference & 1 != 0 ? -(difference >> 1) - 1 : difference >> 1
            next += blocks
            if block < next { return value }
        }
        return nil
    }
}

/// Where the parts of the table are: offsets in the image.
extension GoLineTable {
    struct Layout: Sendable {
        var start: Int
        /// The names of functions, the numbers of files by unit (from 1.16 on), the files, the tables of values.
        var names: Int
        var units: Int?
        var files: Int
        var values: Int
        /// The pairs of an entry address and the offset of a description, and what such offsets count from.
        var functions: Int
        var descriptions: Int
        var functionCount: Int
        /// The size of an entry address: 4 bytes from 1.18 on, before them 8.
        var entrySize: Int

        /// The first bytes: a magic number by version, zeros, the size of an instruction and of an address.
        static func find(in image: DataImage) -> Layout? {
            for place in stride(from: (8 - image.start % 8) % 8, to: image.bytes.count - 64, by: 8) {
                guard image.bytes[place + 1] == 0xFF, image.bytes[place + 2] == 0xFF, image.bytes[place + 3] == 0xFF,
                    image.bytes[place + 4] == 0, image.bytes[place + 5] == 0, image.bytes[place + 6] == 1,
                    image.bytes[place + 7] == 8, let layout = Layout(image, place, magic: image.bytes[place])
                else { continue }
                return layout
            }
            return nil
        }

        private init?(_ image: DataImage, _ start: Int, magic: UInt8) {
            func field(_ number: Int) -> Int? {
                image.long(start + 8 + 8 * number).flatMap { $0 < image.bytes.count ? Int($0) : nil }
            }
            func place(_ number: Int) -> Int? { field(number).map { start + $0 } }
            self.start = start
            guard let count = field(0), count > 0 else { return nil }
            functionCount = count
            let first: Int
            switch magic {
            case 0xF1, 0xF0:  // 1.20, 1.18
                first = 3
                entrySize = 4
            case 0xFA:  // 1.16
                first = 2
                entrySize = 8
            case 0xFB:  // 1.2
                entrySize = 8
                names = start
                values = start
                functions = start + 16
                descriptions = start
                guard let offset = image.word(functions + 16 * count + 8) else { return nil }
                units = nil
                files = start + Int(offset)
                return
            default: return nil
            }
            guard let names = place(first), let units = place(first + 1), let files = place(first + 2),
                let values = place(first + 3), let functions = place(first + 4)
            else { return nil }
            self.names = names
            self.units = units
            self.files = files
            self.values = values
            self.functions = functions
            descriptions = functions
        }

        /// The module's description begins with the addresses of the table and of the names in it.
        func moduleData(in image: DataImage) -> Int? {
            guard entrySize == 4 else { return nil }
            let (table, names) = (UInt64(image.start + start), UInt64(image.start + names))
            return stride(from: (8 - image.start % 8) % 8, to: image.bytes.count - 64 * 8, by: 8).first {
                image.long($0) == table && image.long($0 + 8) == names
            }
        }

        func descriptions(in image: DataImage, functionCount wanted: Int) -> [Int] {
            var result = [Int](repeating: 0, count: wanted)
            func pair(_ index: Int) -> (entry: UInt64, offset: UInt64)? {
                let place = functions + 2 * entrySize * index
                if entrySize == 4 {
                    guard let entry = image.word(place), let offset = image.word(place + 4) else { return nil }
                    return (UInt64(entry), UInt64(offset))
                }
                guard let entry = image.long(place), let offset = image.long(place + 8) else { return nil }
                return (entry, offset)
            }
            // Entries are addresses (0x1000 and the number of the function, times 2^16), or count from the first
            // address, or lack the 16 bits of a block, by version.
            guard let second = pair(min(1, functionCount - 1)), let first = pair(0) else { return result }
            let shift: UInt64 = functionCount > 1 && second.entry - min(first.entry, second.entry) < 1 << 16 ? 0 : 16
            let base: UInt64 = first.entry >> shift >= 0x1000 ? 0x1000 : 0
            for index in 0..<min(functionCount, wanted) {
                guard let (entry, offset) = pair(index), entry >> shift >= base, offset < UInt64(image.bytes.count)
                else {
                    continue
                }
                guard let function = Int(exactly: entry >> shift - base), function < wanted else { continue }
                result[function] = descriptions + Int(offset)
            }
            return result
        }
    }
}
