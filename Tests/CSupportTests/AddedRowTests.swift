import CSupport
import Testing
import _TestSupport

/// What ARCHITECTURE.md says of adding a form of an instruction: that it takes one row, and nothing else.
@Suite("A form that is added in one place")
struct AddedRowTests {
    private static var isCompiled: Bool { gw_native_is_possible() }

    @Test("reaches selection, decoder, verifier, loop, machine code and reference page", .enabled(if: isCompiled))
    func addedForm() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let (status, text) = try Checkout.run(tool: "added_row.sh", in: folder.url)
        #expect(status == 0)
        #expect(
            text == """
                selection: i64Xor_rtr
                row: dtr, 3 cells, may trap, does not commute
                decoder: i64Xor_rtr
                verifier: right
                verifier, with slot 9 of 4: a slot must lie in the frame
                loop: 0, f0f0
                loop, beyond the memory: out of bounds memory access
                machine code: 0, f0f0, entered 1
                machine code, beyond the memory: out of bounds memory access
                reference page: | i64.xor | dtr | `i64Xor_rtr` |

                """)
    }
}
