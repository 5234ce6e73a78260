public import GoWasm

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

extension Imports {
    /// Defines an async function that takes and returns values as JSON.
    ///
    /// ```swift
    /// imports.defineAsync("host", "find", json: Query.self) { query in
    ///     try await store.users(matching: query)
    /// }
    /// ```
    ///
    /// In Go, `hostcall.AwaitJSON` passes the value and returns the result. An argument that is no such value is an error
    /// in Go, as is what `body` throws; see `defineAsync` with texts.
    public mutating func defineAsync<Argument: Decodable & Sendable, Result: Encodable & Sendable>(
        _ module: String, _ name: String, json type: Argument.Type,
        _ body: @escaping @Sendable (Argument) async throws -> Result
    ) {
        defineAsync(module, name) { (bytes: Data) async throws -> Data in
            try await JSONEncoder().encode(body(JSONDecoder().decode(Argument.self, from: bytes)))
        }
    }
}
