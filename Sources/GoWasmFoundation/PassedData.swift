public import GoWasm

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension Data: PassedBytes {
    /// A copy.
    public init(passedBytes: UnsafeRawBufferPointer) {
        self = passedBytes.isEmpty ? Data() : Data(passedBytes)
    }

    /// Its bytes.
    public func withPassedBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ProgramError) -> Result
    ) throws(ProgramError) -> Result {
        let result = withUnsafeBytes { bytes in
            Swift.Result { () throws(ProgramError) -> Result in try body(bytes) }
        }
        return try result.get()
    }
}

extension ProgramInstance {
    /// Calls an export with a value as JSON, and returns the value in its result, which is JSON, too.
    ///
    /// ```swift
    /// let ada = Person(name: "Ada", age: 36)
    /// let older = try plugin.call("birthday", json: ada, as: Person.self)
    /// ```
    ///
    /// In Go, `hostcall.JSON` gives a function the value and takes one from it.
    ///
    /// - Throws: As the calls that pass bytes; ``ProgramError/hostFunction(_:)``, where the argument or the result is no
    ///   such value: the error is that of `JSONEncoder` or `JSONDecoder`, and the program goes on.
    public func call<Argument: Encodable, Result: Decodable>(
        _ name: String, json argument: Argument, as type: Result.Type = Result.self
    ) throws(ProgramError) -> Result {
        let passed: Data
        do {
            passed = try JSONEncoder().encode(argument)
        } catch {
            throw .hostFunction(error)
        }
        let returned = try call(name, passed, as: Data.self)
        do {
            return try JSONDecoder().decode(Result.self, from: returned)
        } catch {
            throw .hostFunction(error)
        }
    }
}

extension RunningProgram {
    /// Calls an export with a value as JSON, and waits for the value in its result: as the call of `ProgramInstance`.
    ///
    /// - Throws: As that; where the calling task is cancelled, the program is stopped.
    public func call<Argument: Encodable & Sendable, Result: Decodable & Sendable>(
        _ name: String, json argument: Argument, as type: Result.Type = Result.self
    ) async throws(ProgramError) -> Result {
        try await perform { try $0.call(name, json: argument, as: Result.self) }
    }
}

extension ProgramPool {
    /// Calls an export of an instance with a value as JSON, and waits for the value in its result.
    ///
    /// - Throws: As the call of `ProgramInstance`, and `Program.startInBackground`.
    public func call<Argument: Encodable & Sendable, Result: Decodable & Sendable>(
        _ name: String, json argument: Argument, as type: Result.Type = Result.self
    ) async throws(ProgramError) -> Result {
        try await perform { try $0.call(name, json: argument, as: Result.self) }
    }
}
