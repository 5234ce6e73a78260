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
