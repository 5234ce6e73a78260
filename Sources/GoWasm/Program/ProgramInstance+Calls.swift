public import WasmRuntime

/// What passes as bytes to and from functions that a program exports; see the calls of ``ProgramInstance`` with a text or bytes.
///
/// Texts, and arrays of bytes; with the library `GoWasmFoundation` also its `Data`.
public protocol PassedBytes {
    /// Reads what a function returned; the bytes are valid during the call.
    init(passedBytes: UnsafeRawBufferPointer)

    /// Gives `body` the bytes to pass, which are valid during its call.
    func withPassedBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ProgramError) -> Result
    ) throws(ProgramError) -> Result
}

extension String: PassedBytes {
    /// The text; what is no UTF-8 is replaced by U+FFFD.
    public init(passedBytes: UnsafeRawBufferPointer) { self.init(decoding: passedBytes, as: UTF8.self) }

    /// Its UTF-8.
    public func withPassedBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ProgramError) -> Result
    ) throws(ProgramError) -> Result {
        var text = self
        let result = text.withUTF8 { bytes in
            Swift.Result { () throws(ProgramError) -> Result in try body(UnsafeRawBufferPointer(bytes)) }
        }
        return try result.get()
    }
}

extension [UInt8]: PassedBytes {
    /// A copy.
    public init(passedBytes: UnsafeRawBufferPointer) { self.init(passedBytes) }

    /// Its elements.
    public func withPassedBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ProgramError) -> Result
    ) throws(ProgramError) -> Result {
        let result = withUnsafeBytes { bytes in
            Swift.Result { () throws(ProgramError) -> Result in try body(bytes) }
        }
        return try result.get()
    }
}

/// Calls in one line: of functions that take and return numbers, and of those that take and return bytes.
///
/// Each call looks for the function by its name; `function(named:as:)` does that once.
extension ProgramInstance {
    /// Calls an export with numbers and returns its result: `try plugin.call("add", Int32(2), Int32(3), as: Int32.self)`.
    ///
    /// - Throws: As `function(named:as:)` and the function that it returns.
    public func call<each Parameter: WasmValue, Result: WasmValue>(
        _ name: String, _ arguments: repeat each Parameter, as type: Result.Type = Result.self
    ) throws(ProgramError) -> Result {
        try function(named: name, as: ((repeat each Parameter) -> Result).self)(repeat each arguments)
    }

    /// Calls an export with numbers that has no result: `try plugin.call("reset")`.
    ///
    /// - Throws: As the other one.
    public func call<each Parameter: WasmValue>(
        _ name: String, _ arguments: repeat each Parameter
    ) throws(ProgramError) {
        try function(named: name, as: ((repeat each Parameter) -> Void).self)(repeat each arguments)
    }

    /// Calls an export with a text or bytes and returns its result, which is one of these, too.
    ///
    /// ```swift
    /// print(try plugin.call("upper", "text"))                     // TEXT
    /// let bytes = try plugin.call("digest", "text", as: [UInt8].self)
    /// ```
    ///
    /// In Go the function is one of the package `hostcall`, which is a folder to be copied from this package's
    /// `Tests/Examples/Go`:
    ///
    /// ```go
    /// //go:wasmexport upper
    /// func upper(in uint64) uint64 {
    ///     return hostcall.Text(in, func(text string) (string, error) {
    ///         return strings.ToUpper(text), nil
    ///     })
    /// }
    /// ```
    ///
    /// Other languages keep to the same convention. A span is a number of 64 bits, with an address in the upper half and
    /// a number of bytes, less than 2^31, in the lower one. The program exports `gowasm_buffer` of type (i32) -> (i32),
    /// which returns the address of a place for so many bytes, and functions of type (i64) -> (i64), which take the span
    /// of their argument and return that of their result. The result stays as it is until the next call. Where bit 31 is
    /// set, the result is the text of an error.
    ///
    /// - Throws: ``ProgramError/functionFailed(_:)``, where the function returned an error, after which the program can
    ///   be called as before; otherwise as `function(named:as:)` and the function that it returns.
    public func call<Argument: PassedBytes, Result: PassedBytes>(
        _ name: String, _ argument: Argument, as type: Result.Type = Result.self
    ) throws(ProgramError) -> Result {
        try argument.withPassedBytes { (bytes) throws(ProgramError) -> Result in try call(name, passing: bytes) }
    }

    /// Calls an export with a text and returns a text.
    ///
    /// - Throws: As the call that returns any ``PassedBytes``.
    public func call(_ name: String, _ argument: String) throws(ProgramError) -> String {
        try call(name, argument, as: String.self)
    }

    /// Calls an export with bytes and returns bytes.
    ///
    /// - Throws: As the call that returns any ``PassedBytes``.
    public func call(_ name: String, _ argument: [UInt8]) throws(ProgramError) -> [UInt8] {
        try call(name, argument, as: [UInt8].self)
    }

    private func call<Result: PassedBytes>(
        _ name: String, passing bytes: UnsafeRawBufferPointer
    ) throws(ProgramError) -> Result {
        let convention = try self.convention()
        let function = try convention.function(name, of: self)
        guard bytes.count <= PassingConvention.longest else { throw .uncallable(.outOfMemory) }
        let count = UInt32(truncatingIfNeeded: bytes.count)
        let address = try calling { try convention.buffer(count) }
        guard let place = convention.memory.bytes(at: address, count: count) else {
            throw .fault("\(PassingConvention.bufferName) returned an address outside of the memory")
        }
        place.copyMemory(from: bytes)
        let span = try calling { try function(UInt64(address) << 32 | UInt64(count)) }
        let size = UInt32(truncatingIfNeeded: span) & ~PassingConvention.failure
        guard let result = convention.memory.bytes(at: UInt32(truncatingIfNeeded: span >> 32), count: size) else {
            throw .fault("\(name) returned a span that lies outside of the memory")
        }
        if UInt32(truncatingIfNeeded: span) & PassingConvention.failure != 0 {
            throw .functionFailed(String(decoding: result, as: UTF8.self))
        }
        return Result(passedBytes: UnsafeRawBufferPointer(result))
    }

    private func convention() throws(ProgramError) -> PassingConvention {
        if let passing { return passing }
        let made = try PassingConvention(instance)
        passing = made
        return made
    }
}

/// How bytes pass: what a program exports for that.
final class PassingConvention {
    /// The export that makes room for an argument.
    static let bufferName = "gowasm_buffer"
    /// The bit of a result's size that says that it is an error.
    static let failure: UInt32 = 1 << 31
    /// How many bytes a span may have.
    static let longest = Int(failure) - 1

    let buffer: (UInt32) throws -> UInt32
    let memory: Memory
    private var functions: [String: (UInt64) throws -> UInt64] = [:]

    init(_ instance: Instance) throws(ProgramError) {
        do {
            buffer = try instance.function(named: Self.bufferName, as: ((UInt32) -> UInt32).self)
            let name = instance.export(named: "mem") == nil ? "memory" : "mem"
            memory = try instance.memory(named: name)
        } catch {
            throw ProgramError(error)
        }
    }

    /// The function of a name; looked for once.
    func function(
        _ name: String, of program: ProgramInstance
    ) throws(ProgramError) -> (UInt64) throws -> UInt64 {
        if let function = functions[name] { return function }
        do {
            let function = try program.instance.function(named: name, as: ((UInt64) -> UInt64).self)
            functions[name] = function
            return function
        } catch {
            throw ProgramError(error)
        }
    }
}
