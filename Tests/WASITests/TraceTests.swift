import HostSystem
import Testing
import WasmRuntime
import _TestSupport

@testable import WASI

/// What a trace says of calls.
@Suite("Traces of WASI")
struct TraceTests {
    /// Makes calls of a guest whose memory holds these bytes; returns what the trace says.
    private func trace(
        _ memory: [(Int, [UInt8])], wants: @escaping @Sendable (String, String) -> Bool = { _, _ in true },
        _ body: (Guest) throws -> Void
    ) throws -> [String] {
        nonisolated(unsafe) var calls: [HostCall] = []
        let guest = try Guest(
            arguments: ["guest", "é"], trace: HostCallTrace(wants: wants, report: { calls.append($0) }))
        for (address, bytes) in memory {
            for (offset, byte) in bytes.enumerated() {
                guest.memory.baseAddress.storeBytes(of: byte, toByteOffset: address + offset, as: UInt8.self)
            }
        }
        try body(guest)
        return calls.map(\.description)
    }

    private func words(_ numbers: UInt32...) -> [UInt8] {
        numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    }

    @Test("paths, buffers, results and errors are decoded")
    func decoding() throws {
        let calls = try trace([(100, Array("a/b".utf8)), (200, words(100, 3, 100, 1)), (300, Array("x".utf8))]) {
            _ = try $0.call("path_open", 3, 0, 100, 3, 1, -1, 0, 0, 400)
            _ = try $0.call("path_rename", 3, 100, 3, 4, 300, 1)
            _ = try $0.call("fd_write", 99, 200, 2, 400)
            _ = try $0.call("args_sizes_get", 400, 404)
            _ = try $0.call("fd_write", 99, 65535, 2, 400)
            _ = try $0.call("path_unlink_file", 3, 65535, 5)
        }
        #expect(
            calls == [
                #"path_open(fd=3, lookup=0, path="a/b", flags=1, rights=-1, inheriting=0, fdFlags=0) = EACCES"#,
                #"path_rename(fd=3, old="a/b", newFD=4, new="x") = EACCES"#,
                #"fd_write(fd=99, data=["a/b", "a"]) = EBADF"#, "args_sizes_get() = count=2, size=9",
                "fd_write(fd=99, data=(outside the memory)) = EBADF",
                "path_unlink_file(fd=3, path=(outside the memory)) = EFAULT",
            ])
    }

    @Test("what is waited for, and the end")
    func waiting() throws {
        // A clock that is over at once, and standard input.
        var subscriptions = [UInt8](repeating: 0, count: 96)
        subscriptions[16] = 1
        subscriptions[48 + 8] = 1
        let calls = try trace([(1000, subscriptions)]) { guest in
            _ = try guest.call("poll_oneoff", 1000, 2000, 2, 400)
            #expect(throws: WASIExit.self) { try guest.call("proc_exit", 7) }
        }
        #expect(calls[0].hasPrefix("poll_oneoff(in=[clock1 +0, read fd 0], out=@2000, count=2) = ready="))
        #expect(calls[1] == "proc_exit(code=7) exits")
    }

    @Test("only what is wanted is taken down, and the parameters of every function have names")
    func choice() throws {
        let calls = try trace([], wants: { module, name in module == WASIFunction.module && name == "sched_yield" }) {
            _ = try $0.call("sched_yield")
            _ = try $0.call("fd_close", 99)
        }
        #expect(calls == ["sched_yield()"])
        nonisolated(unsafe) var names: [String] = []
        let guest = try Guest(arguments: [], trace: HostCallTrace(level: .files, report: { names.append($0.name) }))
        _ = try guest.call("sched_yield")
        _ = try guest.call("fd_close", 99)
        _ = try guest.call("path_unlink_file", 3, 0, 1)
        #expect(names == ["fd_close", "path_unlink_file"])
        for function in WASIFunction.all {
            #expect(Set(function.parameters.map { "\($0.key)" }).count == function.parameters.count, "\(function.name)")
        }
    }
}
