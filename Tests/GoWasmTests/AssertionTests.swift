import HostSystem
import Testing

@testable import GoWasm

#if DEBUG
    /// What an implementation of an import reads is what its signature says; otherwise it would read whatever lies there.
    @Suite("Reading more than an import's signature says ends a debug build")
    struct AssertionTests {
        @Test("on Go's stack")
        func stack() async {
            await #expect(processExitsWith: .success) { readFromStack(GoImport.valueDelete, references: 1) }
            await #expect(processExitsWith: .failure) { readFromStack(GoImport.valueDelete, references: 4) }
        }

        @Test("among the arguments of a call of TinyGo's")
        func call() async {
            await #expect(processExitsWith: .success) { readFromCall(count: 2, references: 2) }
            await #expect(processExitsWith: .failure) { readFromCall(count: 2, references: 3) }
        }
    }

    private func readFromStack(_ row: GoImport, references: Int) {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { bytes in
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            let memory = GuestMemory(base: bytes.baseAddress!, count: 256)
            // Nothing that is thrown would end the process.
            guard var stack = try? GoStack(0, frameSize: row.frameSize, memory) else { return }
            for _ in 0..<references { _ = stack.reference() }
        }
    }

    private func readFromCall(count: Int, references: Int) {
        var value: UInt64 = 7
        withUnsafeMutableBytes(of: &value) { value in
            var values = [UnsafeMutableRawPointer?](repeating: value.baseAddress, count: 16)
            values.withUnsafeMutableBufferPointer { values in
                guard var call = try? TinyGoCall(values.baseAddress!, count: count, nil, fields: nil, .empty)
                else { return }
                for _ in 0..<references { _ = call.reference() }
            }
        }
    }
#endif
