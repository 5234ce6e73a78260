public import Foundation

/// A new folder that is there as long as the value, with all that was put into it.
public final class TemporaryFolder: Sendable {
    /// Where the folder is.
    public let url: URL

    /// Makes an empty folder among the system's temporary files.
    ///
    /// - Throws: what `FileManager` throws where it cannot be made.
    public init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("gowasm-fast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// The path of a file in the folder, whether it is there or not; `name` may be a path itself.
    public func path(_ name: String) -> String {
        url.appendingPathComponent(name).path
    }

    /// Writes a file, and returns its path.
    ///
    /// - Throws: what `Data` throws where it cannot be written.
    public func write(_ data: Data, to name: String) throws -> String {
        try data.write(to: url.appendingPathComponent(name))
        return path(name)
    }
}

/// Calls `body` with the path of a new file of these bytes, which is alone in a folder and is there during the call.
///
/// - Throws: what `body` throws, and where the file cannot be written, as ``TemporaryFolder`` does.
public func withTemporaryFile<Result>(
    _ bytes: some Sequence<UInt8>, _ body: (_ path: String) throws -> Result
) throws -> Result {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data(bytes), to: "file.wasm")
    return try withExtendedLifetime(folder) { try body(path) }
}
