import Foundation
import Testing
import WasmFrontend

@Suite(
    .serialized,
    .enabled(
        if: SpecSuite.unavailable == nil || SpecSuite.isRequired,
        "\(SpecSuite.unavailable ?? "the specification's tests are there")"))
struct SpecSuiteTests {
    /// Runs every command of every file, and prints how many of each file passed.
    @Test(arguments: SpecConfiguration.allCases)
    func everyCommandPasses(configuration: SpecConfiguration) throws {
        let suite = try SpecSuite.result.get()
        var total = SpecRunner.Counts()
        var lines: [String] = []
        for file in suite.files {
            let name = file.deletingPathExtension().lastPathComponent
            try suite.withScript(of: file) { script, folder in
                var runner = try SpecRunner(file: name, folder: folder, configuration: configuration)
                for command in script.commands { runner.run(command) }
                for failure in runner.failures { Issue.record("\(name).wast:\(failure.line): \(failure.reason)") }
                #expect(runner.counts.total == script.commands.count)
                lines.append("\(name): \(runner.counts)")
                total += runner.counts
            }
        }
        print(lines.joined(separator: "\n"))
        print("specification (\(configuration)): \(total)")
        #expect(suite.files.count == SpecSuite.fileCount)
        #expect(total.total == SpecSuite.commandCount)
        #expect(total.textModules == SpecSuite.textModuleCount)
    }
}
