public import Foundation

/// The server of Tests/Tools/http_server.py, as long as the value lives.
public final class TestServer {
    private let process = Process()
    private let input = Pipe()
    /// The port at which it listens.
    public let port: Int
    /// A port at which nobody listens.
    public let closedPort: Int

    /// What went wrong where no server could be started.
    struct Failure: Error {
        let said: String
    }

    /// Starts the server; with a certificate and its key it speaks TLS.
    ///
    /// - Throws: where it does not start.
    public init(_ certificate: String...) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["python3", Checkout.folder.appendingPathComponent("Tests/Tools/http_server.py").path] + certificate
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var data = Data()
        while !data.contains(UInt8(ascii: "\n")) {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { break }
            data += piece
        }
        let line = String(decoding: data, as: UTF8.self)
        let ports = line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard ports.count == 2 else { throw Failure(said: line) }
        (port, closedPort) = (ports[0], ports[1])
    }

    deinit { try? input.fileHandleForWriting.close() }

    /// Text with the ports, which differ from run to run, replaced.
    public func normalized(_ data: Data) -> String {
        String(decoding: data, as: UTF8.self)
            .replacingOccurrences(of: ":\(port)", with: ":PORT")
            .replacingOccurrences(of: ":\(closedPort)", with: ":CLOSED")
    }
}
