internal import CSupport
public import WasmFrontend

/// Something that instances import and export (section 4.2.11).
public enum Extern {
    /// A function.
    case function(Function)
    /// A table.
    case table(Table)
    /// A linear memory.
    case memory(Memory)
    /// A global.
    case global(Global)

    var store: Store {
        switch self {
        case .function(let function): function.store
        case .table(let table): table.store
        case .memory(let memory): memory.store
        case .global(let global): global.store
        }
    }

    /// The type; sizes are those of the moment.
    public var type: ExternalType {
        switch self {
        case .function(let function): .function(function.type)
        case .table(let table): .table(table.type)
        case .memory(let memory): .memory(memory.type)
        case .global(let global): .global(global.type)
        }
    }
}

/// A linear memory (section 4.2.8).
public final class Memory {
    let store: Store
    let pointer: UnsafeMutablePointer<GWMemory>

    init(_ pointer: UnsafeMutablePointer<GWMemory>, store: Store) {
        self.pointer = pointer
        self.store = store
    }

    /// Makes a memory.
    ///
    /// - Throws: ``CallError/outOfMemory``, ``CallError/memoryLimit``.
    public convenience init(_ type: MemoryType, in store: Store) throws(CallError) {
        self.init(try store.makeMemory(type), store: store)
    }

    /// Where the first byte lies.
    ///
    /// Stays the same while the memory lives if it has guard pages, and may otherwise change when it grows.
    @inline(__always) public var baseAddress: UnsafeMutableRawPointer { UnsafeMutableRawPointer(pointer.pointee.base) }
    /// The size in bytes, a multiple of 65,536.
    @inline(__always) public var byteCount: Int { Int(pointer.pointee.size) }
    /// Whether accesses are bounded by guard pages.
    public var hasGuardPages: Bool { pointer.pointee.guarded }

    /// The type; its minimum is the size of the moment.
    public var type: MemoryType {
        let maximum = pointer.pointee.maximum_pages
        return MemoryType(
            limits: Limits(
                minimum: UInt32(pointer.pointee.size / UInt64(GW_PAGE_SIZE)),
                maximum: maximum == UInt32(GW_MAXIMUM_PAGES) ? nil : maximum))
    }

    /// Grows by so many pages of 64 KiB; returns the old size in pages, or nil where that is refused.
    public func grow(pages: UInt32) -> UInt32? {
        let old = gw_memory_grow(pointer, pages)
        return old == .max ? nil : old
    }
}

/// A memory for host functions of its own store, which would keep the store for ever with a handle.
package struct UnownedMemory {
    private let pointer: UnsafeMutablePointer<GWMemory>

    /// Refers to a memory, whose store must outlive the reference.
    package init(_ memory: Memory) { pointer = memory.pointer }

    /// Where the first byte lies at the moment.
    @inline(__always) package var baseAddress: UnsafeMutableRawPointer { UnsafeMutableRawPointer(pointer.pointee.base) }
    /// The size in bytes at the moment.
    @inline(__always) package var byteCount: UInt64 { pointer.pointee.size }
}

/// A table of references (section 4.2.7).
public final class Table {
    let store: Store
    let pointer: UnsafeMutablePointer<GWTable>
    /// The type of the elements.
    public let element: ValueType

    init(_ pointer: UnsafeMutablePointer<GWTable>, _ element: ValueType, store: Store) {
        self.pointer = pointer
        self.element = element
        self.store = store
    }

    /// Makes a table of null references.
    ///
    /// - Throws: ``CallError/outOfMemory``, also for more than 10 million elements.
    public convenience init(_ type: TableType, in store: Store) throws(CallError) {
        self.init(try store.makeTable(type, 0), type.element, store: store)
    }

    /// The number of elements.
    public var count: Int { Int(pointer.pointee.count) }

    /// The type; its minimum is the size of the moment.
    public var type: TableType {
        let maximum = pointer.pointee.maximum
        return TableType(
            element: element, limits: Limits(minimum: pointer.pointee.count, maximum: maximum == .max ? nil : maximum))
    }

    /// An element; nil beyond the end.
    public subscript(index: Int) -> Value? {
        guard index >= 0, index < count else { return nil }
        return Value(element, slot: pointer.pointee.elements[index], store: store)
    }
}

/// A global variable (section 4.2.10).
public final class Global {
    let store: Store
    /// Its cell; a vector has two neighbouring ones.
    let pointer: UnsafeMutablePointer<UInt64>
    /// The type.
    public let type: GlobalType

    init(_ pointer: UnsafeMutablePointer<UInt64>, _ type: GlobalType, store: Store) {
        self.pointer = pointer
        self.type = type
        self.store = store
    }

    /// Makes a global.
    ///
    /// - Precondition: `value` is of the type.
    public convenience init(_ type: GlobalType, _ value: Value, in store: Store) {
        precondition(value.type == type.value, "a global of type \(type.value) cannot hold \(value)")
        self.init(store.makeCell(value), type, store: store)
    }

    /// The value at the moment.
    public var value: Value {
        var cells = UnsafePointer(pointer)
        return Value(type.value, slots: &cells, store: store)
    }
}

/// A function, of a module or of the host (section 4.2.6).
public struct Function: Equatable {
    let store: Store
    let pointer: UnsafeMutablePointer<GWFunction>
    /// The type.
    public let type: FunctionType

    init(_ pointer: UnsafeMutablePointer<GWFunction>, _ type: FunctionType, store: Store) {
        self.pointer = pointer
        self.type = type
        self.store = store
    }

    /// The function that a reference in a slot means; nil for the null reference.
    init?(slot: UInt64, store: Store) {
        guard let pointer = UnsafeMutablePointer<GWFunction>(bitPattern: UInt(slot)) else { return nil }
        self.init(pointer, TypeNumbers.type(pointer.pointee.type), store: store)
    }

    /// Whether both are the same function of the same instance.
    public static func == (a: Function, b: Function) -> Bool { a.pointer == b.pointer }

    /// Calls the function.
    ///
    /// - Throws: As ``call(_:)``.
    public func callAsFunction(_ arguments: Value...) throws(ExecutionError) -> [Value] { try call(arguments) }

    /// Calls the function.
    ///
    /// - Throws: ``ExecutionError``; it is ``ExecutionError/uncallable(_:)`` where the arguments are not those of the
    ///   type.
    public func call(_ arguments: [Value]) throws(ExecutionError) -> [Value] {
        guard arguments.map(\.type) == type.parameters else {
            throw .uncallable(.mismatchedArguments(expected: type.parameters, given: arguments.map(\.type)))
        }
        for case .function(let function?) in arguments where function.store !== store {
            throw .uncallable(.otherStore)
        }
        let slots = store.machine.pointee.top!
        var next = slots
        for argument in arguments { next = argument.store(toSlots: next) }
        do { try store.call(pointer) } catch { throw ExecutionError(leaving: error) }
        var results = UnsafePointer(slots)
        return type.results.map { Value($0, slots: &results, store: store) }
    }

    /// Calls the function with arguments and result as the engine's slots: without any allocation, and without looking
    /// at the type.
    ///
    /// i32 and f32 are zero-extended bits. Unused arguments do no harm: there is always room above the stack's top.
    ///
    /// - Precondition: The function has at most two parameters and one result, and none is a vector.
    /// - Throws: ``Trap``, and what a host function threw, as they are.
    @inline(__always)
    @discardableResult
    package func callSlots(_ first: UInt64 = 0, _ second: UInt64 = 0) throws -> UInt64 {
        assert(
            type.parameters.count <= 2 && type.results.count <= 1 && !(type.parameters + type.results).contains(.v128),
            "the arguments of \(type.text) do not fit into two slots")
        let slots = store.machine.pointee.top.unsafelyUnwrapped
        slots[0] = first
        slots[1] = second
        try store.call(pointer)
        return slots[0]
    }

    /// Where the arguments of the next call are put, one slot each (two for a vector), and where its results are then.
    ///
    /// The engine keeps room above the stack's top for the arguments and results of any function that a module may have.
    var argumentSlots: UnsafeMutablePointer<UInt64> { store.machine.pointee.top.unsafelyUnwrapped }

    /// Calls the function with the arguments that lie in ``argumentSlots``.
    @inline(__always)
    func callPrepared() throws { try store.call(pointer) }
}
