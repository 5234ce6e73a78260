import CSupport
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
        let (status, text) = try Checkout.run(tool: "encodings.sh", in: folder.url)
        #expect(status == 0)
        #expect(text == "53774 encodings\nall as the assembler has them\n")
    }
}
