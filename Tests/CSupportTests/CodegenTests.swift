import CSupport
import Foundation
import Testing

/// The machine code of the dispatch loop, as `make build` leaves it.
private enum Loop {
    static let object = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent(".build/release/CSupport.build/gw_interpreter.c.o").path

    static let isThere =
        ProcessInfo.processInfo.environment["GOWASM_REQUIRE_SUITES"] == "1"
        || FileManager.default.isReadableFile(atPath: object)

    /// The instructions, a line each: what binutils' objdump prints.
    static func disassembly() throws -> [Substring] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["objdump", "-d", "--no-show-raw-insn", object]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self).split(separator: "\n")
    }
}

#if arch(x86_64)
    @Suite("The compiled loop", .disabled(if: !Loop.isThere, "`make build` has not compiled it"))
    struct CodegenTests {
        @Test("has an indirect jump for every instruction: dispatch is not merged into shared jumps")
        func dispatch() throws {
            let jumps = try Loop.disassembly().count { line in
                line.contains(/\bjmp\s+\*%r/)
            }
            // `exit`, `unreachable` and the invalid instruction do not go on; branches go on in two places.
            #expect(jumps >= Int(GWOp.count.rawValue) - 3)
        }

        @Test("dispatches with one load, one addition and one jump, from the same registers everywhere")
        func pattern() throws {
            let lines = try Loop.disassembly()
            var patterns: [String: Int] = [:]
            for (index, line) in lines.enumerated() where line.contains(/\bjmp\s+\*%r/) && index >= 2 {
                let load = lines[index - 2].firstMatch(of: /movslq \((%\w+)\),/)
                let add = lines[index - 1].firstMatch(of: /add\s+(%\w+),/)
                if let load, let add { patterns["\(load.1) \(add.1)", default: 0] += 1 }
            }
            let commonest = patterns.values.max() ?? 0
            // Handlers that call C functions may keep the program counter elsewhere for the moment.
            #expect(commonest >= Int(GWOp.count.rawValue) * 8 / 10, "\(patterns)")
        }
    }
#endif
