import HostSystem
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import WASI

/// A guest of a page of memory that passes its calls on, a function for each of WASI's.
///
/// These functions are compiled where that is possible: so whatever calls them calls the host from machine code.
struct Guest {
    let guest: WASIGuest
    var instance: Instance { guest.instance }
    let memory: Memory

    private static let module = Result {
        var builder = ModuleBuilder()
        for (index, function) in WASIFunction.all.enumerated() {
            let type = builder.addType(function.type)
            // What a module imports under one name has one type.
            let imported = function.exportName == function.name ? function.name : function.name + "_v2"
            builder.imports.append(name(WASIFunction.module) + name(imported) + [0x00] + unsigned(type))
            let call = function.type.parameters.indices.flatMap { [0x20] + unsigned($0) } + [0x10] + unsigned(index)
            let own = builder.addFunction(function.type, code: call)
            builder.addExport(function.exportName, .function, UInt32(WASIFunction.all.count) + own)
        }
        builder.memories = [[0x00, 0x01]]
        builder.addExport("memory", .memory, 0)
        return try Module(builder.bytes)
    }

    init(
        arguments: [String] = ["guest"], environment: [String: String] = [:], access: HostAccess = .none,
        trace: HostCallTrace? = nil, streams: StandardStreams = StandardStreams(), clock: Clock = Clock(),
        memoryLimit: UInt64 = .max, snapshot: WASISnapshot? = nil
    ) throws {
        var options = WASIProgram.Options(arguments: arguments, environment: environment, access: access, trace: trace)
        options.streams = streams
        options.clock = clock
        var engine = Store.Configuration()
        engine.callStackSize = 4 << 20
        engine.memoryLimit = memoryLimit
        engine.compilation = CompilationPolicy(threshold: 0)
        guest = try WASIProgram(Self.module.get()).instantiate(options, Store(configuration: engine), snapshot)
        memory = try guest.instance.memory(named: "memory")
    }

    /// Calls a function with its parameters as numbers, and returns the errno.
    ///
    /// - Throws: What the function throws.
    func call(_ name: String, _ arguments: Int64...) throws -> UInt32 {
        let function = try instance.function(named: name)
        let values = zip(function.type.parameters, arguments).map { type, number in
            type == .i64 ? Value.i64(UInt64(bitPattern: number)) : .i32(UInt32(truncatingIfNeeded: number))
        }
        do throws(ExecutionError) {
            guard case .i32(let code)? = try function.call(values).first else { return .max }
            return code
        } catch {
            throw error.cause
        }
    }

    func put(_ bytes: some Collection<UInt8>, at address: Int) {
        UnsafeMutableRawBufferPointer(start: memory.baseAddress + address, count: bytes.count).copyBytes(from: bytes)
    }

    func put(_ number: some FixedWidthInteger, at address: Int) {
        memory.baseAddress.storeBytes(of: number, toByteOffset: address, as: type(of: number))
    }

    func get<Number: FixedWidthInteger>(_ type: Number.Type, at address: Int) -> Number {
        memory.baseAddress.loadUnaligned(fromByteOffset: address, as: type)
    }

    func text(at address: Int, count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: memory.baseAddress + address, count: count), as: UTF8.self)
    }

    /// The numbers that the tests expect (type `errno`).
    enum Errno {
        static let success: UInt32 = 0
        static let acces: UInt32 = 2
        static let badf: UInt32 = 8
        static let fault: UInt32 = 21
        static let inval: UInt32 = 28
        static let noMemory: UInt32 = 48
        static let notsock: UInt32 = 57
        static let perm: UInt32 = 63
        static let notsup: UInt32 = 58
        static let notcapable: UInt32 = 76
    }
}

extension WASIFunction {
    /// Its name; of several forms of a function, the number of parameters behind all but the first.
    var exportName: String {
        let isFirst = Self.all.first { $0.name == name }?.type == type
        return isFirst ? name : "\(name)/\(type.parameters.count)"
    }
}

extension WASIProgram {
    /// Starts a reactor as ``Program`` does.
    func start(_ options: Options = Options(), _ store: Store = Store()) throws -> Instance {
        let instance = try instantiate(options, store).instance
        if module.export(named: "_initialize") != nil { try Self.enter(instance, "_initialize") }
        return instance
    }
}
