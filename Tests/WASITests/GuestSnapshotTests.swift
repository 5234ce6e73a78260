import Foundation
import HostSystem
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import WASI

/// What guests that begin with a snapshot have of their host.
@Suite("Snapshots of guests of WASI")
struct GuestSnapshotTests {
    private static func snapshot(of guest: Guest) throws -> WASISnapshot { try guest.guest.snapshot() }

    /// The problem that keeps a guest from being the beginning of others, or from beginning.
    private func problem(_ body: () throws -> Void) -> WASISnapshotProblem? {
        do {
            try body()
            return nil
        } catch {
            return error as? WASISnapshotProblem
        }
    }

    @Test("hold none of its open files")
    func openFiles() throws {
        let folder = try TemporaryFolder()
        try Data("text".utf8).write(to: folder.url.appendingPathComponent("file"))
        let access = HostAccess(mounts: [HostAccess.Mount(host: folder.url.path, guest: "/data")])
        let guest = try Guest(access: access)
        #expect(problem { _ = try Self.snapshot(of: guest) } == nil)
        guest.put("data/file".utf8, at: 0)
        #expect(try guest.call("path_open", 3, 0, 0, 9, 0, 2, 0, 0, 64) == Guest.Errno.success)
        let number = Int64(guest.get(UInt32.self, at: 64))
        #expect(problem { _ = try Self.snapshot(of: guest) } == .openDescriptor(Int(number)))
        #expect(try guest.call("fd_close", number) == Guest.Errno.success)
        #expect(problem { _ = try Self.snapshot(of: guest) } == nil)
        #expect(try guest.call("fd_renumber", 4, 0) == Guest.Errno.success)
        #expect(problem { _ = try Self.snapshot(of: guest) } == .openDescriptor(0))
    }

    @Test("want the same folders by the same paths, and keep what was closed closed")
    func descriptors() throws {
        let folders = [try TemporaryFolder(), try TemporaryFolder()]
        for (index, folder) in folders.enumerated() {
            try Data("text \(index)".utf8).write(to: folder.url.appendingPathComponent("file"))
        }
        func access(_ folder: Int, _ path: String) -> HostAccess {
            HostAccess(mounts: [HostAccess.Mount(host: folders[folder].url.path, guest: path)])
        }
        let guest = try Guest(access: access(0, "/data"))
        #expect(try guest.call("fd_close", 2) == Guest.Errno.success)
        let snapshot = try Self.snapshot(of: guest)
        for other in [HostAccess.none, access(0, "/other")] {
            #expect(problem { _ = try Guest(access: other, snapshot: snapshot) } == .otherDescriptors)
        }
        let second = try Guest(access: access(1, "/data"), snapshot: snapshot)
        #expect(try second.call("fd_write", 2, 0, 0, 64) == Guest.Errno.badf)
        second.put("data/file".utf8, at: 0)
        // The number that is free now.
        #expect(try second.call("path_open", 3, 0, 0, 9, 0, 2, 0, 0, 64) == Guest.Errno.success)
        #expect(second.get(UInt32.self, at: 64) == 2)
        second.put(UInt32(128), at: 72)
        second.put(UInt32(16), at: 76)
        #expect(try second.call("fd_read", 2, 72, 1, 64) == Guest.Errno.success)
        #expect(second.text(at: 128, count: 6) == "text 1")
    }

    @Test("have the arguments and the environment of the first")
    func arguments() throws {
        let first = try Guest(arguments: ["first", "a"], environment: ["A": "1"])
        let second = try Guest(
            arguments: ["second"], environment: ["B": "2", "C": "3"], snapshot: Self.snapshot(of: first))
        #expect(try second.call("args_sizes_get", 0, 4) == Guest.Errno.success)
        #expect(second.get(UInt32.self, at: 0) == 2)
        #expect(try second.call("args_get", 0, 64) == Guest.Errno.success)
        #expect(second.text(at: 64, count: 8) == "first\0a\0")
        #expect(try second.call("environ_sizes_get", 0, 4) == Guest.Errno.success)
        #expect(second.get(UInt32.self, at: 0) == 1)
    }

    @Test("have simulated clocks go on, and none go back")
    func clocks() throws {
        func time(_ guest: Guest, _ clock: Int64) throws -> UInt64 {
            #expect(try guest.call("clock_time_get", clock, 1, 8) == Guest.Errno.success)
            return guest.get(UInt64.self, at: 8)
        }
        let first = try Guest(clock: Clock(simulatedFrom: 5_000_000_000))
        for _ in 0..<10 { _ = try time(first, 1) }
        let snapshot = try Self.snapshot(of: first)
        let next = try time(first, 1)
        #expect(next == 10_000)
        let second = try Guest(clock: Clock(simulatedFrom: 0), snapshot: snapshot)
        #expect(try time(second, 1) == next)
        #expect(try time(second, 0) == 5_000_011_000)
        #expect(problem { _ = try Guest(snapshot: snapshot) } == .otherClock)
        let system = try Self.snapshot(of: Guest())
        #expect(problem { _ = try Guest(clock: Clock(simulatedFrom: 0), snapshot: system) } == .otherClock)
        #expect(problem { _ = try Guest(snapshot: system) } == nil)
    }
}
