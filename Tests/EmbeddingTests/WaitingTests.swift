import Foundation
import GoWasm
import Testing
import _TestSupport

extension LibraryTests {
    @Suite(
        "A program that waits is stopped by cancelling its task",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    struct WaitingTests {
        /// What a program waits in that nobody lets go on.
        enum Wait: String, CaseIterable {
            case writeToPipe, writeToSocket, writeToStoppedTerminal, send, receiveAll, accept, openPipe

            /// Those that are tried; terminals are made in other ways elsewhere.
            static var tried: [Wait] {
                #if os(Linux)
                    allCases
                #else
                    allCases.filter { $0 != .writeToStoppedTerminal }
                #endif
            }

            /// What the program does, again and again.
            var code: String {
                switch self {
                case .writeToPipe, .writeToSocket, .writeToStoppedTerminal:
                    "(call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 24))"
                case .send:
                    "(call $sock_send (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0) (i32.const 24))"
                case .receiveAll:
                    """
                    (call $sock_recv
                      (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 2) (i32.const 24) (i32.const 28))
                    """
                case .accept:
                    """
                    (drop (call $fd_fdstat_set_flags (i32.const 3) (i32.const 0)))
                    (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 24))
                    """
                case .openPipe:
                    """
                    (call $path_open
                      (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 0) (i64.const 64)
                      (i64.const 0) (i32.const 0) (i32.const 24))
                    """
                }
            }

            /// Writes a byte to standard error, and then waits.
            var module: String {
                """
                (module
                  (import "wasi_snapshot_preview1" "fd_write"
                    (func $fd_write (param i32 i32 i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags"
                    (func $fd_fdstat_set_flags (param i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "path_open"
                    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "sock_accept"
                    (func $sock_accept (param i32 i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "sock_recv"
                    (func $sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "sock_send"
                    (func $sock_send (param i32 i32 i32 i32 i32) (result i32)))
                  (memory (export "memory") 2)
                  (data (i32.const 0) "\\10\\00\\00\\00\\01\\00\\00\\00")
                  (data (i32.const 8) "\\00\\00\\01\\00\\00\\00\\01\\00")
                  (data (i32.const 32) "fifo")
                  (func (export "_start")
                    (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 24)))
                    (loop $again
                      (drop \(code))
                      (br $again))))
                """
            }
        }

        /// What is at the other end of what the program waits for.
        private final class Peer {
            private var opened: [Int32] = []
            private var folder: TemporaryFolder?

            deinit {
                for descriptor in opened { close(descriptor) }
            }

            func prepare(_ wait: Wait, _ configuration: inout Program.Configuration) throws {
                switch wait {
                case .writeToPipe:
                    opened = [-1, -1]
                    try #require(pipe(&opened) == 0)
                    configuration.standardOutput = .descriptor(opened[1])
                case .writeToSocket, .send, .receiveAll:
                    opened = [-1, -1]
                    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &opened) == 0)
                    configuration.standardOutput = .descriptor(opened[0])
                    configuration.standardInput = .descriptor(opened[0])
                    // Less than is wanted.
                    try #require(Foundation.send(opened[1], "x", 1, 0) == 1)
                case .writeToStoppedTerminal:
                    opened = [open("/dev/ptmx", O_RDWR | O_NOCTTY)]
                    // TIOCSPTLCK and TIOCGPTN, which Swift does not see.
                    var (locked, number): (Int32, Int32) = (0, -1)
                    try #require(
                        ioctl(opened[0], 0x4004_5431, &locked) == 0 && ioctl(opened[0], 0x8004_5430, &number) == 0)
                    opened.append(open("/dev/pts/\(number)", O_RDWR | O_NOCTTY))
                    try #require(opened[1] >= 0 && tcflow(opened[1], TCOOFF) == 0)
                    configuration.standardOutput = .descriptor(opened[1])
                case .accept:
                    configuration.access = HostAccess(listeners: ["127.0.0.1:0"])
                case .openPipe:
                    let folder = try TemporaryFolder()
                    self.folder = folder
                    try #require(mkfifo(folder.path("fifo"), 0o600) == 0)
                    configuration.access = HostAccess(mounts: [.init(host: folder.url.path, guest: "/")])
                }
            }
        }

        @Test("whatever it waits for", .timeLimit(.minutes(1)), arguments: Wait.tried)
        func cancellation(_ wait: Wait) async throws {
            let program = try Program(WebAssemblyText.module(wait.module))
            let peer = Peer()
            let output = Output()
            var configuration = output.configuration()
            try peer.prepare(wait, &configuration)
            let task = Task { [configuration] in try await program.run(configuration) }
            while output.err.bytes.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            // By now it waits, or will soon; both must end.
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            let result = await task.result
            #expect { try result.get() } throws: { isCancelled($0) }
            withExtendedLifetime(peer) {}
        }
    }
}
