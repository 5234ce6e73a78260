import CSupport
import Foundation
import Testing
import _TestSupport

/// The assembler that machine code is made with.
@Suite("Encodings")
struct EncodingTests {
    @Test(
        "are those of another assembler: each register, each kind of operand, each length of a displacement",
        .enabled(if: gw_native_is_possible()))
    func all() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let process = Process()
        process.executableURL = Checkout.folder.appendingPathComponent("Tests/Tools/encodings.sh")
        process.arguments = [folder.url.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(text == "53774 encodings\nall as the assembler has them\n")
    }
}
