import Foundation
import Testing

@testable import HostSystem

@Suite("The process's descriptors")
struct DescriptorTests {
    @Test("a wake that comes while a file is waited for is there for the next waiting")
    func wakeDuringWait() throws {
        let waker = try #require(Waker())
        let ends = try #require(systemPipe())
        defer {
            close(ends.read)
            close(ends.write)
        }
        waker.wake()
        let write = ends.write
        Thread {
            usleep(20_000)
            var byte: UInt8 = 0
            _ = systemWrite(write, &byte, 1)
        }.start()
        try waker.wait(for: ends.read, Int16(POLLIN))
        #expect(Descriptors.isReadable(ends.read))
        #expect(Descriptors.isReadable(waker.descriptor))
        waker.acknowledge()
        #expect(!Descriptors.isReadable(waker.descriptor))
    }

    @Test("signals do not end the waiting for who reads from a pipe")
    func signalsDuringOpening() throws {
        let playground = try Playground()
        let before = signal(SIGUSR2) { _ in }
        defer { signal(SIGUSR2, before) }
        nonisolated(unsafe) let files = try playground.files()
        nonisolated(unsafe) var opener: pthread_t?
        nonisolated(unsafe) var kind: OpenFile.Kind?
        let (hasBegun, hasEnded) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        Thread {
            // The threads of tests hold signals back, and hand that on.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGUSR2)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            opener = pthread_self()
            hasBegun.signal()
            let writer = try? files.open(files.place("/g/fifo"), flags: O_WRONLY, mode: 0)
            kind = writer.flatMap { try? files.file($0).kind }
            hasEnded.signal()
        }.start()
        hasBegun.wait()
        for _ in 0..<10 {
            usleep(5000)
            try #require(hasEnded.wait(timeout: .now()) == .timedOut)
            pthread_kill(try #require(opener), SIGUSR2)
        }
        let reader = systemOpen("\(playground.root)/in/fifo", O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        hasEnded.wait()
        #expect(kind == .pipe)
    }

    #if os(Linux)
        @Test("a folder that cannot be opened leaves none of the others open")
        func failedMounts() throws {
            let playground = try Playground()
            let paths = ["in", "out", "in/sub", "none"].map { "\(playground.root)/\($0)" }
            #expect(throws: HostAccessError.self) {
                try FileSystem(HostAccess(mounts: paths.map { .init(host: $0) }))
            }
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
            }
            #expect(!open.contains { $0.hasPrefix(playground.root) })
        }
    #endif

    #if canImport(Glibc)
        /// Opens files until the process may open no more.
        private static func exhaust() {
            var limit = rlimit(rlim_cur: 256, rlim_max: 256)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            while systemOpen("/dev/null", O_RDONLY) >= 0 {}
        }

        @Test("where none are left, a folder that was granted is not left out without a word")
        func preopens() async {
            await #expect(processExitsWith: .success) {
                let files = try Playground().files()
                DescriptorTests.exhaust()
                #expect(throws: HostAccessError.folder(path: "/g/", reason: ErrorCode(EMFILE).message)) {
                    try files.addPreopens()
                }
            }
        }

        @Test("where none are left, an opening that nobody waits for any more ends all the same")
        func abandonedOpening() async {
            await #expect(processExitsWith: .success) {
                let playground = try Playground()
                let files = try playground.files()
                var opening = try files.opening("/g/fifo")
                weak var work: PipeOpening.Work?
                work = opening?.work
                try #require(work != nil)
                DescriptorTests.exhaust()
                opening = nil
                // The thread lets go of what it shares with the opening when it ends.
                for _ in 0..<10_000 where work != nil { usleep(1000) }
                #expect(work == nil)
            }
        }
    #endif

    @Test("a socket is closed at once, also where a guest wants that to wait until all is sent", arguments: [0, 60])
    func lingering(seconds: Int32) throws {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let socket = socket(AF_INET, type, 0)
        var value = linger(l_onoff: 1, l_linger: seconds)
        var size = socklen_t(MemoryLayout<linger>.size)
        #expect(setsockopt(socket, SOL_SOCKET, SO_LINGER, &value, size) == 0)
        let other = dup(socket)
        defer { close(other) }
        try OpenFile(socket, kind: .socket).closeNow()
        #expect(getsockopt(other, SOL_SOCKET, SO_LINGER, &value, &size) == 0)
        // To be closed without sending the rest takes no time, and is kept.
        #expect((value.l_onoff != 0) == (seconds == 0))
    }
}
