import CSupport
import Testing
import _TestSupport

/// The assemblers that machine code is made with: of each processor, whichever this one is.
@Suite("Encodings")
struct EncodingTests {
    @Test(
        "are those of another assembler: each register, each kind of operand, each length of a number",
        arguments: [("x86", "53774 encodings"), ("arm64", "107397 encodings, 200000 constants")])
    func all(processor: String, count: String) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let (status, text) = try Checkout.run(tool: "encodings.sh", arguments: [processor], in: folder.url)
        #expect(status == 0)
        #expect(text == "\(count)\nall as the assembler has them\n")
    }
}
