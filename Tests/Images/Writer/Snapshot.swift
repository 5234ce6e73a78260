import CSupport
@testable import WasmFrontend
@testable import WasmRuntime
import _ImageFormat

/// What a function of an instance can reach, by the numbers that an image has for it.
///
/// All that can be found while the calls run can be found at their beginning: through imports, tables, globals, segments,
/// and the functions of the instances themselves.
final class Snapshot {
    /// How the bytecode of an image is made.
    struct Options {
        var optimizes = true
        var hasCounters = false
    }

    private(set) var image = ImageSections()
    private let store: Store
    private let options: Options
    private var instances: [InstanceStorage] = []
    private var numbers: [UnsafeMutablePointer<GWInstance>: Int] = [:]
    private var codes: [ObjectIdentifier: Int] = [:]
    private var memories: [UnsafeMutablePointer<GWMemory>: Int] = [:]
    private var tables: [UnsafeMutablePointer<GWTable>: Int] = [:]
    private var cells: [UnsafeMutablePointer<UInt64>: Int] = [:]
    private var hosts: [UnsafeMutablePointer<GWFunction>: Int] = [:]
    /// What is compared after each call, and with what was before each call of the host.
    private let (afterCall, aroundHost) = (ImageState(), ImageState())
    /// The slots of the results of the last call.
    private var lastResults: [UInt64] = []

    /// Takes what can be reached from an instance as it is.
    init(of instance: Instance, _ options: Options) throws {
        store = instance.store
        self.options = options
        image.stackSize = store.machine.pointee.stack_size
        discover(instance.storage)
        for storage in instances { try describe(storage) }
        for (cell, number) in cells {
            image.cells[number].value = image.cells[number].is_function == 1 ? reference(cell.pointee) : cell.pointee
        }
        image.contents = image.changes.adding(changes(since: afterCall))
        ignoreChanges()
    }

    /// Whether the snapshot has an instance.
    func has(_ instance: Instance) -> Bool { numbers[instance.storage.pointer] != nil }

    // MARK: - Finding everything

    private func discover(_ storage: InstanceStorage) {
        guard numbers[storage.pointer] == nil else { return }
        numbers[storage.pointer] = instances.count
        instances.append(storage)
        let (module, instance) = (storage.module, storage.pointer.pointee)
        // Its own globals have neighbouring cells.
        for (index, type) in module.globalTypes.enumerated().dropFirst(module.importedGlobalCount) {
            add(cell: storage.global(index), type.value)
        }
        if let memory = storage.memory, memories[memory] == nil {
            memories[memory] = memories.count
            image.memories.append(
                GWImageMemory(
                    pages: UInt32(memory.pointee.size / UInt64(GW_PAGE_SIZE)),
                    maximum_pages: memory.pointee.maximum_pages))
            for state in [afterCall, aroundHost] { state.add(memory) }
        }
        for index in 0..<Int(instance.import_count) { discover(function: instance.imports[index]!, storage, index) }
        for (index, type) in module.globalTypes.enumerated().prefix(module.importedGlobalCount) {
            let cell = storage.global(index)
            if cells[cell] == nil, let owner = store.instances.values.first(where: { $0.owns(cell) }) {
                discover(owner)
            }
            if cells[cell] == nil { add(cell: cell, type.value) }
            if type.value == .funcref { discover(reference: cell.pointee) }
        }
        for index in module.globalTypes.indices where module.globalTypes[index].value == .funcref {
            discover(reference: storage.global(index).pointee)
        }
        for (index, table) in storage.tables.enumerated() { discover(table, module.tables[index].element == .funcref) }
        for (index, segment) in module.elements.enumerated() where segment.type == .funcref {
            let contents = instance.elements[index]
            guard let references = contents.bytes?.assumingMemoryBound(to: UInt64.self) else { continue }
            for place in 0..<Int(contents.size) { discover(reference: references[place]) }
        }
    }

    private func discover(_ table: UnsafeMutablePointer<GWTable>, _ hasFunctions: Bool) {
        guard tables[table] == nil else { return }
        tables[table] = tables.count
        image.tables.append(
            GWImageTable(
                count: table.pointee.count, maximum: table.pointee.maximum, has_functions: hasFunctions ? 1 : 0,
                reserved: 0))
        for state in [afterCall, aroundHost] { state.add(table, hasFunctions: hasFunctions) }
        guard hasFunctions else { return }
        for place in 0..<Int(table.pointee.count) { discover(reference: table.pointee.elements[place]) }
    }

    private func discover(reference: UInt64) {
        guard let function = UnsafeMutablePointer<GWFunction>(bitPattern: UInt(reference)) else { return }
        if let instance = function.pointee.instance {
            if let storage = store.instances[instance] { discover(storage) }
        } else if hosts[function] == nil {
            add(host: function, name: "function of the host")
        }
    }

    private func discover(function: UnsafeMutablePointer<GWFunction>, _ storage: InstanceStorage, _ index: Int) {
        guard function.pointee.host != nil else { return discover(reference: UInt64(UInt(bitPattern: function))) }
        guard hosts[function] == nil else { return }
        let imports = storage.module.imports.filter {
            if case .function = $0.kind { true } else { false }
        }
        add(host: function, name: "\(imports[index].module).\(imports[index].name)")
    }

    private func add(host function: UnsafeMutablePointer<GWFunction>, name: String) {
        hosts[function] = hosts.count
        let type = TypeNumbers.type(function.pointee.type)
        image.hosts.append(
            GWImageHost(
                name: image.bytes.adding(Array(name.utf8)),
                types: image.bytes.adding((type.parameters + type.results).map(\.rawValue)),
                parameters: UInt32(type.parameters.count), results: UInt32(type.results.count),
                type: function.pointee.type, slots: function.pointee.slots))
    }

    private func add(cell: UnsafeMutablePointer<UInt64>, _ type: ValueType) {
        for part in 0..<(type == .v128 ? 2 : 1) {
            cells[cell + part] = cells.count
            image.cells.append(
                GWImageCell(value: 0, is_function: type == .funcref ? 1 : 0, reserved: 0, nan: type.quietNaN))
            for state in [afterCall, aroundHost] { state.add(cell + part, isFunction: type == .funcref) }
        }
    }

    /// What a reference to a function is in the image.
    func reference(_ bits: UInt64) -> UInt64 {
        guard let function = UnsafeMutablePointer<GWFunction>(bitPattern: UInt(bits)) else { return 0 }
        if let instance = function.pointee.instance, let number = numbers[instance] {
            return gw_image_function(UInt32(number), function.pointee.index)
        }
        guard let host = hosts[function] else { fatalError("a function that could not be reached was found") }
        return gw_image_function(UInt32(GW_IMAGE_HOST), UInt32(host))
    }

    /// The slots of values, with what references to functions are in the image.
    func slots(_ values: [Value]) -> [UInt64] {
        values.flatMap { value in value.slots.map { value.isFunction ? reference($0) : $0 } }
    }

    // MARK: - Writing it down

    private func describe(_ storage: InstanceStorage) throws {
        let (module, instance) = (storage.module, storage.pointer.pointee)
        var record = GWImageInstance()
        record.code = UInt32(try code(of: module))
        record.memory = storage.memory.map { UInt32(memories[$0]!) } ?? GW_IMAGE_NONE
        record.sp_global = instance.sp_global
        let layout = storage.code.layout
        let own = module.globals.isEmpty ? 0 : cells[storage.global(module.importedGlobalCount)]!
        record.globals = GWImageRange(first: UInt32(own), count: UInt32(layout.definedGlobalCells))
        record.imported_globals = image.words.adding(
            (0..<layout.importedGlobalCells).map { UInt32(cells[instance.imported_globals[$0]!]!) })
        record.imports = image.numbers.adding(
            (0..<Int(instance.import_count)).map { reference(UInt64(UInt(bitPattern: instance.imports[$0]!))) })
        record.tables = image.words.adding(storage.tables.map { UInt32(tables[$0]!) })
        record.data = image.segments.adding(
            module.data.indices.map { index in
                let contents = module.usesDataSegments ? instance.data[index] : GWSegment(bytes: nil, size: 0)
                let bytes = UnsafeRawBufferPointer(start: contents.bytes, count: Int(contents.size))
                return GWImageSegment(contents: image.bytes.adding(bytes), has_functions: 0, reserved: 0)
            })
        record.elements = image.segments.adding(
            module.elements.indices.map { index in
                let contents = instance.elements[index]
                let start = contents.bytes?.assumingMemoryBound(to: UInt64.self)
                let hasFunctions = module.elements[index].type == .funcref
                let references = UnsafeBufferPointer(start: start, count: Int(contents.size))
                return GWImageSegment(
                    contents: image.numbers.adding(references.map { hasFunctions ? reference($0) : $0 }),
                    has_functions: hasFunctions ? 1 : 0, reserved: 0)
            })
        image.instances.append(record)
    }

    /// Lowers all functions of a module anew, so that nothing has run of the code.
    private func code(of module: Module) throws -> Int {
        if let number = codes[ObjectIdentifier(module)] { return number }
        codes[ObjectIdentifier(module)] = image.codes.count
        let policy = options.hasCounters ? CompilationPolicy(threshold: 1) : nil
        let code = try LoweredCode(
            module, options: LoweredCode.Options(optimizes: options.optimizes, compilation: policy))
        var functions: [GWImageFunction] = []
        var end = UInt32(GW_EXIT_CELLS)
        for index in module.importedFunctionCount..<module.functionTypes.count {
            var function = GWImageFunction()
            function.function = UInt32(index)
            let trap = code.lower(index)
            if trap == .none, let lowered = code.lowered(at: Int(code.code.pointee.entries[index].general)) {
                let entry = code.code.pointee.entries[index]
                (function.general, function.fresh) = (entry.general, entry.fresh)
                function.first = UInt32(lowered.cells.lowerBound)
                function.slots = UInt32(lowered.slots)
                function.cells = image.words.adding(portable(lowered.cells, code))
                end = UInt32(lowered.cells.upperBound)
            } else {
                function.trap = UInt32(trap.rawValue)
            }
            functions.append(function)
        }
        var record = GWImageCode()
        record.function_count = UInt32(module.functionTypes.count)
        record.import_count = UInt32(module.importedFunctionCount)
        record.type_count = UInt32(module.types.count)
        record.global_cells = UInt32(code.layout.definedGlobalCells)
        record.imported_global_cells = UInt32(code.layout.importedGlobalCells)
        record.table_count = UInt32(module.tables.count)
        record.data_count = UInt32(module.data.count)
        record.element_count = UInt32(module.elements.count)
        record.has_memory = module.memories.isEmpty ? 0 : 1
        record.has_register_global = code.registerGlobal == nil ? 0 : 1
        record.has_counters = code.counterStart == nil ? 0 : 1
        record.cell_count = end
        record.function_types = image.words.adding(module.functionTypes)
        record.type_slots = image.words.adding(
            code.layout.types.map { UInt32(max($0.parameters.count, $0.results.count)) })
        record.type_numbers = image.words.adding(code.typeNumbers)
        record.functions = image.functions.adding(functions)
        image.codes.append(record)
        return image.codes.count - 1
    }

    /// The cells of a function with its instructions by their numbers.
    private func portable(_ cells: Range<Int>, _ code: LoweredCode) -> [UInt32] {
        let arena = code.code.pointee.arena!
        var result: [UInt32] = []
        var cell = cells.lowerBound
        while cell < cells.upperBound {
            let op = gw_opcode_at(code.code, arena + cell)
            precondition(op != .invalid, "what was lowered is no instruction")
            let size = Int(gw_cell_count(op, arena + cell))
            result.append(UInt32(op.rawValue))
            result += UnsafeBufferPointer(start: arena + cell + 1, count: size - 1)
            cell += size
        }
        precondition(cell == cells.upperBound, "an instruction ends behind its function")
        return result
    }

    // MARK: - Changes

    private func changes(since state: ImageState) -> [GWImageChange] {
        state.update(&image.bytes, reference: reference)
    }

    /// Has the host's changes counted from here on.
    func ignoreChanges() {
        var bytes: [UInt8] = []
        _ = aroundHost.update(&bytes, reference: reference)
    }

    /// Adds a call of the host, and what has changed since ``ignoreChanges()``.
    func add(hostCall name: String, arguments: [Value], results: [Value], failed: Bool) {
        let changes = changes(since: aroundHost)
        image.hostCalls.append(
            GWImageHostCall(
                name: image.bytes.adding(Array(name.utf8)), arguments: image.numbers.adding(slots(arguments)),
                results: image.numbers.adding(slots(results)), changes: image.changes.adding(changes),
                failed: failed ? 1 : 0, reserved: 0))
    }

    /// Adds a call, with the calls of the host from one on.
    func add(
        _ call: GWImageCall, name: String, arguments: [Value], results: [Value], firstHostCall: Int
    ) {
        var call = call
        lastResults = slots(results)
        call.name = image.bytes.adding(Array(name.utf8))
        call.arguments = image.numbers.adding(slots(arguments))
        call.kinds = image.bytes.adding(
            arguments.flatMap { value in value.slots.map { _ in value.isFunction ? 1 : 0 } })
        call.results = image.expectations.adding(expectations(results))
        call.host_calls = GWImageRange(
            first: UInt32(firstHostCall), count: UInt32(image.hostCalls.count - firstHostCall))
        let changes = changes(since: afterCall)
        call.changes = image.changes.adding(changes)
        image.calls.append(call)
    }

    private func expectations(_ results: [Value]) -> [GWImageExpectation] {
        results.flatMap { result in
            let nan = result.type.quietNaN
            return slots([result]).map { bits in
                // Of a NaN that an instruction has made, processors differ in the other bits.
                let mask = nan != 0 && bits & nan == nan ? nan : .max
                return GWImageExpectation(
                    value: bits & mask, mask: mask, is_function: result.isFunction ? 1 : 0, reserved: 0)
            }
        }
    }

    /// Says which bits of the results of the last call are determined.
    func expect(masks: [UInt64]) {
        guard let call = image.calls.last, call.trap == 0 else { return }
        precondition(Int(call.results.count) == masks.count, "there are as many masks as slots")
        for (index, mask) in masks.enumerated() {
            image.expectations[Int(call.results.first) + index].mask = mask
            image.expectations[Int(call.results.first) + index].value = lastResults[index] & mask
        }
    }
}

extension Snapshot {
    /// A part of what is recorded that images can have wrong.
    enum Part: CaseIterable { case result, trap, memory, table, global, hostArgument, hostCall, hostAnswer, code }

    /// Makes a part wrong: the runner has to find that.
    func spoil(_ part: Part) {
        func change(_ kind: GWImageChangeKind) -> Int {
            image.changes.lastIndex { $0.kind == kind.rawValue }!
        }
        switch part {
        case .result: image.expectations[0].value ^= 1
        case .trap: image.calls[0].trap = UInt32(GWTrap.unreachable.rawValue)
        case .memory: image.bytes[Int(image.changes[change(.memory)].bytes.first)] ^= 1
        case .table: image.changes[change(.table)].value = 0
        case .global: image.changes[change(.cell)].value ^= 1
        case .hostArgument: image.numbers[Int(image.hostCalls[0].arguments.first)] ^= 1
        case .hostCall: image.calls[0].host_calls.count = 0
        case .hostAnswer: image.numbers[Int(image.hostCalls[0].results.first)] ^= 1
        case .code: image.words[Int(image.functions.last!.cells.first)] = UInt32(GWOp.unreachable.rawValue)
        }
    }
}

extension InstanceStorage {
    /// Whether a cell is of a global that the module defines.
    fileprivate func owns(_ cell: UnsafeMutablePointer<UInt64>) -> Bool {
        guard let globals = pointer.pointee.globals else { return false }
        return cell >= globals && cell < globals + code.layout.definedGlobalCells
    }
}

extension ValueType {
    /// The bits that are ones in each NaN that instructions make; 0 for what is no floating-point number.
    var quietNaN: UInt64 {
        switch self {
        case .f32: 0x7FC0_0000
        case .f64: 0x7FF8_0000_0000_0000
        default: 0
        }
    }
}

extension Value {
    /// Whether it refers to a function, or could.
    var isFunction: Bool { type == .funcref }

    /// The slots that the engine keeps it in.
    var slots: [UInt64] {
        var slots: [UInt64] = [0, 0]
        let count = slots.withUnsafeMutableBufferPointer { buffer in
            store(toSlots: buffer.baseAddress!) - buffer.baseAddress!
        }
        return Array(slots.prefix(count))
    }
}
