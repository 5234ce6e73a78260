// The interface of the runtime, as a skeleton until the engine stands behind it.
public import WasmFrontend

/// Why an execution ended before its time.
public struct Trap: Error, Sendable {
    /// The reasons; declared in CSupport/include/gw_traps.def.
    public enum Code: UInt8, Sendable {
        case unreachable = 1, memoryOutOfBounds = 5, interrupted = 11
        /// The specification's wording.
        public var message: String { "unreachable" }
    }
    public var code: Code
    /// Guest frames, innermost first.
    public var backtrace: [Frame]
    public struct Frame: Sendable {
        /// The function's index in its module.
        public var function: Int
        /// Its name from the name section, or its export name.
        public var name: String?
    }
}

/// A value of WebAssembly.
public enum Value: Sendable, Equatable {
    case i32(UInt32), i64(UInt64), f32(UInt32), f64(UInt64)
    case function(Int?), extern(Int?)
}

/// A linear memory.
public final class Memory {
    /// Where the first byte lies; may change when the memory grows.
    public var baseAddress: UnsafeMutableRawPointer { fatalError() }
    /// The size in bytes.
    public var byteCount: Int { fatalError() }
}

/// The functions, memories, tables and globals that satisfy a module's imports.
public struct Imports {
    public init() {}
    /// Defines a host function of type (i32) -> (); the value arrives unsigned.
    /// Errors that it throws end the execution and come out of the call that entered the guest.
    public mutating func define(_ module: String, _ name: String, _ body: @escaping (UInt32) throws -> Void) { fatalError() }
    /// Defines a host function of any signature.
    public mutating func define(_ module: String, _ name: String, type: FunctionType, _ body: @escaping ([Value]) throws -> [Value]) { fatalError() }
}

/// A function of an instance.
public struct Function {
    public func callAsFunction(_ arguments: Value...) throws -> [Value] { fatalError() }
}

/// A module with its memory, globals and tables, ready to be called.
public final class Instance {
    /// Throws `LinkError` (all missing or mistyped imports at once) or a trap of the start function.
    public init(_ module: Module, imports: Imports) throws { fatalError() }
    public var module: Module { fatalError() }
    public func function(named: String) throws -> Function { fatalError() }
    public func memory(named: String) throws -> Memory { fatalError() }
    /// Ends the execution soon, with the trap `interrupted`; from any thread.
    public nonisolated func interrupt() { fatalError() }
}
