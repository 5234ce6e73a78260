import Foundation
import Testing
import _TestSupport

/// Each module is validated as a whole, and its function called, by a process of its own.
///
/// It is done with half as many of what the module has many of, and with all of them, so that one sees whether time and
/// memory are in proportion. Both are printed, memory is checked.
@Suite("Hostile modules", .serialized, .enabled(if: Tools.hasExecutable, Missing.executable))
struct HostileModuleTests {
    private func run(_ module: HostileModule, count: Int) throws -> String {
        let folder = try TemporaryFolder()
        let bytes = module.bytes(count)
        let path = try folder.write(Data(bytes), to: "module.wasm")
        let script = Tools.root.appendingPathComponent("Tests/Tools/measured.py").path
        let finished = try Command(
            executable: "/usr/bin/env",
            arguments: ["python3", script, folder.path("usage"), Tools.executable]
                + ["--validate", "--invoke", "run", path],
            environment: Tools.environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }
        ).run()
        let errors = finished.errorText.prefix(500)
        switch module.outcome {
        case .runs: #expect(finished.end == .exited(0) && finished.errors.isEmpty, "\(errors)")
        case .refused(let words):
            #expect(finished.end == .exited(1), "\(errors)")
            #expect(finished.errorLines.count == 1 && finished.errors.count < 10_000, "\(errors)")
            // What depends on the count is looked at where it is the whole one.
            if count == module.count ?? count { #expect(finished.errorText.contains(words), "\(errors)") }
        }
        let usage = try String(contentsOfFile: folder.path("usage"), encoding: .utf8).split(separator: " ")
        let (seconds, kibibytes) = (try #require(Double(usage[0])), try #require(Int(usage[1].dropLast())))
        // Machine code that is made of all of it takes a quarter more.
        let limit = (module.memory << 10) * (Tools.environment["GOWASM_NATIVE"] == "0" ? 5 : 4) / 4
        if !Tools.isSanitized { #expect(kibibytes <= limit, "\(kibibytes) KiB") }
        return "\(bytes.count) bytes: \(Int(seconds * 1000)) ms, \(kibibytes >> 10) MiB"
    }

    @Test("run or are refused, with no more memory than they are worth", arguments: HostileModule.all)
    func measured(_ module: HostileModule) throws {
        var lines = [String]()
        if let count = module.count { lines.append(try run(module, count: count / 2)) }
        lines.append(try run(module, count: module.count ?? 1))
        print(
            "hostile: \(module.count.map { "\($0) " } ?? "")\(module.testDescription): \(lines.joined(separator: "; "))"
        )
    }
}
