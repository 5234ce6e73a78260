import HostSystem
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import GoWasm

/// A program of TinyGo's without code: it exports its imports again, and closures run where Go would.
final class TinyGoGuest {
    /// What TinyGo's exports do.
    final class Code {
        var start: () throws -> Void = {}
        var resume: () throws -> Void = {}
        var schedule: () throws -> Void = {}
    }

    /// How the module is made.
    struct Shape {
        var importModule = "gojs"
        var ticks = TinyGoImport.Ticks.nanoseconds
        var entry = "_start"
        var version: String?
        var hasScheduler = true
        var wasi = [
            "fd_write", "proc_exit", "random_get", "fd_close", "fd_fdstat_get", "fd_seek", "fd_read",
            "fd_prestat_get", "fd_prestat_dir_name", "path_open",
        ]
    }

    /// The types of the functions of WASI that TinyGo's programs import.
    private static let wasiTypes: [String: FunctionType] = [
        "fd_write": FunctionType([.i32, .i32, .i32, .i32], [.i32]), "proc_exit": FunctionType([.i32]),
        "random_get": FunctionType([.i32, .i32], [.i32]), "fd_close": FunctionType([.i32], [.i32]),
        "fd_fdstat_get": FunctionType([.i32, .i32], [.i32]),
        "fd_seek": FunctionType([.i32, .i64, .i32, .i32], [.i32]),
        "fd_read": FunctionType([.i32, .i32, .i32, .i32], [.i32]),
        "fd_prestat_get": FunctionType([.i32, .i32], [.i32]),
        "fd_prestat_dir_name": FunctionType([.i32, .i32, .i32], [.i32]),
        "path_open": FunctionType([.i32, .i32, .i32, .i32, .i32, .i64, .i64, .i32, .i32], [.i32]),
    ]

    let code: Code
    let program: ProgramInstance
    let memory: Memory
    let out = OutputBuffer()
    let err = OutputBuffer()

    var host: GoHost {
        guard let host = program.host else { preconditionFailure("the program has no JavaScript") }
        return host
    }
    var realm: JSRealm { host.realm }

    static func module(_ shape: Shape = Shape()) throws -> Module {
        var builder = ModuleBuilder()
        var index: UInt32 = 0
        func add(_ module: String, _ field: String, _ type: FunctionType, as export: String) {
            builder.imports.append(name(module) + name(field) + [0x00] + unsigned(builder.addType(type)))
            builder.addExport(export, .function, index)
            index += 1
        }
        for row in TinyGoImport.allCases {
            add(shape.importModule, row.rawValue, row.type(shape.ticks), as: row.rawValue)
        }
        for function in shape.wasi {
            guard let type = wasiTypes[function] else { preconditionFailure("\(function) has no type here") }
            add("wasi_snapshot_preview1", function, type, as: function)
        }
        add("test", "start", FunctionType([]), as: shape.entry)
        if shape.hasScheduler {
            add("test", "resume", FunctionType([]), as: "resume")
            add("test", "schedule", FunctionType([]), as: "go_scheduler")
        }
        builder.memories = [[0x00, 0x01]]
        builder.addExport("memory", .memory, 0)
        if let version = shape.version {
            let tool = name("processed-by") + vector([name("clang") + name("16.0.0"), name("TinyGo") + name(version)])
            builder.customSections.append(("producers", unsigned(1) + tool))
        }
        return try Module(builder.bytes)
    }

    /// Makes an instance, which nothing has been called of yet.
    init(
        _ shape: Shape = Shape(), arguments: [String] = [], environment: [String: String] = [:],
        access: HostAccess = .none, trace: HostCallTrace? = nil, isSimulated: Bool = true, usesGuardPages: Bool = true,
        memoryLimit: UInt64 = .max
    ) throws {
        nonisolated(unsafe) let code = Code()
        self.code = code
        var configuration = Program.Configuration(
            arguments: arguments, environment: environment, standardInput: .text("input"),
            standardOutput: .buffer(out), standardError: .buffer(err), access: access)
        configuration.trace = trace
        configuration.engine.usesGuardPages = usesGuardPages
        configuration.engine.callStackSize = 4 << 20
        configuration.engine.memoryLimit = memoryLimit
        if isSimulated { configuration.makeDeterministic(seed: 1) }
        configuration.imports = { imports in
            imports.define("test", "start") { () throws -> Void in try code.start() }
            imports.define("test", "resume") { () throws -> Void in try code.resume() }
            imports.define("test", "schedule") { () throws -> Void in try code.schedule() }
        }
        let program = try ProgramInstance(Program(Self.module(shape)), configuration, nil)
        self.program = program
        memory = try program.instance.memory(named: "memory")
    }

    // MARK: - Calls

    /// Calls an import.
    @discardableResult
    func call(_ name: String, _ arguments: [Value]) throws -> Value? {
        let function = try program.instance.function(named: name)
        // The host's own failures, as the program's ends are told by them.
        do throws(ExecutionError) { return try function.call(arguments).first } catch { throw error.cause }
    }

    @discardableResult
    func call(_ row: TinyGoImport, _ arguments: Value...) throws -> Value? { try call(row.rawValue, arguments) }

    /// Calls an import with one result that is a reference, and returns the value.
    func value(_ row: TinyGoImport, _ arguments: Value...) throws -> JSValue { try value(row, arguments) }

    /// A value as an argument.
    func reference(_ value: JSValue) -> Value { .i64(host.references.store(value)) }
    /// A predefined value by its id and its flag.
    static func predefined(_ id: UInt32, _ flag: UInt32 = 0) -> Value {
        .i64(UInt64(0x7FF8_0000 | flag) << 32 | UInt64(id))
    }
    static var global: Value { predefined(5, 1) }
    static var jsGo: Value { predefined(6, 1) }

    // MARK: - Memory

    /// Puts a text into memory and returns its address and length as arguments.
    func text(_ text: String, at address: UInt32 = 1024) -> [Value] {
        put(Array(text.utf8), at: address)
        return [.i32(address), .i32(UInt32(text.utf8.count))]
    }

    /// Puts a slice of values into memory and returns its address, length and capacity as arguments.
    func list(_ values: [JSValue], at address: UInt32 = 2048) -> [Value] {
        for (index, value) in values.enumerated() {
            store(host.references.store(value), at: address + UInt32(index) * 8)
        }
        return [.i32(address), .i32(UInt32(values.count)), .i32(UInt32(values.count))]
    }

    func put(_ bytes: [UInt8], at address: UInt32) {
        UnsafeMutableRawBufferPointer(start: memory.baseAddress + Int(address), count: bytes.count)
            .copyBytes(from: bytes)
    }

    func store(_ number: some FixedWidthInteger, at address: UInt32) {
        memory.baseAddress.storeBytes(of: number, toByteOffset: Int(address), as: type(of: number))
    }

    func load<Number: FixedWidthInteger>(_ type: Number.Type, at address: UInt32) -> Number {
        memory.baseAddress.loadUnaligned(fromByteOffset: Int(address), as: type)
    }

    func bytes(at address: UInt32, count: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: memory.baseAddress + Int(address), count: count))
    }

    /// The value whose reference lies at an address.
    func value(at address: UInt32) -> JSValue { host.references.load(load(UInt64.self, at: address)) }

    // MARK: - What Go's library does

    /// Calls `fd_write` with a text; returns the errno.
    @discardableResult
    func write(_ text: String, to descriptor: UInt32 = 1) throws -> Value? {
        put(Array(text.utf8), at: 512)
        store(UInt32(512), at: 496)
        store(UInt32(text.utf8.count), at: 500)
        return try call("fd_write", [.i32(descriptor), .i32(496), .i32(1), .i32(504)])
    }

    /// Makes a function of JavaScript's as `js.FuncOf` does.
    func makeFunction(id: UInt32) throws -> JSFunction {
        let arguments = text("_makeFuncWrapper") + list([.number(Double(id))])
        try call("syscall/js.valueCall", [.i32(256), Self.jsGo] + arguments)
        guard load(UInt8.self, at: 264) == 1, let function = value(at: 256).function else {
            throw GuestFault(description: "_makeFuncWrapper returned no function")
        }
        return function
    }

    /// The event that `resume` is to handle, which is taken away.
    func takeEvent() throws -> JSObject? {
        let event = try value(.valueGet, [Self.jsGo] + text("_pendingEvent"))
        try call("syscall/js.valueSet", [Self.jsGo] + text("_pendingEvent") + [Self.predefined(2)])
        return event.object
    }

    private func value(_ row: TinyGoImport, _ arguments: [Value]) throws -> JSValue {
        guard case .i64(let bits)? = try call(row.rawValue, arguments) else { return .undefined }
        return host.references.load(bits)
    }

    func get(_ value: JSValue, _ name: String) throws -> JSValue {
        try self.value(.valueGet, [reference(value)] + text(name))
    }

    func set(_ value: JSValue, _ name: String, _ x: JSValue) throws {
        try call("syscall/js.valueSet", [reference(value)] + text(name) + [reference(x)])
    }

    func string(_ text: String) -> JSValue { .string(JSString.make(text)) }
    var globalValue: JSValue { .object(realm.global) }
}
