/// Decodes a module's sections (section 5.5), except the instructions in function bodies.
struct ModuleDecoder {
    /// The sections by their numbers in the binary format.
    enum Section: UInt8 {
        case custom, type, `import`, function, table, memory, global, export, start, element, code, data, dataCount

        /// The place among the other sections: the data count comes before the code, whatever its number.
        var order: Int {
            switch self {
            case .custom, .type, .import, .function, .table, .memory, .global, .export, .start, .element:
                Int(rawValue)
            case .dataCount: Int(Section.element.rawValue) + 1
            case .code: Int(Section.element.rawValue) + 2
            case .data: Int(Section.element.rawValue) + 3
            }
        }
    }

    var reader: ByteReader
    var parts = DecodedParts()
    private let bytes: UnsafeRawBufferPointer

    /// Decodes `bytes`, which must outlive the decoder.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        reader = ByteReader(bytes, 0..<bytes.count)
    }

    /// Decodes the module into `parts`.
    mutating func decode() throws(LoadFailure) {
        guard try reader.fixed32() == 0x6D73_6100 else { throw .malformed(.magicHeader, at: 0) }
        guard try reader.fixed32() == 1 else { throw .malformed(.version, at: 4) }
        let module = reader
        var sections = module
        var lastOrder = 0
        while !sections.isAtEnd {
            let start = sections.offset
            let number = try sections.byte()
            guard let section = Section(rawValue: number) else { throw .malformed(.sectionID(number), at: start) }
            let range = try sections.sized()
            if section != .custom {
                guard section.order > lastOrder else { throw .malformed(.sectionOrder, at: start) }
                lastOrder = section.order
            }
            reader = ByteReader(bytes, range)
            try decode(section)
            guard reader.isAtEnd else { throw .malformed(.sectionSize, at: reader.offset) }
        }
        let definedCount = parts.functionTypes.count - parts.importedFunctionCount
        guard definedCount == parts.bodies.count else {
            throw .malformed(.functionCount, at: parts.bodies.isEmpty ? bytes.count : parts.codeOffset)
        }
        if let dataCount = parts.dataCount, Int(dataCount) != parts.data.count {
            throw .malformed(.dataCount, at: bytes.count)
        }
    }

    private mutating func decode(_ section: Section) throws(LoadFailure) {
        switch section {
        case .custom: try customSection()
        case .type: try typeSection()
        case .import: try importSection()
        case .function: try functionSection()
        case .table: try tableSection()
        case .memory: try memorySection()
        case .global: try globalSection()
        case .export: try exportSection()
        case .start: try startSection()
        case .element: try elementSection()
        case .dataCount: parts.dataCount = try reader.u32()
        case .code: try codeSection()
        case .data: try dataSection()
        }
    }

    private mutating func customSection() throws(LoadFailure) {
        let name = try reader.name()
        let contents = reader.offset..<reader.offset + reader.remaining
        parts.customSections.append(CustomSection(name: name, bytes: contents))
        try reader.skip(reader.remaining)
    }

    private mutating func typeSection() throws(LoadFailure) {
        let count = try reader.count(minimumSize: 3)
        parts.types.reserveCapacity(count)
        for _ in 0..<count { parts.types.append(try reader.functionType()) }
    }

    private mutating func importSection() throws(LoadFailure) {
        let count = try reader.count(minimumSize: 3)
        parts.imports.reserveCapacity(count)
        for _ in 0..<count {
            let module = try reader.name()
            let name = try reader.name()
            let start = reader.offset
            let kind = try reader.byte()
            switch kind {
            case 0:
                let type = try reader.u32()
                try parts.addFunction(type: type, at: start)
                parts.importedFunctionCount += 1
                parts.imports.append(Import(module: module, name: name, kind: .function(type: type)))
            case 1:
                let type = try reader.tableType()
                try parts.addTable(type, at: start)
                parts.importedTableCount += 1
                parts.imports.append(Import(module: module, name: name, kind: .table(type)))
            case 2:
                let type = MemoryType(limits: try reader.limits())
                try parts.addMemory(type, at: start)
                parts.importedMemoryCount += 1
                parts.imports.append(Import(module: module, name: name, kind: .memory(type)))
            case 3:
                let type = try reader.globalType()
                parts.globalTypes.append(type)
                parts.importedGlobalCount += 1
                parts.imports.append(Import(module: module, name: name, kind: .global(type)))
            default:
                throw .malformed(.importKind(kind), at: start)
            }
        }
    }

    private mutating func functionSection() throws(LoadFailure) {
        let count = try reader.count()
        parts.functionTypes.reserveCapacity(parts.functionTypes.count + count)
        for _ in 0..<count {
            let start = reader.offset
            try parts.addFunction(type: try reader.u32(), at: start)
        }
    }

    private mutating func tableSection() throws(LoadFailure) {
        for _ in 0..<(try reader.count(minimumSize: 2)) {
            let start = reader.offset
            try parts.addTable(try reader.tableType(), at: start)
        }
    }

    private mutating func memorySection() throws(LoadFailure) {
        for _ in 0..<(try reader.count()) {
            let start = reader.offset
            try parts.addMemory(MemoryType(limits: try reader.limits()), at: start)
        }
    }

    private mutating func globalSection() throws(LoadFailure) {
        let count = try reader.count(minimumSize: 3)
        parts.globalTypes.reserveCapacity(parts.globalTypes.count + count)
        parts.globals.reserveCapacity(count)
        for _ in 0..<count {
            let type = try reader.globalType()
            let initializer = try constantExpression(type.value)
            parts.globals.append(GlobalDefinition(type: type, initializer: initializer))
            parts.globalTypes.append(type)
        }
    }

    private mutating func exportSection() throws(LoadFailure) {
        let count = try reader.count(minimumSize: 3)
        parts.exports.reserveCapacity(count)
        parts.exportIndices.reserveCapacity(count)
        for _ in 0..<count {
            let start = reader.offset
            let name = try reader.name()
            let byteOffset = reader.offset
            let byte = try reader.byte()
            guard let kind = Export.Kind(rawValue: byte) else { throw .malformed(.exportKind(byte), at: byteOffset) }
            try parts.addExport(Export(name: name, kind: kind, index: try reader.u32()), at: start)
        }
    }

    private mutating func startSection() throws(LoadFailure) {
        let start = reader.offset
        try parts.setStart(try reader.u32(), at: start)
    }

    private mutating func codeSection() throws(LoadFailure) {
        parts.codeOffset = reader.offset
        let count = try reader.count()
        parts.bodies.reserveCapacity(count)
        for _ in 0..<count {
            parts.bodies.append(FunctionBody(bytes: try reader.sized()))
        }
    }

    private mutating func dataSection() throws(LoadFailure) {
        let count = try reader.count(minimumSize: 2)
        parts.data = try DataSegments(capacity: count) { (segments) throws(LoadFailure) in
            try plainDataSegments(&segments)
        }
        while parts.data.count < count {
            let start = reader.offset
            let kind = try reader.u32()
            let mode: SegmentMode
            switch kind {
            case 0, 2:
                let memory = kind == 2 ? try reader.u32() : 0
                try parts.checkMemory(memory, at: start)
                mode = .active(index: memory, offset: try constantExpression(.i32))
            case 1:
                mode = .passive
            default:
                throw .malformed(.dataSegmentKind(kind), at: start)
            }
            parts.data.append(DataSegment(mode: mode, bytes: try reader.sized(orElse: .unexpectedEnd)))
        }
    }

    /// Reads data segments as long as they are of the most frequent form: active at a constant.
    ///
    /// Go's linker makes ten thousands of these (main.wasm has 25,000, and its start with kept code takes 10 million
    /// instructions). The reader is a local variable, which lives in registers.
    private mutating func plainDataSegments(_ segments: inout DataSegments.Unfilled) throws(LoadFailure) {
        var reader = reader
        while !segments.isFull {
            let start = reader.offset
            guard let offset = reader.plainDataOffset() else { break }
            try parts.checkMemory(0, at: start)
            segments.append(at: offset, bytes: try reader.sized(orElse: .unexpectedEnd))
        }
        self.reader = reader
    }
}
