import HostSystem
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import GoWasm

/// A guest without code: memory, and closures where Go would run.
final class FakeGuest {
    let host: GoHost
    private let store: Store
    private let real: Memory
    /// What `getsp` returns.
    var stackPointer: UInt32 = 1024
    /// What `resume` does.
    var onResume: () throws -> Void = {}
    /// What `run` does.
    var onRun: () throws -> Void = {}

    init(
        _ generation: GoABI.Generation = .go1_24, services: HostServices = HostServices(),
        trace: HostCallTrace? = nil, hasGuardPages: Bool = true
    ) {
        var configuration = Store.Configuration()
        configuration.usesGuardPages = hasGuardPages
        store = Store(configuration: configuration)
        guard let real = try? Memory(MemoryType(limits: Limits(minimum: 1)), in: store) else {
            preconditionFailure("no memory of one page")
        }
        self.real = real
        host = GoHost(GoABI(generation: generation), host: services, trace: trace)
        host.guest = GuestEntryPoints(
            run: { [unowned self] _, _ in try onRun() },
            resume: { [unowned self] in try onResume() },
            stackPointer: { [unowned self] in stackPointer },
            memory: real)
        services.guestMemory = { [unowned host] in host.memory }
    }

    deinit {
        host.dismantle()
    }

    private var memory: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: real.baseAddress, count: real.byteCount)
    }

    /// Makes the memory a page larger; without guard pages it lies elsewhere then.
    func growMemory() { precondition(real.grow(pages: 1) != nil) }

    func put(_ value: some FixedWidthInteger, at address: Int) {
        memory.storeBytes(of: value, toByteOffset: address, as: type(of: value))
    }

    func put(_ value: JSValue, at address: Int) { put(host.references.store(value), at: address) }

    /// Writes a string far from the stack, and its address and length at `address`.
    func put(_ text: String, at address: Int, storage: Int = 8192) {
        for (offset, byte) in text.utf8.enumerated() { put(byte, at: storage + offset) }
        put(UInt64(storage), at: address)
        put(UInt64(text.utf8.count), at: address + 8)
    }

    /// Writes a slice of values far from the stack, and its address, length and capacity at `address`.
    func put(_ values: [JSValue], at address: Int, storage: Int = 16384) {
        for (position, value) in values.enumerated() { put(value, at: storage + position * 8) }
        put(UInt64(storage), at: address)
        put(UInt64(values.count), at: address + 8)
        put(UInt64(values.count), at: address + 16)
    }

    func get<T: FixedWidthInteger>(_ type: T.Type, at address: Int) -> T {
        memory.loadUnaligned(fromByteOffset: address, as: type)
    }
    func value(at address: Int) -> JSValue { host.references.load(get(UInt64.self, at: address)) }
    func bytes(_ range: Range<Int>) -> [UInt8] { Array(memory[range]) }

    func call(_ row: GoImport) throws { try host.function(for: row, of: "gojs")(stackPointer) }

    var realm: JSRealm { host.realm }

    /// Reads `a.b.c` from the global object.
    func global(_ path: StaticString...) throws(JSFailure) -> JSValue {
        var value = JSValue.object(realm.global)
        for name in path { value = try realm.get(value, realm.key(name)) }
        return value
    }

    /// Calls a method of a value.
    @discardableResult
    func call(_ value: JSValue, _ method: StaticString, _ arguments: JSValue...) throws(JSFailure) -> JSValue {
        let function = try realm.callable(realm.get(value, realm.key(method)), method)
        return try realm.call(function, this: value, values: ContiguousArray(arguments))
    }

    /// `new value(arguments)`.
    func new(_ value: JSValue, _ arguments: JSValue...) throws(JSFailure) -> JSValue {
        try realm.withArguments(count: arguments.count, fill: { arguments[$0] }) { (list) throws(JSFailure) in
            try realm.construct(value, list)
        }
    }

    /// A function that runs Swift code.
    func function(_ body: @escaping ([JSValue]) -> JSValue) -> JSValue {
        .object(realm.makeFunction { _, _, arguments throws(JSFailure) in body(Array(arguments.values)) })
    }

    func string(_ text: String) -> JSValue { .string(JSString.make(text)) }
    func text(_ value: JSValue) throws(JSFailure) -> String { try realm.toString(value).text }

    /// The message of the exception that an operation throws.
    func exception(_ body: () throws(JSFailure) -> JSValue) -> String {
        do {
            _ = try body()
            return "(nothing thrown)"
        } catch {
            return realm.errorText(error.value)
        }
    }
}

extension GoProgram {
    /// Runs a program as ``Program`` does, but that errors come as they are.
    func run(arguments: [String] = ["js"], environment: [String: String] = [:]) throws -> ExitStatus {
        var configuration = Program.Configuration(arguments: Array(arguments.dropFirst()), environment: environment)
        configuration.programName = arguments[0]
        let (instance, host, block) = try prepare(configuration, Store())
        defer { host.dismantle() }
        defer { withExtendedLifetime(instance) {} }
        return try Self.execute(host, block)
    }
}
