public import WasmFrontend

/// What satisfies the imports of modules: functions of the host, and what other instances export (section 4.5.3).
///
/// Host functions are made anew for every store that a module is instantiated in.
public struct Imports {
    private struct Name: Hashable {
        var module: ExactName
        var name: ExactName

        init(module: String, name: String) {
            self.module = ExactName(module)
            self.name = ExactName(name)
        }
    }
    enum Definition {
        case host(FunctionType, HostFunction.Body)
        case extern(Extern)
    }
    private var definitions: [Name: Definition] = [:]
    /// Functions of which a host makes host functions of its own kind: the engine alone does not link them.
    package private(set) var asyncFunctions: [AsyncFunction] = []

    /// Makes an empty set.
    public init() {}

    func definition(_ module: String, _ name: String) -> Definition? { definitions[Name(module: module, name: name)] }

    /// Defines what another instance exports, or what was made in the same store.
    public mutating func define(_ module: String, _ name: String, _ extern: Extern) {
        definitions[Name(module: module, name: name)] = .extern(extern)
    }

    /// Defines a function that a guest starts, and waits for later.
    package mutating func define(_ function: AsyncFunction) { asyncFunctions.append(function) }

    /// Defines a host function of type (i32) -> (), as Go's runtime imports are; the value arrives unsigned.
    ///
    /// An error that `body` throws ends the execution and comes out of the call that entered the guest; so it is with
    /// all host functions.
    public mutating func define(_ module: String, _ name: String, _ body: @escaping (UInt32) throws -> Void) {
        definitions[Name(module: module, name: name)] = .host(FunctionType([.i32]), .plain(body))
    }

    /// Defines a host function of any type.
    ///
    /// In its C type, a vector is a pointer to 16 bytes; see `gw_host_create`.
    ///
    /// - Precondition: `body` returns values of the types that `type` says.
    public mutating func define(
        _ module: String, _ name: String, type: FunctionType, _ body: @escaping ([Value]) throws -> [Value]
    ) {
        definitions[Name(module: module, name: name)] = .host(
            type,
            .raw { arguments, results, store in
                let values = type.parameters.enumerated().map { index, type in
                    Value(type, address: arguments[index]!, store: store)
                }
                let returned = try body(values)
                precondition(returned.map(\.type) == type.results, "\(module).\(name) must return \(type.results)")
                if returned.count == 1 { returned[0].store(to: results!) }
                if returned.count > 1 {
                    var next = results!.assumingMemoryBound(to: UInt64.self)
                    for value in returned { next = value.store(toSlots: next) }
                }
            })
    }

    /// Defines a host function of any type that reads its arguments itself: from as many C values as there are
    /// parameters; and writes the one result, if the type has one, to the address behind.
    package mutating func define(
        _ module: String, _ name: String, type: FunctionType,
        calling body:
            @escaping (UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutableRawPointer?) throws -> Void
    ) {
        definitions[Name(module: module, name: name)] = .host(
            type,
            .raw { arguments, results, _ in
                try body(arguments, results)
            })
    }

    /// Defines a host function whose WebAssembly type is that of a Swift closure with one result.
    public mutating func define<each Parameter: WasmValue, Result: WasmValue>(
        _ module: String, _ name: String, _ body: @escaping (repeat each Parameter) throws -> Result
    ) {
        let type = FunctionType(Self.types((repeat (each Parameter).self)), [Result.valueType])
        definitions[Name(module: module, name: name)] = .host(
            type,
            .raw { arguments, results, _ in
                var index = -1
                func next<T: WasmValue>(_: T.Type) -> T {
                    index += 1
                    return T.load(from: arguments[index]!)
                }
                try body(repeat next((each Parameter).self)).store(to: results!)
            })
    }

    /// Defines a host function whose WebAssembly type is that of a Swift closure without results.
    public mutating func define<each Parameter: WasmValue>(
        _ module: String, _ name: String, _ body: @escaping (repeat each Parameter) throws -> Void
    ) {
        let type = FunctionType(Self.types((repeat (each Parameter).self)))
        definitions[Name(module: module, name: name)] = .host(
            type,
            .raw { arguments, _, _ in
                var index = -1
                func next<T: WasmValue>(_: T.Type) -> T {
                    index += 1
                    return T.load(from: arguments[index]!)
                }
                try body(repeat next((each Parameter).self))
            })
    }

    private static func types<each T: WasmValue>(_ types: (repeat (each T).Type)) -> [ValueType] {
        var result: [ValueType] = []
        for type in repeat each types { result.append(type.valueType) }
        return result
    }
}

extension Value {
    /// A value that libffi has put in memory as the C value of its type.
    init(_ type: ValueType, address: UnsafeRawPointer, store: Store) {
        if type == .v128 {
            self = .v128(V128.load(from: address))
            return
        }
        let isNarrow = type == .i32 || type == .f32
        let slot = isNarrow ? UInt64(address.load(as: UInt32.self)) : address.load(as: UInt64.self)
        self.init(type, slot: slot, store: store)
    }

    /// Writes the C value of a single result.
    func store(to address: UnsafeMutableRawPointer) {
        switch self {
        case .i32(let bits), .f32(let bits): address.storeBytes(of: bits, as: UInt32.self)
        default: store(toSlots: address.assumingMemoryBound(to: UInt64.self))
        }
    }
}

/// A function that goes on while the guest does something else; bytes are its argument and its result.
package struct AsyncFunction: Sendable {
    /// The two names under which modules import it.
    package let module, name: String
    /// What it does, in a task of its own; the text of an error is what the guest gets to see.
    package let body: @Sendable ([UInt8]) async throws -> [UInt8]

    /// Makes a function.
    package init(module: String, name: String, body: @escaping @Sendable ([UInt8]) async throws -> [UInt8]) {
        self.module = module
        self.name = name
        self.body = body
    }
}
