internal import CSupport
public import WasmFrontend

/// A module with its memory, tables and globals, ready to be called (section 4.5.4).
public final class Instance {
    /// What it lives in.
    public let store: Store
    let storage: InstanceStorage

    /// Instantiates a module and runs its start function.
    ///
    /// - Precondition: What is imported belongs to `store`.
    public init(
        _ module: Module, imports: Imports = Imports(), store: Store = Store()
    ) throws(InstantiationError) {
        self.store = store
        let storage = try InstanceStorage(module, Linker(module, imports, store).link(), store)
        self.storage = storage
        store.keep(storage)
        do {
            try storage.applySegments(store)
            if let start = module.start { try store.call(storage.function(Int(start))) }
        } catch {
            throw InstantiationError(leaving: error)
        }
    }

    /// Instantiates a module for a host, which tells by the type of what is thrown how its guest ended.
    ///
    /// - Throws: What an ``InstantiationError`` is about.
    package convenience init(hosting module: Module, imports: Imports, store: Store) throws {
        do throws(InstantiationError) {
            try self.init(module, imports: imports, store: store)
        } catch {
            throw error.cause
        }
    }

    /// Makes an instance that goes on where another one was; no function runs.
    ///
    /// - Parameter imports: What satisfies the imports now.
    /// - Throws: What an ``InstantiationError`` is about.
    package init(restoring snapshot: InstanceSnapshot, imports: Imports, store: Store) throws {
        self.store = store
        do throws(InstantiationError) {
            let linked = try Linker(snapshot.module, imports, store).link()
            storage = try InstanceStorage(snapshot.module, linked, store, snapshot)
        } catch {
            throw error.cause
        }
        store.keep(storage)
    }

    /// What the instance is at the moment, for others that begin with it.
    ///
    /// - Throws: ``SnapshotFailure``.
    package func snapshot() throws(SnapshotFailure) -> InstanceSnapshot {
        guard store.machine.pointee.depth == 0 else { throw .isRunning }
        return try storage.snapshot()
    }

    /// The module.
    public var module: Module { storage.module }

    /// The functions that are being executed in the store, the innermost first: where a host function was called, or where
    /// the last execution ended.
    package var backtrace: [Trap.Frame] { store.trap(.interrupted).backtrace }

    /// The code that the instance runs.
    package var code: LoweredCode { storage.code }

    /// What the instance exports under a name; nil if nothing.
    public func export(named name: String) -> Extern? {
        guard let export = module.export(named: name) else { return nil }
        let index = Int(export.index)
        switch export.kind {
        case .function: return .function(function(index))
        case .table: return .table(Table(storage.tables[index], module.tables[index].element, store: store))
        case .memory: return .memory(Memory(storage.memory!, store: store))
        case .global: return .global(Global(storage.global(index), module.globalTypes[index], store: store))
        }
    }

    /// The function that is exported under a name.
    ///
    /// - Throws: ``CallError/noSuchFunction(_:)``.
    public func function(named name: String) throws(CallError) -> Function {
        guard case .function(let function) = export(named: name) else { throw CallError.noSuchFunction(name) }
        return function
    }

    /// The memory that is exported under a name.
    ///
    /// - Throws: ``CallError/noSuchMemory(_:)``.
    public func memory(named name: String) throws(CallError) -> Memory {
        guard case .memory(let memory) = export(named: name) else { throw CallError.noSuchMemory(name) }
        return memory
    }

    /// The function with an index in the module, exported or not.
    ///
    /// - Precondition: The module has it.
    package func function(_ index: Int) -> Function {
        Function(storage.function(index), module.types[Int(module.functionTypes[index])], store: store)
    }

    /// The cell of a global by its index in the module, exported or not.
    ///
    /// - Precondition: The module has it.
    package func globalCell(_ index: Int) -> UnsafeMutablePointer<UInt64> { storage.global(index) }

    /// Ends the execution soon, with the trap `interrupted`.
    ///
    /// May be called from any thread; see ``Store/interrupt()``.
    public nonisolated func interrupt() { store.interrupt() }
}
