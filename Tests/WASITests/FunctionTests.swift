import Foundation
import HostSystem
import LibC
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import WASI

private typealias Errno = Guest.Errno

extension Tag {
    /// Needs wabt.
    @Tag static var text: Self
}

extension TemporaryFolder {
    /// As a guest has it, as `/f`.
    fileprivate var access: HostAccess { HostAccess(mounts: [.init(host: url.path, guest: "/f")]) }
}

@Suite("The functions of WASI")
struct FunctionTests {
    /// Opens a path of the folder with flags, and returns the guest's number; the path lies at 1000.
    private func open(
        _ guest: Guest, _ name: String, flags: Int64 = 0, rights: Int64 = -1, descriptorFlags: Int64 = 0
    ) throws -> Int64 {
        guest.put(Array(name.utf8), at: 1000)
        let code = try guest.call(
            "path_open", 4, 1, 1000, Int64(name.utf8.count), flags, rights, -1, descriptorFlags, 2000)
        #expect(code == Errno.success)
        return Int64(guest.get(UInt32.self, at: 2000))
    }

    @Test("the functions of the specification are all there, and those of its extension in all their forms")
    func completeness() {
        let names = """
            args_get args_sizes_get environ_get environ_sizes_get clock_res_get clock_time_get fd_advise fd_allocate
            fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get
            fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_get fd_prestat_dir_name fd_pwrite fd_read
            fd_readdir fd_renumber fd_seek fd_sync fd_tell fd_write path_create_directory path_filestat_get
            path_filestat_set_times path_link path_open path_readlink path_remove_directory path_rename path_symlink
            path_unlink_file poll_oneoff proc_exit proc_raise sched_yield random_get sock_accept sock_recv sock_send
            sock_shutdown
            sock_open sock_bind sock_listen sock_connect sock_accept sock_recv_from sock_recv_from sock_send_to
            sock_getlocaladdr sock_getlocaladdr sock_getpeeraddr sock_getpeeraddr sock_getsockopt sock_setsockopt
            sock_getaddrinfo
            """.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(WASIFunction.all.map(\.name) == names)
    }

    @Test("arguments and environment are texts that end with zero")
    func texts() throws {
        let guest = try Guest(arguments: ["a", "bü"], environment: ["X": "1", "A": ""])
        #expect(try guest.call("args_sizes_get", 0, 4) == Errno.success)
        #expect((guest.get(UInt32.self, at: 0), guest.get(UInt32.self, at: 4)) == (2, 6))
        #expect(try guest.call("args_get", 8, 100) == Errno.success)
        #expect((guest.get(UInt32.self, at: 8), guest.get(UInt32.self, at: 12)) == (100, 102))
        #expect(guest.text(at: 100, count: 6) == "a\0bü\0")
        #expect(try guest.call("environ_sizes_get", 0, 4) == Errno.success)
        #expect((guest.get(UInt32.self, at: 0), guest.get(UInt32.self, at: 4)) == (2, 7))
        #expect(try guest.call("environ_get", 8, 100) == Errno.success)
        #expect(guest.text(at: 100, count: 7) == "A=\0X=1\0")
    }

    @Test("addresses outside of the memory are refused, in every function that takes one")
    func faults() throws {
        let folder = try TemporaryFolder()
        let guest = try Guest(access: folder.access)
        _ = try open(guest, "file", flags: 1)
        let end: Int64 = 65536
        for (name, arguments) in [
            ("args_sizes_get", [end - 3, 0]), ("args_get", [end, 0]), ("clock_time_get", [0, 0, end - 7]),
            ("random_get", [end - 1, 2]), ("random_get", [-1, 1]), ("fd_write", [1, end - 7, 1, 0]),
            ("fd_read", [5, -8, 1, 0]), ("fd_fdstat_get", [0, end - 23]), ("fd_filestat_get", [5, end - 63]),
            ("path_filestat_get", [4, 0, end - 1, 2, 0]), ("fd_readdir", [4, end - 10, 11, 0, 0]),
            ("poll_oneoff", [end - 47, 0, 1, 0]), ("poll_oneoff", [0, 0, 1 << 27, 0]),
            ("fd_prestat_get", [4, end - 7]), ("path_open", [4, 0, end, 1, 0, 0, 0, 0, 0]),
        ] as [(String, [Int64])] {
            let function = try guest.instance.function(named: name)
            let values = zip(function.type.parameters, arguments).map { type, number in
                type == .i64 ? Value.i64(UInt64(bitPattern: number)) : .i32(UInt32(truncatingIfNeeded: number))
            }
            #expect(try function.call(values) == [.i32(Errno.fault)], "\(name) \(arguments)")
        }
        // A vector that is inside, of bytes that are not.
        guest.put(UInt32(65530), at: 0)
        guest.put(UInt32(7), at: 4)
        #expect(try guest.call("fd_write", 1, 0, 1, 100) == Errno.fault)
    }

    @Test("files are read, written and described in the specification's layouts")
    func files() throws {
        let folder = try TemporaryFolder()
        let guest = try Guest(access: folder.access)
        // 3 is the root, 4 is the folder, 5 the same as the working directory.
        #expect(try guest.call("fd_prestat_get", 4, 0) == Errno.success)
        #expect((guest.get(UInt32.self, at: 0), guest.get(UInt32.self, at: 4)) == (0, 3))
        #expect(try guest.call("fd_prestat_dir_name", 4, 0, 3) == Errno.success)
        #expect(guest.text(at: 0, count: 3) == "/f/")
        #expect(try guest.call("fd_prestat_get", 6, 0) == Errno.badf)

        let file = try open(guest, "file", flags: 1)
        #expect(file == 6)
        guest.put(Array("hello world".utf8), at: 100)
        for (index, part) in [(100, 5), (105, 6)].enumerated() {
            guest.put(UInt32(part.0), at: index * 8)
            guest.put(UInt32(part.1), at: index * 8 + 4)
        }
        #expect(try guest.call("fd_write", file, 0, 2, 50) == Errno.success)
        #expect(guest.get(UInt32.self, at: 50) == 11)
        #expect(try guest.call("fd_tell", file, 50) == Errno.success)
        #expect(guest.get(UInt64.self, at: 50) == 11)
        #expect(try guest.call("fd_seek", file, -5, 1, 50) == Errno.success)
        #expect(try guest.call("fd_seek", file, -50, 1, 50) == Errno.inval)
        guest.put(Array(repeating: UInt8(0), count: 20), at: 100)
        #expect(try guest.call("fd_read", file, 0, 2, 50) == Errno.success)
        #expect(guest.get(UInt32.self, at: 50) == 5)
        #expect(guest.text(at: 100, count: 6) == "world\0")
        #expect(try guest.call("fd_pread", file, 0, 1, 4, 50) == Errno.success)
        #expect(guest.text(at: 100, count: 5) == "o wor")
        #expect(try guest.call("fd_pwrite", file, 0, 1, 6, 50) == Errno.success)
        #expect(try String(contentsOfFile: folder.path("file"), encoding: .utf8) == "hello o wor")

        #expect(try guest.call("fd_filestat_set_times", file, 3_000_000_001, 5_000_000_002, 5) == Errno.success)
        #expect(try guest.call("fd_filestat_set_times", file, 0, 0, 3) == Errno.inval)
        #expect(try guest.call("fd_filestat_get", file, 200) == Errno.success)
        var status = stat()
        #expect(stat(folder.path("file"), &status) == 0)
        #expect(guest.get(UInt64.self, at: 208) == UInt64(status.st_ino))
        #expect((guest.get(UInt8.self, at: 216), guest.get(UInt64.self, at: 224)) == (4, 1))
        #expect(guest.get(UInt64.self, at: 232) == 11)
        #expect((guest.get(UInt64.self, at: 240), guest.get(UInt64.self, at: 248)) == (3_000_000_001, 5_000_000_002))

        #expect(try guest.call("fd_fdstat_get", file, 200) == Errno.success)
        #expect((guest.get(UInt8.self, at: 200), guest.get(UInt16.self, at: 202)) == (4, 0))
        #expect(try guest.call("fd_fdstat_set_flags", file, 1) == Errno.success)
        #expect(try guest.call("fd_seek", file, 0, 0, 50) == Errno.success)
        #expect(try guest.call("fd_write", file, 0, 1, 50) == Errno.success)
        #expect(try String(contentsOfFile: folder.path("file"), encoding: .utf8) == "hello o woro wor")
        #expect(try guest.call("fd_filestat_set_size", file, 3) == Errno.success)
        #expect(try guest.call("fd_allocate", file, 0, 8) == Errno.success)
        #expect(try guest.call("fd_advise", file, 0, 8, 3) == Errno.success)
        #expect(try guest.call("fd_advise", file, 0, 8, 6) == Errno.inval)
        #expect(try guest.call("fd_sync", file) == Errno.success)
        #expect(try guest.call("fd_datasync", file) == Errno.success)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("file"))) == Data("hel".utf8) + Data(count: 5))
        #expect(try guest.call("fd_close", file) == Errno.success)
        #expect(try guest.call("fd_close", file) == Errno.badf)
    }

    @Test("rights can be given up and not taken back, and say how a file was opened")
    func rights() throws {
        let folder = try TemporaryFolder()
        let guest = try Guest(access: folder.access)
        _ = try open(guest, "file", flags: 1)
        let (read, write) = (Int64(Rights.fdRead.rawValue), Int64(Rights.fdWrite.rawValue))
        let reader = try open(guest, "file", rights: read)
        guest.put(UInt32(100), at: 0)
        guest.put(UInt32(1), at: 4)
        #expect(try guest.call("fd_write", reader, 0, 1, 50) == Errno.badf)
        #expect(try guest.call("fd_fdstat_get", reader, 200) == Errno.success)
        #expect(guest.get(Int64.self, at: 208) & (read | write) == read)
        #expect(try guest.call("fd_fdstat_set_rights", reader, write, 0) == Errno.notcapable)
        #expect(try guest.call("fd_fdstat_set_rights", reader, 0, 0) == Errno.success)
        #expect(try guest.call("fd_read", reader, 0, 0, 50) == Errno.notcapable)
        #expect(try guest.call("fd_fdstat_set_rights", reader, read, 0) == Errno.notcapable)
    }

    @Test("directories are read in pieces, by cookies that stay")
    func directories() throws {
        let folder = try TemporaryFolder()
        let names = (0..<50).map { "a long name of number \($0)" }.sorted()
        for name in names { #expect(FileManager.default.createFile(atPath: folder.path(name), contents: nil)) }
        let guest = try Guest(access: folder.access)
        var found: [String] = []
        var cookie: UInt64 = 0
        while true {
            #expect(try guest.call("fd_readdir", 4, 1000, 150, Int64(cookie), 0) == Errno.success)
            let used = Int(guest.get(UInt32.self, at: 0))
            var at = 1000
            while at + 24 <= 1000 + used {
                let length = Int(guest.get(UInt32.self, at: at + 16))
                guard at + 24 + length <= 1000 + used else { break }
                cookie = guest.get(UInt64.self, at: at)
                found.append(guest.text(at: at + 24, count: length))
                at += 24 + length
            }
            if used < 150 { break }
            // What is made meanwhile changes nothing for who is reading.
            #expect(FileManager.default.createFile(atPath: folder.path("\(found.count)"), contents: nil))
        }
        #expect(found == [".", ".."] + names)
    }

    @Test("the time zone can be read where nothing was given, and not be changed")
    func timeZone() throws {
        let guest = try Guest()
        let path = Array("etc/localtime".utf8)
        guest.put(path, at: 1000)
        let count = Int64(path.count)
        // There are systems without one.
        let (missing, read, write) = (44 as UInt32, 1 << 1 as Int64, 1 << 6 as Int64)
        #expect([Errno.success, missing].contains(try guest.call("path_open", 3, 1, 1000, count, 0, read, 0, 0, 100)))
        #expect([Errno.success, missing].contains(try guest.call("path_filestat_get", 3, 1, 1000, count, 200)))
        #expect(try guest.call("path_open", 3, 1, 1000, count, 0, write, 0, 0, 100) == Errno.acces)
        #expect(try guest.call("path_unlink_file", 3, 1000, count) == Errno.acces)
    }

    @Test("what was not given is denied")
    func denied() throws {
        let guest = try Guest()
        let folder = try TemporaryFolder()
        let file = folder.path("file")
        #expect(FileManager.default.createFile(atPath: file, contents: Data("text".utf8)))
        defer { #expect(FileManager.default.fileExists(atPath: file)) }
        let path = Array(file.utf8.dropFirst())
        let count = Int64(path.count)
        guest.put(path, at: 1000)
        #expect(try guest.call("path_open", 3, 1, 1000, count, 0, -1, -1, 0, 100) == Errno.acces)
        #expect(try guest.call("path_unlink_file", 3, 1000, count) == Errno.acces)
        #expect(try guest.call("fd_readdir", 3, 0, 100, 0, 200) != Errno.success)
        #expect(try guest.call("path_open", 4, 1, 1000, count, 0, -1, -1, 0, 100) == Errno.badf)
        // The root that was not given has neither flags nor rights; there are none to be changed.
        #expect(try guest.call("fd_fdstat_get", 3, 200) == Errno.success)
        #expect((guest.get(UInt16.self, at: 202), guest.get(UInt64.self, at: 208)) == (0, 0))
        #expect(try guest.call("fd_fdstat_set_flags", 3, 0) == Errno.success)
        #expect(try guest.call("fd_fdstat_set_rights", 3, 1, 0) == Errno.notcapable)
        #expect(try guest.call("fd_fdstat_set_rights", 3, 0, 0) == Errno.success)
    }

    @Test("descriptors are renumbered, and the lowest free one is given")
    func numbers() throws {
        let folder = try TemporaryFolder()
        let guest = try Guest(access: folder.access)
        let a = try open(guest, "a", flags: 1)
        let b = try open(guest, "b", flags: 1)
        #expect(try guest.call("fd_renumber", a, b) == Errno.success)
        #expect(try guest.call("fd_close", a) == Errno.badf)
        #expect(try open(guest, "c", flags: 1) == a)
        guest.put(UInt32(100), at: 0)
        guest.put(UInt32(1), at: 4)
        #expect(try guest.call("fd_write", b, 0, 1, 50) == Errno.success)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("a"))).count == 1)
        #expect(try guest.call("fd_renumber", a, 99) == Errno.badf)
    }

    @Test("polling takes no processor time, and says which clock it was")
    func sleeping() throws {
        let guest = try Guest()
        for (index, milliseconds) in [300, 100_000].enumerated() {
            let at = index * 48
            guest.put(UInt64(7 + index), at: at)
            guest.put(UInt32(1), at: at + 16)
            guest.put(UInt64(milliseconds) * 1_000_000, at: at + 24)
        }
        func time(_ clock: clockid_t) -> Double {
            var time = timespec()
            clock_gettime(clock, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let (cpu, start) = (time(CLOCK_THREAD_CPUTIME_ID), time(CLOCK_MONOTONIC))
        #expect(try guest.call("poll_oneoff", 0, 1000, 2, 2000) == Errno.success)
        #expect(time(CLOCK_MONOTONIC) - start >= 0.3)
        #expect(time(CLOCK_THREAD_CPUTIME_ID) - cpu < 0.1)
        #expect(guest.get(UInt32.self, at: 2000) == 1)
        #expect(
            (guest.get(UInt64.self, at: 1000), guest.get(UInt16.self, at: 1008), guest.get(UInt8.self, at: 1010)) == (
                7, 0, 0
            ))
        #expect(try guest.call("poll_oneoff", 0, 1000, 0, 2000) == Errno.inval)
    }

    @Test(
        "a simulated clock reaches the last moment that a poll can wait for", arguments: [UInt32(0), 1],
        [UInt16(0), 1])
    func endOfTime(clock: UInt32, flags: UInt16) throws {
        let guest = try Guest(clock: Clock(simulatedFrom: 1_000_000_000))
        // Once to get there, once when it is there.
        for _ in 0..<2 {
            guest.put(clock, at: 16)
            guest.put(UInt64(Int64.max), at: 24)
            guest.put(flags, at: 40)
            #expect(try guest.call("poll_oneoff", 0, 1000, 1, 2000) == Errno.success)
            #expect(guest.get(UInt32.self, at: 2000) == 1)
        }
    }

    @Test("polling tells at once of files, and of descriptors that are none")
    func polling() throws {
        let folder = try TemporaryFolder()
        let guest = try Guest(access: folder.access)
        let file = try open(guest, "file", flags: 1)
        for (index, (type, number)) in [(UInt8(2), file), (1, 77), (0, 0)].enumerated() {
            let at = index * 48
            guest.put(UInt64(index), at: at)
            guest.put(type, at: at + 8)
            guest.put(UInt32(number), at: at + 16)
            guest.put(UInt64.max, at: at + 24)
        }
        #expect(try guest.call("poll_oneoff", 0, 1000, 3, 2000) == Errno.success)
        #expect(guest.get(UInt32.self, at: 2000) == 2)
        #expect((guest.get(UInt16.self, at: 1008), guest.get(UInt8.self, at: 1010)) == (0, 2))
        #expect((guest.get(UInt64.self, at: 1032), guest.get(UInt16.self, at: 1040)) == (1, UInt16(Errno.badf)))
    }

    @Test("a signal ends the guest as it ends processes, is ignored, or refused where it would stop it")
    func signals() throws {
        let guest = try Guest()
        for (signal, number) in [(1, SIGHUP), (6, SIGABRT), (9, SIGKILL), (15, SIGTERM), (23, SIGXCPU), (30, SIGSYS)] {
            #expect(throws: WASIExit(status: ExitStatus(code: 128 + number))) {
                try guest.call("proc_raise", Int64(signal))
            }
        }
        for signal in [0, 16, 17, 22, 27] as [Int64] {
            #expect(try guest.call("proc_raise", signal) == Errno.success)
        }
        #expect(try guest.call("proc_raise", 18) == Errno.notsup)
        #expect(try guest.call("proc_raise", 31) == Errno.inval)
    }

    @Test("positions at the end of what numbers can say are refused")
    func positions() throws {
        // A device that has bytes wherever one asks.
        let devices = HostAccess.Mount(host: "/dev", guest: "/f", isReadOnly: true)
        let guest = try Guest(access: HostAccess(mounts: [devices]))
        let zeros = try open(guest, "zero", rights: Int64(Rights.fdRead.rawValue))
        for index in 0..<2 {
            guest.put(UInt32(100), at: index * 8)
            guest.put(UInt32(8), at: index * 8 + 4)
        }
        #expect(try guest.call("fd_pread", zeros, 0, 2, 0, 50) == Errno.success)
        #expect(guest.get(UInt32.self, at: 50) == 16)
        #expect(try guest.call("fd_pread", zeros, 0, 2, .max - 4, 50) == Errno.inval)
        #expect(try guest.call("fd_pread", zeros, 0, 2, -1, 50) == Errno.inval)
    }

    @Test("a guest that exits throws its status, and what it cannot do is refused")
    func rest() throws {
        let guest = try Guest()
        #expect(throws: WASIExit(status: ExitStatus(code: 7))) { try guest.call("proc_exit", 7) }
        #expect(try guest.call("sched_yield") == Errno.success)
        #expect(
            try guest.call("sock_shutdown", 0, 1) == Errno.notcapable
                || guest.call("sock_shutdown", 0, 1) == Errno.notsock)
        #expect(try guest.call("clock_time_get", 9, 0, 0) == Errno.inval)
        for clock in 0..<4 {
            #expect(try guest.call("clock_time_get", Int64(clock), 0, 0) == Errno.success)
            #expect(guest.get(UInt64.self, at: 0) > 0)
            #expect(try guest.call("clock_res_get", Int64(clock), 8) == Errno.success)
            #expect(guest.get(UInt64.self, at: 8) > 0)
        }
        #expect(try guest.call("random_get", 100, 64) == Errno.success)
        #expect((100..<164).contains { guest.get(UInt8.self, at: $0) != 0 })
    }

    @Test("a socket that was made before the guest accepts, receives and sends")
    func sockets() throws {
        let files = try FileSystem(HostAccess(listeners: ["127.0.0.1:0"]))
        var port: UInt16 = 0
        files.report = { port = UInt16($0.split(separator: ":").last ?? "") ?? 0 }
        try files.addPreopens()
        let host = WASIHost(files, arguments: [], environment: [])
        let store = Store()
        let memory = try Memory(MemoryType(limits: Limits(minimum: 1)), in: store)
        host.link(memory)

        let listener: UInt32 = 3
        try host.fdFdstatSetFlags(listener, 4)
        #expect(throws: ErrorCode(EAGAIN)) { try host.sockAccept(listener, 0, 0) }
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(connected == 0)
        try host.fdFdstatSetFlags(listener, 0)
        try host.sockAccept(listener, 4, 0)
        let guest = memory.baseAddress
        let connection = guest.load(as: UInt32.self)
        guest.storeBytes(of: 100, toByteOffset: 8, as: UInt32.self)
        guest.storeBytes(of: 50, toByteOffset: 12, as: UInt32.self)
        #expect(throws: ErrorCode(EAGAIN)) { try host.sockRecv(connection, 8, 1, 0, 16, 20) }
        #expect(send(client, "abc", 3, 0) == 3)
        while !Descriptors.isReadable(try files.file(Int(connection)).descriptor) { usleep(1000) }
        try host.sockRecv(connection, 8, 1, 1, 16, 20)
        try host.sockRecv(connection, 8, 1, 0, 16, 20)
        #expect(guest.load(fromByteOffset: 16, as: UInt32.self) == 3)
        guest.storeBytes(of: 3, toByteOffset: 12, as: UInt32.self)
        try host.sockSend(connection, 8, 1, 0, 16)
        try host.sockShutdown(connection, 2)
        var bytes = [UInt8](repeating: 0, count: 10)
        #expect(recv(client, &bytes, 10, Int32(MSG_WAITALL)) == 3)
        #expect(bytes.prefix(3) == [97, 98, 99])
        #expect(throws: ErrorCode(ENOTSOCK)) { try host.sockSend(1, 8, 1, 0, 16) }
    }

    @Test("a folder with more names than memory has room for is not listed", arguments: [2 << 20, 8 << 20] as [UInt64])
    func manyNames(limit: UInt64) throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "n", count: 200)
        for number in 0..<6000 { _ = try folder.write(Data(), to: "\(name)\(number)") }
        let access = HostAccess(mounts: [.init(host: folder.url.path, guest: "/", isReadOnly: true)])
        let guest = try Guest(access: access, memoryLimit: limit)
        try guest.instance.store.charging {
            let errno = try guest.call("fd_readdir", 3, 1024, 4096, 0, 512)
            #expect(errno == (limit == 2 << 20 ? Guest.Errno.noMemory : Guest.Errno.success))
        }
    }
}
