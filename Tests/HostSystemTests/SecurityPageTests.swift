import Foundation
import Testing
import _TestSupport

/// SECURITY.md names a test beside each promise.
@Suite("SECURITY.md")
struct SecurityPageTests {
    @Test("names no test that is not there, and no promise without one")
    func tests() throws {
        let page = try String(contentsOf: Checkout.folder.appendingPathComponent("SECURITY.md"), encoding: .utf8)
        // The rows of the tables whose last column is one of tests.
        var rows: [Substring] = []
        for table in page.split(separator: "\n\n", omittingEmptySubsequences: true) {
            let lines = table.split(separator: "\n")
            guard let head = lines.firstIndex(where: { $0.hasSuffix("| test |") }) else { continue }
            rows += lines[(head + 2)...].filter { $0.hasPrefix("| ") }
        }
        #expect(rows.count > 40)
        let makefile = try String(contentsOf: Checkout.folder.appendingPathComponent("Makefile"), encoding: .utf8)
        let sources = try suites()
        for row in rows {
            let cells = row.split(separator: "|")
            let names = try #require(cells.last).split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }
            #expect(cells.count >= 2 && !names.isEmpty, "no test: \(row)")
            for (_, name) in names {
                if name.hasPrefix("make ") {
                    #expect(makefile.contains("\n\(name.dropFirst(5)):"), "\(name)")
                    continue
                }
                let parts = name.split(separator: ".")
                let text = sources[String(parts[0])]
                #expect(text?.contains(parts.count == 2 ? "func \(parts[1])(" : "@Test") == true, "\(name)")
            }
        }
    }

    /// The texts of the files of tests, by their names.
    private func suites() throws -> [String: String] {
        let folder = Checkout.folder.appendingPathComponent("Tests")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var texts: [String: String] = [:]
        for case let file as URL in files where file.lastPathComponent.hasSuffix("Tests.swift") {
            texts[file.deletingPathExtension().lastPathComponent] = try String(contentsOf: file, encoding: .utf8)
        }
        return texts
    }
}
