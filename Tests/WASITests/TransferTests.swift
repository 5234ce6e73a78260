import Foundation
import HostSystem
import Synchronization
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import WASI

/// The functions of WASI, called as a guest with some memory would call them.
private final class Caller {
    let files: FileSystem
    let host: WASIHost
    private let memory: Memory

    init(
        _ streams: StandardStreams, access: HostAccess = .none, pages: UInt32 = 1, clock: Clock = Clock(),
        waker: Waker? = nil
    ) throws {
        files = try FileSystem(access, streams: streams)
        try files.addPreopens()
        files.waker = waker
        host = WASIHost(files, arguments: [], environment: [], clock: clock)
        memory = try Memory(MemoryType(limits: Limits(minimum: pages)), in: Store())
        host.link(memory)
    }

    func put(_ number: some FixedWidthInteger, at address: Int) {
        memory.baseAddress.storeBytes(of: number, toByteOffset: address, as: type(of: number))
    }

    /// Writes a list of buffers at address 0.
    func put(_ vectors: [(address: Int, count: Int)]) {
        for (index, vector) in vectors.enumerated() {
            put(UInt32(vector.address), at: index * 8)
            put(UInt32(vector.count), at: index * 8 + 4)
        }
    }

    func get<Number: FixedWidthInteger>(_ type: Number.Type, at address: Int) -> Number {
        memory.baseAddress.loadUnaligned(fromByteOffset: address, as: type)
    }

    func text(at address: Int, count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: memory.baseAddress + address, count: count), as: UTF8.self)
    }
}

/// Two sockets that are connected, closed behind the test.
private final class SocketPair {
    let (guest, peer): (Int32, Int32)

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        (guest, peer) = (ends[0], ends[1])
    }

    deinit {
        close(guest)
        close(peer)
    }
}

@Suite("Reading and writing of several buffers")
struct TransferTests {
    @Test("moves no more at once than the guest can be told, however often a buffer is named")
    func enormous() throws {
        let written = Mutex(0)
        let output = StandardOutput.closure { bytes in written.withLock { $0 += bytes.count } }
        let size = 5 << 20
        let caller = try Caller(StandardStreams(output: output), pages: UInt32(size >> 16))
        caller.put(Array(repeating: (0, size), count: 1024))
        try caller.host.fdWrite(1, 0, 1024, 16)
        #expect(caller.get(UInt32.self, at: 16) == .max)
        #expect(written.withLock { $0 } == UInt32.max)
    }

    @Test("reports what was written before an error, which the next attempt finds")
    func lateError() throws {
        struct Full: Error {}
        let written = Mutex(0)
        let output = StandardOutput.closure { bytes in
            try written.withLock {
                guard $0 == 0 else { throw Full() }
                $0 += bytes.count
            }
        }
        let caller = try Caller(StandardStreams(output: output))
        caller.put([(100, 3), (200, 4)])
        try caller.host.fdWrite(1, 0, 2, 50)
        #expect(caller.get(UInt32.self, at: 50) == 3)
        #expect(throws: ErrorCode(EIO)) { try caller.host.fdWrite(1, 0, 2, 50) }
    }

    @Test("of streams knows no positions")
    func streamPositions() throws {
        let output = Mutex(0)
        let caller = try Caller(
            StandardStreams(input: .text("abc"), output: .closure { bytes in output.withLock { $0 += bytes.count } }))
        caller.put([(100, 2)])
        #expect(throws: ErrorCode(ESPIPE)) { try caller.host.fdSeek(0, 0, 0, 50) }
        #expect(throws: ErrorCode(ESPIPE)) { try caller.host.fdTell(1, 50) }
        #expect(throws: ErrorCode(ESPIPE)) { try caller.host.fdPread(0, 0, 1, 0, 50) }
        #expect(throws: ErrorCode(ESPIPE)) { try caller.host.fdPwrite(1, 0, 1, 0, 50) }
        #expect(output.withLock { $0 } == 0)
        // Nothing of it was consumed.
        try caller.host.fdRead(0, 0, 1, 50)
        #expect(caller.text(at: 100, count: 2) == "ab")
    }

    @Test("flags of files that the process has are not changed under any number, those of the guest's own are")
    func borrowedFlags() throws {
        let folder = try TemporaryFolder()
        let shared = Foundation.open(folder.path("shared"), O_RDWR | O_CREAT, 0o600)
        defer { close(shared) }
        let mount = HostAccess.Mount(host: folder.url.path, guest: "/")
        let caller = try Caller(
            StandardStreams(output: .descriptor(shared)), access: HostAccess(mounts: [mount]))
        let own = try caller.files.open(
            caller.files.locate(Array("/own".utf8)), flags: O_RDWR | O_CREAT, mode: 0o600)
        // 3 is the root.
        try caller.host.fdRenumber(1, 3)
        #expect(throws: ErrorCode(EOPNOTSUPP)) { try caller.host.fdFdstatSetFlags(3, 1) }
        #expect(fcntl(shared, F_GETFL) & O_APPEND == 0)
        try caller.host.fdRenumber(UInt32(own), 2)
        try caller.host.fdFdstatSetFlags(2, 1)
        #expect(fcntl(try caller.files.file(2).descriptor, F_GETFL) & O_APPEND != 0)
    }

    @Test("of sockets goes on until all is there, where the guest wants that")
    func whole() throws {
        let pair = try SocketPair()
        let peer = pair.peer
        let caller = try Caller(
            StandardStreams(input: .descriptor(pair.guest), output: .descriptor(pair.guest)), pages: 17)
        caller.put([(100, 1), (101, 3)])
        #expect(send(peer, "ab", 2, 0) == 2)
        Thread { send(peer, "cd", 2, 0) }.start()
        try caller.host.sockRecv(0, 0, 2, 2, 50, 54)
        #expect(caller.get(UInt32.self, at: 50) == 4)
        #expect(caller.text(at: 100, count: 4) == "abcd")
        // Only looking does not wait for what is missing.
        #expect(send(peer, "ef", 2, 0) == 2)
        try caller.host.sockRecv(0, 0, 2, 3, 50, 54)
        #expect(caller.get(UInt32.self, at: 50) == 2)
        // At the end there is no more to wait for.
        shutdown(peer, Int32(SHUT_WR))
        try caller.host.sockRecv(0, 0, 2, 2, 50, 54)
        #expect(caller.get(UInt32.self, at: 50) == 2)
        #expect(caller.text(at: 100, count: 4) == "efcd")

        // More than a socket holds.
        caller.put([(65_536, 1000), (65_536, 1 << 20)])
        let received = Mutex(0)
        let isRead = DispatchSemaphore(value: 0)
        Thread {
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(peer, &bytes, bytes.count, 0)
                guard count > 0 else { break }
                received.withLock { $0 += count }
            }
            isRead.signal()
        }.start()
        try caller.host.sockSend(1, 0, 2, 0, 50)
        #expect(caller.get(UInt32.self, at: 50) == 1000 + 1 << 20)
        // The connection is that of whoever else has the socket, too.
        #expect(throws: ErrorCode(EPERM)) { try caller.host.sockShutdown(1, 2) }
        #expect(throws: ErrorCode(EPERM)) { try caller.host.sockAccept(1, 0, 50) }
        shutdown(pair.guest, Int32(SHUT_WR))
        isRead.wait()
        #expect(received.withLock { $0 } == 1000 + 1 << 20)
    }

    @Test("of a full socket sends what fits, and then nothing, where the guest does not want to wait")
    func full() throws {
        let pair = try SocketPair()
        let caller = try Caller(StandardStreams(output: .descriptor(pair.guest)), pages: 17)
        caller.put([(65_536, 1 << 20)])
        try caller.host.fdFdstatSetFlags(1, 4)
        try caller.host.sockSend(1, 0, 1, 0, 50)
        let sent = caller.get(UInt32.self, at: 50)
        #expect(sent > 0 && sent < 1 << 20)
        #expect(throws: ErrorCode(EAGAIN)) { while true { try caller.host.sockSend(1, 0, 1, 0, 50) } }
        #expect(throws: ErrorCode(EAGAIN)) { try caller.host.sockRecv(1, 0, 1, 0, 50, 54) }
    }

    @Test("a sleep takes note of the waker, and goes on")
    func wakerDuringSleep() throws {
        let waker = try #require(Waker())
        let clock = Clock(simulatedFrom: 0)
        let caller = try Caller(StandardStreams(), clock: clock, waker: waker)
        waker.wake()
        caller.put(UInt32(1), at: 16)
        caller.put(UInt64(100_000_000), at: 24)
        try caller.host.pollOneoff(0, 1000, 1, 2000)
        #expect(clock.elapsed >= 100_000_000)
        // Otherwise each look for what is ready would find it again.
        #expect(!Descriptors.isReadable(waker.descriptor))
        waker.interrupt()
        #expect(throws: ErrorCode(EINTR)) { try caller.host.pollOneoff(0, 1000, 1, 2000) }
    }
}
