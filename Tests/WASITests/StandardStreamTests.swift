import Foundation
import HostSystem
import LibC
import Testing
import _TestSupport

@testable import WASI

private typealias Errno = Guest.Errno

@Suite("Standard input, output and error of a guest of WASI")
struct StandardStreamTests {
    /// Files that stand for standard input and output, and what there is to say about them.
    private struct Files {
        let folder: TemporaryFolder
        let input, output: Int32

        init() throws {
            folder = try TemporaryFolder()
            input = open(try folder.write(Data("some input".utf8), to: "input"), O_RDWR)
            output = open(try folder.write(Data("0123456789".utf8), to: "output"), O_RDWR)
            for number in [input, output] {
                var times = [timespec(tv_sec: 1000, tv_nsec: 1), timespec(tv_sec: 2000, tv_nsec: 2)]
                futimens(number, &times)
                fchmod(number, 0o640)
            }
        }

        func guest() throws -> Guest {
            try Guest(
                streams: StandardStreams(input: .descriptor(input), output: .descriptor(output), error: .discarded))
        }

        /// Mode, owner, size, blocks and times of both.
        var description: [String] {
            [input, output].map { number in
                var status = stat()
                fstat(number, &status)
                return "\(status.st_mode) \(status.st_uid) \(status.st_gid) \(status.st_size) \(status.st_blocks) "
                    + "\(status.st_atim) \(status.st_mtim)"
            }
        }

    }

    @Test("are read, written, looked at and waited for, and nothing else is done to them")
    func borrowed() throws {
        let files = try Files()
        defer { for number in [files.input, files.output] { close(number) } }
        let guest = try files.guest()
        let before = files.description
        let changes: [(String, [Int64])] = [
            ("fd_filestat_set_size", [0]), ("fd_filestat_set_size", [1 << 20]), ("fd_allocate", [0, 1 << 20]),
            ("fd_filestat_set_times", [1, 1, 5]), ("fd_filestat_set_times", [0, 0, 10]), ("fd_advise", [0, 0, 1]),
        ]
        for number in 0...2 as ClosedRange<Int64> {
            for (name, arguments) in changes {
                let code = try Self.call(guest, name, [number] + arguments)
                #expect(code == Errno.perm, "\(name) of \(number)")
            }
            #expect(try guest.call("fd_fdstat_set_flags", number, 1) == Errno.notsup)
        }
        // Nor under another number.
        #expect(try guest.call("fd_renumber", 0, 2) == Errno.success)
        #expect(try guest.call("fd_filestat_set_size", 2, 0) == Errno.perm)
        #expect(files.description == before)

        // What a program does with them otherwise.
        let natural = try files.guest()
        natural.put(UInt32(100), at: 0)
        natural.put(UInt32(4), at: 4)
        #expect(try natural.call("fd_read", 0, 0, 1, 50) == Errno.success)
        #expect(natural.text(at: 100, count: 4) == "some")
        #expect(try natural.call("fd_write", 1, 0, 1, 50) == Errno.success)
        #expect(try natural.call("fd_pread", 0, 0, 1, 5, 50) == Errno.success)
        #expect(natural.text(at: 100, count: 4) == "inpu")
        #expect(try natural.call("fd_seek", 0, 0, 0, 50) == Errno.success)
        #expect(try natural.call("fd_filestat_get", 1, 200) == Errno.success)
        #expect(natural.get(UInt64.self, at: 232) == 10)
        #expect(try natural.call("fd_sync", 1) == Errno.success)
        #expect(try natural.call("fd_fdstat_set_flags", 0, 4) == Errno.success)
        // A subscription of standard input.
        natural.put(UInt8(1), at: 308)
        #expect(try natural.call("poll_oneoff", 300, 400, 1, 50) == Errno.success)
        #expect(try String(contentsOfFile: files.folder.path("output"), encoding: .utf8) == "some456789")
    }

    @Test("have no rights to be changed")
    func rights() throws {
        let files = try Files()
        defer { for number in [files.input, files.output] { close(number) } }
        let guest = try files.guest()
        // fd_read, fd_seek, fd_fdstat_set_flags, fd_sync, fd_datasync, fd_tell, fd_write, fd_filestat_get and
        // poll_fd_readwrite.
        let wanted: UInt64 = [0, 1, 2, 3, 4, 5, 6, 21, 27].reduce(0) { $0 | 1 << $1 }
        for number in 0...1 as ClosedRange<Int64> {
            #expect(try guest.call("fd_fdstat_get", number, 200) == Errno.success)
            #expect(guest.get(UInt64.self, at: 208) == wanted)
        }
    }

    @Test("that are a folder do not give away what is in it")
    func directory() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(Data("x".utf8), to: "secret")
        let number = open(folder.url.path, O_RDONLY | O_DIRECTORY)
        defer { close(number) }
        let guest = try Guest(streams: StandardStreams(input: .descriptor(number)))
        #expect(try guest.call("fd_readdir", 0, 1000, 1000, 0, 50) == Errno.perm)
        guest.put(Array("secret".utf8), at: 100)
        #expect(try guest.call("path_open", 0, 1, 100, 6, 0, -1, -1, 0, 50) != Errno.success)
        #expect(try guest.call("path_unlink_file", 0, 100, 6) != Errno.success)
        #expect(FileManager.default.fileExists(atPath: folder.path("secret")))
    }

    @Test("that were opened only for the other direction are refused and not waited for")
    func directions() throws {
        var (first, second): ([Int32], [Int32]) = ([0, 0], [0, 0])
        #expect(pipe(&first) == 0 && pipe(&second) == 0)
        defer { for number in first + second { close(number) } }
        // The end to write to as standard input, the one to read from as standard output.
        for isFile in [false, true] {
            let folder = try TemporaryFolder()
            let path = try folder.write(Data("x".utf8), to: "file")
            let (writer, reader) = isFile ? (open(path, O_WRONLY), open(path, O_RDONLY)) : (first[1], second[0])
            defer { if isFile { for number in [writer, reader] { close(number) } } }
            let guest = try Guest(
                streams: StandardStreams(input: .descriptor(writer), output: .descriptor(reader), error: .discarded))
            guest.put(UInt32(100), at: 0)
            guest.put(UInt32(4), at: 4)
            guest.put(UInt32(100), at: 8)
            guest.put(UInt32(4), at: 12)
            for vectors in 1...2 as ClosedRange<Int64> {
                #expect(try guest.call("fd_read", 0, 0, vectors, 50) == Errno.badf)
                #expect(try guest.call("fd_write", 1, 0, vectors, 50) == Errno.badf)
                #expect(try guest.call("fd_read", 2, 0, vectors, 50) == Errno.badf)
            }
        }
        let guest = try Guest(streams: StandardStreams(input: .text("x"), output: .discarded, error: .discarded))
        #expect(try guest.call("fd_write", 0, 0, 1, 50) == Errno.badf)
    }

    private static func call(_ guest: Guest, _ name: String, _ arguments: [Int64]) throws -> UInt32 {
        switch arguments.count {
        case 2: try guest.call(name, arguments[0], arguments[1])
        case 3: try guest.call(name, arguments[0], arguments[1], arguments[2])
        default: try guest.call(name, arguments[0], arguments[1], arguments[2], arguments[3])
        }
    }
}
