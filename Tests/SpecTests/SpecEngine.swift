import WasmFrontend
import WasmRuntime

/// How to run the suite: the engine's variants must not differ in what they compute.
enum SpecConfiguration: CaseIterable {
    case guardPages
    case checkedMemory
    case guardPagesUnoptimized
    case checkedMemoryUnoptimized
    /// As machine code, all of it; and some functions, entered at some of the places at which they could be.
    case compiled
    case compiledUnoptimized
    case someCompiled

    fileprivate var usesGuardPages: Bool { self != .checkedMemory && self != .checkedMemoryUnoptimized }
    fileprivate var optimizes: Bool {
        ![.guardPagesUnoptimized, .checkedMemoryUnoptimized, .compiledUnoptimized].contains(self)
    }
    fileprivate var compilation: CompilationPolicy? {
        switch self {
        case .compiled, .compiledUnoptimized: CompilationPolicy(threshold: 0)
        case .someCompiled: CompilationPolicy(threshold: 0, coin: 3)
        default: nil
        }
    }
}

/// An instance of a module.
typealias SpecInstance = Instance

/// An end of an execution or instantiation that tests may expect.
enum SpecFailure: Error {
    /// The module's imports can't be satisfied.
    case link(String)
    /// A trap with this message.
    case trap(String)
}

/// Is told of what the engine does for the suite; the writer of images (Tests/Images) is one.
protocol SpecWatcher: AnyObject {
    /// An instance of a module is going to be made, with imports; returns what to make it with.
    func willInstantiate(_ module: Module, _ imports: Imports, _ store: Store) throws -> Imports
    /// Calls a function.
    func call(_ function: Function, _ name: String, of instance: Instance, _ arguments: [Value]) throws -> [Value]
    /// The results of the last call were as expected.
    func matched(_ expected: [SpecExpectation])
}

/// The engine as the suite sees it: the only code of these tests that knows the runtime's interface.
final class SpecEngine {
    private let store: Store
    private var imports = Imports()
    private let watcher: (any SpecWatcher)?

    /// Makes an engine with the host module `spectest`.
    init(_ configuration: SpecConfiguration, _ watcher: (any SpecWatcher)? = nil) throws {
        self.watcher = watcher
        var store = Store.Configuration()
        store.usesGuardPages = configuration.usesGuardPages
        store.optimizes = configuration.optimizes
        store.compilation = configuration.compilation
        // Some tests exhaust the stack: a small one is exhausted sooner.
        store.callStackSize = 64 << 20
        self.store = Store(configuration: store)
        try defineHostModule(configuration)
    }

    /// What the suite's modules import from `spectest`.
    private func defineHostModule(_ configuration: SpecConfiguration) throws {
        let prints: [(String, [ValueType])] = [
            ("print", []), ("print_i32", [.i32]), ("print_i64", [.i64]), ("print_f32", [.f32]), ("print_f64", [.f64]),
            ("print_i32_f32", [.i32, .f32]), ("print_f64_f64", [.f64, .f64]),
        ]
        for (name, parameters) in prints {
            imports.define("spectest", name, type: FunctionType(parameters)) { _ in [] }
        }
        let globals: [(String, ValueType, Value)] = [
            ("global_i32", .i32, .i32(666)), ("global_i64", .i64, .i64(666)),
            ("global_f32", .f32, .f32(Float(666.6).bitPattern)), ("global_f64", .f64, .f64(Double(666.6).bitPattern)),
        ]
        for (name, type, value) in globals {
            let global = Global(GlobalType(value: type, isMutable: false), value, in: store)
            imports.define("spectest", name, .global(global))
        }
        let limits = Limits(minimum: 10, maximum: 20)
        imports.define("spectest", "table", .table(try Table(TableType(element: .funcref, limits: limits), in: store)))
        let memory = try Memory(MemoryType(limits: Limits(minimum: 1, maximum: 2)), in: store)
        // The mode that is to be tested must be in force.
        guard memory.hasGuardPages == configuration.usesGuardPages else {
            throw SpecMismatch("memories with guard pages: \(memory.hasGuardPages), wanted the opposite")
        }
        imports.define("spectest", "memory", .memory(memory))
    }

    /// Instantiates a module; throws `SpecFailure`.
    func instantiate(_ module: Module) throws -> SpecInstance {
        let imports = try watcher?.willInstantiate(module, imports, store) ?? imports
        return try translatingErrors { try Instance(module, imports: imports, store: store) }
    }

    /// Makes the exports of an instance importable from the module `name`.
    func register(_ instance: SpecInstance, as name: String) throws {
        for export in instance.module.exports {
            guard let external = instance.export(named: export.name) else {
                throw SpecMismatch("export \(export.name) is missing")
            }
            imports.define(name, export.name, external)
        }
    }

    /// Calls an exported function; throws `SpecFailure`.
    func call(_ name: String, of instance: SpecInstance, _ arguments: [SpecValue]) throws -> [SpecValue] {
        guard case .function(let function)? = instance.export(named: name) else {
            throw SpecMismatch("no function \(name)")
        }
        let values = try arguments.map(value)
        return try translatingErrors {
            try (watcher?.call(function, name, of: instance, values) ?? function.call(values)).map(specValue)
        }
    }

    /// Says that the results of the last call were as expected.
    func matched(_ expected: [SpecExpectation]) { watcher?.matched(expected) }

    /// The value of an exported global.
    func global(_ name: String, of instance: SpecInstance) throws -> SpecValue {
        guard case .global(let global)? = instance.export(named: name) else {
            throw SpecMismatch("no global \(name)")
        }
        return specValue(global.value)
    }

    private func translatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch InstantiationError.unlinkable(let error) {
            throw SpecFailure.link("\(error)")
        } catch InstantiationError.trap(let trap) {
            throw SpecFailure.trap(trap.code.message)
        } catch ExecutionError.trap(let trap) {
            throw SpecFailure.trap(trap.code.message)
        }
    }

    private func value(_ value: SpecValue) throws -> Value {
        switch value {
        case .i32(let bits): .i32(bits)
        case .i64(let bits): .i64(bits)
        case .f32(let bits): .f32(bits)
        case .f64(let bits): .f64(bits)
        case .v128(let vector): .v128(vector)
        case .function(true): .function(nil)
        case .function(false): throw SpecMismatch("no function to refer to")
        case .extern(let number): .extern(number)
        }
    }

    private func specValue(_ value: Value) -> SpecValue {
        switch value {
        case .i32(let bits): .i32(bits)
        case .i64(let bits): .i64(bits)
        case .f32(let bits): .f32(bits)
        case .f64(let bits): .f64(bits)
        case .v128(let vector): .v128(vector)
        case .function(let function): .function(isNull: function == nil)
        case .extern(let number): .extern(number)
        }
    }
}
