import Foundation
import WasmFrontend
import WasmRuntime

/// Modules written as text, assembled by wabt's `wat2wasm`.
enum Assembler {
    /// The program; nil where it is not installed.
    static let path: String? = {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map { "\($0)/wat2wasm" } + ["/usr/bin/wat2wasm", "/usr/local/bin/wat2wasm"])
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Whether tests that need it are skipped; where suites are required, they fail instead.
    static let isMissing = path == nil && ProcessInfo.processInfo.environment["GOWASM_REQUIRE_SUITES"] != "1"

    struct Failure: Error {
        var message: String
    }

    static func module(_ text: String) throws -> Module {
        guard let path else { throw Failure(message: "wat2wasm is not installed (Debian package wabt)") }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gowasm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appendingPathComponent("module.wat")
        let target = folder.appendingPathComponent("module.wasm")
        try Data(text.utf8).write(to: source)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["--debug-names", source.path, "-o", target.path]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let message = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(message: String(decoding: message, as: UTF8.self)) }
        return try Module(Array(try Data(contentsOf: target)))
    }
}

/// A way to run a module.
struct Way: Sendable, CustomStringConvertible {
    var guards: Bool
    var optimizes: Bool
    var description: String {
        (guards ? "guard pages" : "compared addresses") + (optimizes ? ", optimised" : ", plain")
    }

    static let all = [true, false].flatMap { guards in [true, false].map { Way(guards: guards, optimizes: $0) } }

    func store(callStackSize: UInt64 = 4 << 20, memoryLimit: UInt64 = .max) -> Store {
        var configuration = Store.Configuration()
        configuration.usesGuardPages = guards
        configuration.optimizes = optimizes
        configuration.callStackSize = callStackSize
        configuration.memoryLimit = memoryLimit
        return Store(configuration: configuration)
    }
}

extension Instance {
    /// What a function returns, as bits.
    func bits(_ name: String, _ arguments: Value...) throws -> [UInt64] {
        try function(named: name).call(arguments).map { value in
            switch value {
            case .i32(let bits), .f32(let bits): UInt64(bits)
            case .i64(let bits), .f64(let bits): bits
            default: 0
            }
        }
    }

    /// The trap that a call ends with; nil if it ends with none.
    func trap(_ name: String, _ arguments: Value...) throws -> Trap? {
        do {
            _ = try function(named: name).call(arguments)
            return nil
        } catch let trap as Trap {
            return trap
        }
    }
}
