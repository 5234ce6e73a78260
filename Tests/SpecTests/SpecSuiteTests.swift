import Foundation
import Testing
import WasmFrontend

@Suite(
    .enabled(
        if: SpecSuite.unavailable == nil || SpecSuite.isRequired,
        "\(SpecSuite.unavailable ?? "the specification's tests are there")"))
struct SpecSuiteTests {
    /// Every module of the suite is accepted or refused as it must be, before anything runs.
    @Test func modulesAreAcceptedOrRefused() throws {
        let suite = try SpecSuite.result.get()
        #expect(suite.files.count == SpecSuite.fileCount)
        var accepted = 0
        var refused = 0
        for file in suite.files {
            let name = file.deletingPathExtension().lastPathComponent
            try suite.withScript(of: file) { script, folder in
                for command in script.commands {
                    do {
                        switch command.kind {
                        case .module, .assertUnlinkable, .assertUninstantiable:
                            _ = try Module(SpecModules.bytes(command, in: folder))
                            accepted += 1
                        case .assertMalformed where command.moduleType == "text":
                            break
                        case .assertMalformed, .assertInvalid:
                            try SpecModules.expectRefusal(command, of: name, in: folder)
                            refused += 1
                        default:
                            break
                        }
                    } catch {
                        Issue.record("\(name).wast:\(command.line): \(error)")
                    }
                }
            }
        }
        print("specification: \(accepted) modules accepted, \(refused) refused")
        #expect(accepted == 1_243)
        #expect(refused == 2_196)
    }
}
