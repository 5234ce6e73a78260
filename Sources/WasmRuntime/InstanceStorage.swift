internal import CSupport
internal import WasmFrontend

/// What the engine needs of an instance.
///
/// The store keeps it, so nothing here may refer to the store.
final class InstanceStorage {
    let module: Module
    let code: LoweredCode
    let pointer: UnsafeMutablePointer<GWInstance>
    let tables: [UnsafeMutablePointer<GWTable>]
    let memory: UnsafeMutablePointer<GWMemory>?
    private let imports: LinkedImports
    private let functions: UnsafeMutablePointer<GWFunction>
    private let globals: UnsafeMutablePointer<UInt64>
    private let importedGlobals: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>
    private let importedFunctions: UnsafeMutablePointer<UnsafeMutablePointer<GWFunction>?>
    private let tablePointers: UnsafeMutablePointer<UnsafeMutablePointer<GWTable>?>
    private let data: UnsafeMutablePointer<GWSegment>
    private let elements: UnsafeMutablePointer<GWSegment>
    /// The references of passive element segments.
    private var references: [UnsafeMutablePointer<UInt64>] = []

    /// - Parameter snapshot: What it begins with; nil for what the module says, but for its segments.
    init(
        _ module: Module, _ imports: LinkedImports, _ store: Store, _ snapshot: InstanceSnapshot? = nil
    ) throws(InstantiationError) {
        self.module = module
        self.imports = imports
        (memory, tables) = try Self.makeSpace(module, imports, store, snapshot)
        let options = store.configuration.codeOptions(
            checksAddresses: memory.map { !$0.pointee.guarded } ?? !store.configuration.usesGuardPages)
        do { code = try module.loweredCode(options) } catch { throw .refused(.outOfMemory) }

        pointer = .allocate(capacity: 1)
        functions = .allocate(capacity: max(1, module.bodies.count))
        let layout = code.layout
        globals = .allocate(capacity: max(1, layout.definedGlobalCells))
        globals.initialize(repeating: 0, count: max(1, layout.definedGlobalCells))
        importedGlobals = .allocate(capacity: max(1, layout.importedGlobalCells))
        importedFunctions = .allocate(capacity: max(1, imports.functions.count))
        tablePointers = .allocate(capacity: max(1, tables.count))
        let dataCount = module.usesDataSegments ? module.data.count : 0
        data = .allocate(capacity: max(1, dataCount))
        elements = .allocate(capacity: max(1, module.elements.count))

        for (index, function) in imports.functions.enumerated() { importedFunctions[index] = function }
        for (index, global) in imports.globals.enumerated() {
            let cell = Int(layout.cell(ofGlobal: UInt32(index)))
            importedGlobals[cell] = global
            if module.globalTypes[index].value == .v128 { importedGlobals[cell + 1] = global + 1 }
        }
        for (index, table) in tables.enumerated() { tablePointers[index] = table }
        data.initialize(repeating: GWSegment(bytes: nil, size: 0), count: max(1, dataCount))
        elements.initialize(repeating: GWSegment(bytes: nil, size: 0), count: max(1, module.elements.count))

        let importCount = imports.functions.count
        pointer.initialize(
            to: GWInstance(
                memory: memory, globals: globals, imported_globals: importedGlobals, functions: functions,
                imports: importedFunctions, tables: tablePointers, code: code.code, machine: store.machine,
                sp_global: code.registerGlobal.map {
                    layout.cell(ofGlobal: $0) - UInt32(layout.importedGlobalCells)
                } ?? .max,
                import_count: UInt32(importCount), function_count: UInt32(module.bodies.count), data: data,
                elements: elements))
        // What functions of a type have in common, once a type.
        let slots = layout.types.map { UInt32(max($0.parameters.count, $0.results.count)) }
        let entries = code.code.pointee.entries!
        module.functionTypes.withUnsafeBufferPointer { types in
            for index in 0..<module.bodies.count {
                let type = Int(types[importCount + index])
                (functions + index).initialize(
                    to: GWFunction(
                        entry: entries + importCount + index, instance: pointer, host: nil,
                        type: code.typeNumbers[type],
                        index: UInt32(importCount + index), slots: slots[type]))
            }
        }
        if let snapshot {
            restore(snapshot)
            return
        }
        for (index, definition) in module.globals.enumerated() {
            initialize(global(imports.globals.count + index), definition)
        }
    }

    /// The memory and the tables, those that are imported among them.
    private static func makeSpace(
        _ module: Module, _ imports: LinkedImports, _ store: Store, _ snapshot: InstanceSnapshot?
    ) throws(InstantiationError) -> (UnsafeMutablePointer<GWMemory>?, [UnsafeMutablePointer<GWTable>]) {
        do {
            var (memory, tables) = (imports.memory, imports.tables)
            if memory == nil, var type = module.memories.first {
                if let image = snapshot?.memory { type.limits.minimum = image.pages }
                memory = try store.makeMemory(type, snapshot?.memory)
            }
            for (index, var type) in module.tables.enumerated().dropFirst(tables.count) {
                if let snapshot { type.limits.minimum = UInt32(snapshot.tables[index].count) }
                tables.append(try store.makeTable(type, 0))
            }
            return (memory, tables)
        } catch {
            throw .refused(error)
        }
    }

    deinit {
        for reference in references { reference.deallocate() }
        pointer.deallocate()
        functions.deallocate()
        globals.deallocate()
        importedGlobals.deallocate()
        importedFunctions.deallocate()
        tablePointers.deallocate()
        data.deallocate()
        elements.deallocate()
    }

    /// A function by its index in the module.
    func function(_ index: Int) -> UnsafeMutablePointer<GWFunction> {
        index < imports.functions.count ? imports.functions[index] : functions + (index - imports.functions.count)
    }

    /// The cell of a global by its index in the module.
    func global(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        index < imports.globals.count
            ? imports.globals[index]
            : globals + (Int(code.layout.cell(ofGlobal: UInt32(index))) - code.layout.importedGlobalCells)
    }

    private func initialize(_ cell: UnsafeMutablePointer<UInt64>, _ definition: GlobalDefinition) {
        guard definition.type.value == .v128 else {
            cell.pointee = evaluate(definition.initializer)
            return
        }
        switch definition.initializer {
        case .vector(let offset):
            V128.load(from: module.bytes.buffer.baseAddress! + offset).store(to: cell)
        case .global(let index):
            cell.update(from: global(Int(index)), count: 2)
        case .value, .nullReference, .function:
            preconditionFailure("a vector is not initialised by a number or reference")
        }
    }

    private func evaluate(_ expression: ConstantExpression) -> UInt64 {
        switch expression {
        case .value(let bits): bits
        case .global(let index): global(Int(index)).pointee
        case .nullReference: 0
        case .vector: preconditionFailure("a vector takes two cells")
        case .function(let index): UInt64(UInt(bitPattern: function(Int(index))))
        }
    }

    // MARK: - Snapshots

    /// What the instance is at the moment.
    func snapshot() throws(SnapshotFailure) -> InstanceSnapshot {
        for wanted in module.imports {
            if case .function = wanted.kind { continue }
            throw .importsState(wanted.module, wanted.name)
        }
        var cells = Array(UnsafeBufferPointer(start: globals, count: code.layout.definedGlobalCells))
        for (index, type) in module.globalTypes.enumerated() where isReference(type.value) {
            let cell = Int(code.layout.cell(ofGlobal: UInt32(index)))
            cells[cell] = try number(ofReference: cells[cell], type.value)
        }
        var contents: [[UInt64]] = []
        for (table, type) in zip(tables, module.tables) {
            var elements = Array(UnsafeBufferPointer(start: table.pointee.elements, count: Int(table.pointee.count)))
            for index in elements.indices where elements[index] != 0 {
                elements[index] = try number(ofReference: elements[index], type.element)
            }
            contents.append(elements)
        }
        return InstanceSnapshot(
            module: module, memory: try memory.map { (memory) throws(SnapshotFailure) in try MemoryImage(memory) },
            globals: cells, tables: contents,
            droppedData: module.usesDataSegments ? module.data.indices.filter { data[$0].size == 0 } : [],
            droppedElements: module.elements.indices.filter { elements[$0].size == 0 })
    }

    /// What a snapshot has instead of a reference: one more than the index of the function; 0 for null.
    private func number(ofReference slot: UInt64, _ type: ValueType) throws(SnapshotFailure) -> UInt64 {
        guard slot != 0 else { return 0 }
        guard type == .funcref, let pointer = UnsafeMutablePointer<GWFunction>(bitPattern: UInt(slot)) else {
            throw .holdsHostReference
        }
        if pointer >= functions, pointer < functions + module.bodies.count {
            return UInt64(imports.functions.count + (pointer - functions)) + 1
        }
        guard let index = imports.functions.firstIndex(of: pointer) else { throw .holdsForeignFunction }
        return UInt64(index) + 1
    }

    private func isReference(_ type: ValueType) -> Bool { type == .funcref || type == .externref }

    private func reference(_ number: UInt64) -> UInt64 {
        number == 0 ? 0 : UInt64(UInt(bitPattern: function(Int(number) - 1)))
    }

    /// Takes over all that the memory does not hold.
    private func restore(_ snapshot: InstanceSnapshot) {
        globals.update(from: snapshot.globals, count: snapshot.globals.count)
        for (index, type) in module.globalTypes.enumerated() where isReference(type.value) {
            let cell = global(index)
            cell.pointee = reference(cell.pointee)
        }
        for (table, contents) in zip(tables, snapshot.tables) {
            for (index, number) in contents.enumerated() { table.pointee.elements[index] = reference(number) }
        }
        for (index, segment) in module.elements.enumerated() {
            if case .passive = segment.mode { preparePassive(segment, index) }
        }
        for index in snapshot.droppedElements { elements[index].size = 0 }
        guard module.usesDataSegments else { return }
        module.data.forEach { _, _, _ in
        } other: { index, segment in
            if case .passive = segment.mode { preparePassive(segment, index) }
        }
        for index in snapshot.droppedData { data[index].size = 0 }
    }

    // MARK: - Segments

    /// Copies the active segments into tables and memory, elements first, and prepares the passive ones (section
    /// 4.5.4).
    ///
    /// - Throws: ``Trap`` at the first that does not fit; those before it stay.
    func applySegments(_ store: Store) throws {
        for (index, segment) in module.elements.enumerated() {
            switch segment.mode {
            case .declarative: break
            case .passive: preparePassive(segment, index)
            case .active(let table, let offset):
                let references = makeReferences(segment)
                defer { references.deallocate() }
                var whole = GWSegment(bytes: references, size: UInt64(segment.elements.count))
                let to = UInt32(truncatingIfNeeded: evaluate(offset))
                guard gw_table_init(tables[Int(table)], &whole, to, 0, UInt32(segment.elements.count)) else {
                    throw Trap(code: .tableOutOfBounds, backtrace: [], isTruncated: false)
                }
            }
        }
        try applyData()
    }

    private func preparePassive(_ segment: ElementSegment, _ index: Int) {
        let references = makeReferences(segment)
        self.references.append(references)
        elements[index] = GWSegment(bytes: references, size: UInt64(segment.elements.count))
    }

    private func preparePassive(_ segment: DataSegment, _ index: Int) {
        data[index] = GWSegment(
            bytes: module.bytes.buffer.baseAddress! + segment.bytes.lowerBound, size: UInt64(segment.bytes.count))
    }

    private func makeReferences(_ segment: ElementSegment) -> UnsafeMutablePointer<UInt64> {
        let references = UnsafeMutablePointer<UInt64>.allocate(capacity: max(1, segment.elements.count))
        segment.elements.withUnsafeBufferPointer { elements in
            for i in 0..<elements.count { references[i] = evaluate(elements[i]) }
        }
        return references
    }

    private func applyData() throws {
        let bytes = module.bytes.buffer
        let size = memory?.pointee.size ?? 0
        let base = memory?.pointee.base
        try module.data.forEach { offset, start, count in
            guard let base, UInt64(offset) &+ UInt64(truncatingIfNeeded: count) <= size else {
                throw Trap(code: .memoryOutOfBounds, backtrace: [], isTruncated: false)
            }
            memcpy(base + Int(offset), bytes.baseAddress! + start, count)
        } other: { index, segment in
            switch segment.mode {
            case .passive, .declarative:
                if module.usesDataSegments { preparePassive(segment, index) }
            case .active(_, let offset):
                let to = evaluate(offset) & 0xFFFF_FFFF
                guard let memory, to + UInt64(segment.bytes.count) <= size else {
                    throw Trap(code: .memoryOutOfBounds, backtrace: [], isTruncated: false)
                }
                memcpy(
                    memory.pointee.base + Int(to), bytes.baseAddress! + segment.bytes.lowerBound, segment.bytes.count)
            }
        }
    }
}
