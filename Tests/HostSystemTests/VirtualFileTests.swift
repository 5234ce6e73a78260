import CHostSystem
import Foundation
import Synchronization
import Testing
import _TestSupport

@testable import HostSystem

/// A file system that somebody wrote who uses the library: only to be read, and hostile to whoever believes it.
private struct Archive: VirtualFileSystem {
    final class Node: FileNode {
        let children: [FileName: Node]
        let text: [UInt8]?
        let number: UInt64
        /// What it says of itself, whatever it has.
        let size: Int64
        let counts: Int

        init(
            _ number: UInt64, text: String? = nil, children: [FileName: Node] = [:], size: Int64? = nil, counts: Int = 0
        ) {
            self.number = number
            self.children = children
            self.text = text.map { Array($0.utf8) }
            self.size = size ?? Int64(text?.utf8.count ?? 0)
            self.counts = counts
        }

        func status() throws(FileError) -> FileStatus {
            FileStatus(kind: text == nil ? .directory : .regular, number: number, size: size)
        }

        func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
            guard let text else { throw .isDirectory }
            guard offset < text.count else { return counts }
            let part = text[Int(offset)...].prefix(bytes.count)
            bytes.copyBytes(from: part)
            return part.count + counts
        }

        func child(named name: FileName) throws(FileError) -> (any FileNode)? { children[name] }

        func entries() throws(FileError) -> [FileEntry] {
            try children.map { name, node throws(FileError) in
                FileEntry(name: name, number: node.number, kind: try node.status().kind)
            }
        }
    }

    let top: Node
    var root: any FileNode { top }
}

/// The files of a guest that has some file systems.
private func guest(
    _ mounts: (String, any VirtualFileSystem)..., readOnly: Bool = false
) throws -> FileSystem {
    var access = HostAccess.none
    for (path, files) in mounts { access.mount(files, at: path, isReadOnly: readOnly) }
    let files = try FileSystem(access)
    files.report = { _ in }
    return files
}

extension FileSystem {
    fileprivate func write(_ bytes: [UInt8], to path: String, at position: Int64? = nil) throws -> Int {
        let number = try open(place(path), flags: O_RDWR | O_CREAT, mode: 0o644)
        defer { try? close(number) }
        let file = try file(number)
        return try bytes.withUnsafeBytes { try write(file, $0, position: position) }
    }
}

@Suite("Files that are not the system's")
struct VirtualFileTests {
    @Test("the application and a guest have the same files")
    func sharing() throws {
        let files = MemoryFileSystem()
        try files.write("hello", to: "config/app.json")
        let guest = try guest(("/data", files))
        #expect(try guest.read("/data/config/app.json") == "hello")
        #expect(try guest.write(Array("bye".utf8), to: "/data/new") == 3)
        #expect(try files.text(of: "new") == "bye" && files.text(of: "/config/../new") == "bye")
        #expect(try files.entries().map(\.name) == ["config", "new"])
        #expect(try files.status(of: "config").kind == .directory)
        try files.makeSymbolicLink(to: "config/app.json", at: "link")
        #expect(try files.status(of: "link").kind == .symbolicLink && files.text(of: "link") == "hello")
        try files.write("other", to: "link")
        #expect(try files.text(of: "config/app.json") == "other")
        #expect(throws: FileError.notEmpty) { try files.remove("config") }
        try files.remove("config/app.json")
        try files.remove("config")
        #expect(throws: FileError.notFound) { try files.text(of: "link") }
        #expect(throws: FileError.notFound) { try files.status(of: "config") }
        #expect(throws: FileError.accessDenied) { try files.text(of: "../x") }
        #expect(throws: FileError.invalid) { try files.text(of: "a\0b") }
        #expect("\(FileError.notFound)" == "No such file or directory (ENOENT)")
    }

    @Test("no path and no link leads out, and nothing goes from one file system to another")
    func borders() throws {
        let (a, b) = (MemoryFileSystem(), MemoryFileSystem())
        try a.write("a", to: "d/file")
        try b.write("b", to: "file")
        try a.makeSymbolicLink(to: "../../b/file", at: "d/out")
        try a.makeSymbolicLink(to: "/b/file", at: "d/absolute")
        try a.makeSymbolicLink(to: "loop", at: "loop")
        let guest = try guest(("/a", a), ("/b", b), ("/a2", a))
        for path in ["/a/d/out", "/a/d/absolute", "/a/../x"] {
            #expect(guest.ending { _ = try $0.read(path) } == "EACCES", "\(path)")
        }
        #expect(try guest.read("/a/d/../../b/file") == "b")
        #expect(guest.ending { _ = try $0.read("/a/loop") } == "ELOOP")
        #expect(guest.ending { try $0.rename($0.place("/a/d/file"), to: $0.place("/b/x")) } == "EXDEV")
        #expect(guest.ending { try $0.link($0.place("/a/d/file"), to: $0.place("/b/x")) } == "EXDEV")
        // What is given twice is the same.
        #expect(guest.ending { try $0.rename($0.place("/a/d/file"), to: $0.place("/a2/x")) } == "ok")
        #expect(try guest.read("/a/x") == "a")
        #expect(guest.ending { try $0.changeWorkingDirectory(Array("/a/d".utf8)) } == "ok")
        #expect(guest.ending { _ = try $0.read("../x") } == "ok")
        #expect(guest.ending { try $0.changeWorkingDirectory(Array("/a/x".utf8)) } == "ENOTDIR")
    }

    @Test("what was given to be read stays as it is, with EROFS")
    func readOnly() throws {
        let files = MemoryFileSystem()
        try files.write("text", to: "d/file")
        let guest = try guest(("/g", files), readOnly: true)
        let changes: [(String, (FileSystem) throws -> Void)] = [
            ("write", { _ = try $0.open($0.place("/g/d/file"), flags: O_WRONLY, mode: 0) }),
            ("truncate", { _ = try $0.open($0.place("/g/d/file"), flags: O_TRUNC, mode: 0) }),
            ("create", { _ = try $0.open($0.place("/g/new"), flags: O_CREAT, mode: 0o600) }),
            ("length", { try $0.truncate($0.place("/g/d/file"), to: 1) }),
            ("mkdir", { try $0.makeDirectory($0.place("/g/new"), mode: 0o700) }),
            ("unlink", { try $0.unlink($0.place("/g/d/file")) }),
            ("rmdir", { try $0.removeDirectory($0.place("/g/d")) }),
            ("rename", { try $0.rename($0.place("/g/d"), to: $0.place("/g/e")) }),
            ("link", { try $0.link($0.place("/g/d/file"), to: $0.place("/g/e")) }),
            ("symlink", { try $0.makeSymbolicLink([1], at: $0.place("/g/e")) }),
            ("chmod", { try $0.changeMode($0.place("/g/d"), 0) }),
            ("chown", { try $0.changeOwner($0.place("/g/d"), user: 1, group: 1, followingLinks: true) }),
            ("fchmod", { try $0.changeMode($0.file($0.open($0.place("/g/d/file"), flags: 0, mode: 0)), 0) }),
        ]
        for (name, change) in changes { #expect(guest.ending(change) == "EROFS", "\(name)") }
        #expect(try guest.read("/g/d/file") == "text" && guest.read("/g/d/file", O_CREAT) == "text")
        #expect(try files.text(of: "d/file") == "text" && files.entries().count == 1)
    }

    @Test("what is far behind the end takes no memory, and there is an end")
    func sizes() throws {
        let files = MemoryFileSystem()
        let guest = try guest(("/g", files))
        #expect(try guest.write([1, 2, 3], to: "/g/sparse", at: 1 << 39) == 3)
        #expect(try files.status(of: "sparse").size == 1 << 39 + 3)
        #expect(files.byteCount < 4096)
        #expect(throws: FileError.tooLarge) { try files.contents(of: "sparse") }
        #expect(throws: FileError.tooLarge) { try files.contents(of: "sparse", limit: 10) }
        // What fits, and then nothing.
        #expect(try guest.write([1, 2, 3], to: "/g/end", at: 1 << 40 - 2) == 2)
        for position in [1 << 40, .max - 1, .max] as [Int64] {
            #expect(guest.ending { _ = try $0.write([1, 2, 3], to: "/g/end", at: position) } == "EFBIG", "\(position)")
        }
        #expect(guest.ending { _ = try $0.write([1], to: "/g/end", at: .min) } == "EINVAL")
        for size in [1 << 40 + 1, .max] as [Int64] {
            #expect(guest.ending { try $0.truncate($0.place("/g/end"), to: size) } == "EFBIG")
            let number = try guest.open(guest.place("/g/end"), flags: O_RDWR, mode: 0)
            defer { try? guest.close(number) }
            let file = try guest.file(number)
            #expect(guest.ending { try $0.reserve(file, from: size, count: size) } == "EFBIG")
            #expect(guest.ending { _ = try $0.seek(file, size, SEEK_CUR) } == "ok")
            #expect(try guest.seek(file, 0, SEEK_CUR) == size)
            #expect(guest.ending { _ = try $0.seek(file, .max, SEEK_CUR) } == "EINVAL")
            var byte: [UInt8] = [1]
            #expect(try byte.withUnsafeMutableBytes { try guest.read(file, $0, position: nil) } == 0)
        }
        try files.remove("sparse")
        try files.remove("end")
        #expect(files.byteCount < 100)
    }

    @Test("there is no room beyond the capacity")
    func capacity() throws {
        let files = MemoryFileSystem(capacity: 300_000)
        let guest = try guest(("/g", files))
        let bytes = [UInt8](repeating: 7, count: 1 << 20)
        let written = try guest.write(bytes, to: "/g/file")
        #expect((150_000...300_000).contains(written))
        #expect(guest.ending { _ = try $0.write(bytes, to: "/g/file", at: Int64(written)) } == "ENOSPC")
        #expect(throws: FileError.noSpace) { try files.write(bytes, to: "other") }
        #expect(try files.contents(of: "file") == Array(bytes[..<written]))
        // What is shortened gives room back.
        try guest.truncate(guest.place("/g/file"), to: 0)
        #expect(try guest.write([1], to: "/g/file", at: 0) == 1)
    }

    @Test("the memory of a run's guest is charged to its account, and comes back, whoever gives it")
    func charges() throws {
        let account = try #require(gw_account_create(1 << 20))
        defer { gw_account_release(account) }
        let files = MemoryFileSystem()
        try files.write([UInt8](repeating: 0, count: 1 << 21), to: "application's")
        let before = gw_account_enter(account)
        defer { _ = gw_account_enter(before) }
        let guest = try guest(("/g", files))
        #expect(account.pointee.kept < 1000)
        let bytes = [UInt8](repeating: 7, count: 1 << 22)
        let written = try guest.write(bytes, to: "/g/file")
        #expect((500_000...1 << 20).contains(written))
        #expect((UInt64(written)...1 << 20).contains(account.pointee.kept))
        #expect(guest.ending { _ = try $0.write(bytes, to: "/g/other", at: 0) } == "ENOSPC")
        #expect(account.pointee.is_limited)
        // Somebody else removes it; the account hears of it at the next operation.
        Thread.sleepUntilDone { try? files.remove("file") }
        _ = try guest.read("/g/application's")
        #expect(account.pointee.kept < 5000)
        for number in 0... {
            guard guest.ending({ try $0.makeDirectory($0.place("/g/\(number)"), mode: 0o700) }) == "ok" else {
                #expect((1000..<5000).contains(number))
                break
            }
        }
    }

    @Test("a file that is removed goes on for who has it open, and folders of any depth are released")
    func removal() throws {
        let files = MemoryFileSystem()
        let guest = try guest(("/g", files))
        _ = try guest.write([1, 2, 3], to: "/g/file")
        let file = try guest.file(guest.open(guest.place("/g/file"), flags: O_RDWR, mode: 0))
        try guest.unlink(guest.place("/g/file"))
        #expect(try file.status().st_nlink == 0 && file.status().st_size == 3)
        #expect(try [4].withUnsafeBytes { try guest.write(file, $0, position: 3) } == 8)
        try guest.makeDirectory(guest.place("/g/d"), mode: 0o700)
        try guest.changeWorkingDirectory(Array("/g/d".utf8))
        let folder = try guest.file(guest.open(guest.place("/g/d"), flags: O_RDONLY, mode: 0))
        try guest.removeDirectory(guest.place("/g/d"))
        #expect(guest.ending { try $0.makeDirectory($0.locate(Array("x".utf8), in: folder), mode: 0) } == "ENOENT")
        #expect(guest.ending { _ = try $0.entries(folder) } == "ok")
        // Deeper than a thread's stack would let them be released one in another.
        var number = try guest.open(guest.place("/g"), flags: O_RDONLY, mode: 0)
        let first = number
        for _ in 0..<200_000 {
            let here = try guest.file(number)
            let name = try guest.locate(Array("x".utf8), in: here)
            try guest.makeDirectory(name, mode: 0o700)
            let next = try guest.open(name, flags: O_RDONLY, mode: 0)
            if number != first { try guest.close(number) }
            number = next
        }
        try guest.close(number)
        let top = try guest.file(first)
        let (deep, away) = (try guest.locate(Array("x".utf8), in: top), try guest.place("/g/y"))
        try guest.rename(deep, to: away)
        #expect(files.byteCount > 200_000 * 100)
        #expect(guest.ending { try $0.rename(away, to: $0.place("/g/y/x/x/x/y")) } == "EINVAL")
    }

    @Test("a file system that somebody wrote can be read, and cannot harm with what it says")
    func custom() throws {
        let archive = Archive(
            top: .init(
                1,
                children: [
                    "file": .init(2, text: "text"), "d": .init(3, children: ["inner": .init(4, text: "more")]),
                    "vast": .init(5, text: "x", size: .max), "negative": .init(6, text: "x", size: .min),
                    "more": .init(7, text: "x", counts: 1000), "less": .init(8, text: "x", counts: -1000),
                ]))
        let guest = try guest(("/g", archive), ("/o", OverlayFileSystem(archive)))
        for root in ["/g", "/o"] {
            #expect(try guest.read("\(root)/d/../file") == "text" && guest.read("\(root)/d/inner") == "more")
            #expect(try guest.entries(guest.place(root)).count == 6)
            for name in ["vast", "negative", "more", "less"] {
                _ = guest.ending { _ = try $0.read("\(root)/\(name)") }
                #expect(try guest.status(guest.place("\(root)/\(name)"), followingLinks: true).st_size >= 0)
            }
        }
        #expect(guest.ending { _ = try $0.write([1], to: "/g/file") } == "EROFS")
        #expect(guest.ending { _ = try $0.write([1], to: "/g/new") } == "EROFS")
        #expect(try guest.write([65], to: "/o/file") == 1 && guest.read("/o/file") == "Aext")
        #expect(try guest.write([65], to: "/o/vast", at: 3) == 1)
        #expect(try archive.text(of: "file") == "text" && archive.entries(in: "d").count == 1)
        #expect(throws: FileError.tooLarge) { try archive.contents(of: "vast") }
    }

    @Test("several threads may use one file system")
    func threads() throws {
        let files = MemoryFileSystem()
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            do {
                let guest = try guest(("/g", files))
                for round in 0..<300 {
                    let (mine, shared) = ("/g/\(thread)-\(round % 7)", "/g/shared-\(round % 5)")
                    _ = try guest.write([UInt8](repeating: UInt8(thread), count: 5000), to: mine)
                    _ = try? guest.write([UInt8](repeating: UInt8(thread), count: 100), to: shared)
                    _ = try guest.entries(guest.place("/g"))
                    _ = try? guest.rename(guest.place(shared), to: guest.place("/g/shared-\((round + 1) % 5)"))
                    try guest.unlink(guest.place(mine))
                    _ = try? guest.unlink(guest.place(shared))
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try files.entries().allSatisfy { "\($0.name)".hasPrefix("shared") })
    }
}

@Suite("A layer above files")
struct OverlayTests {
    private func lower() throws -> (TemporaryFolder, OverlayFileSystem) {
        let folder = try TemporaryFolder()
        for name in ["d/e", "whole/inner"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
        for name in ["file", "other", "d/one", "d/two", "d/e/three", "whole/inner/x"] {
            _ = try folder.write(Data("text of \(name)".utf8), to: name)
        }
        try FileManager.default.createSymbolicLink(atPath: folder.path("out"), withDestinationPath: "/etc/passwd")
        #expect(mkfifo(folder.path("fifo"), 0o600) == 0)
        return (folder, try OverlayFileSystem(HostFolder(folder.url.path)))
    }

    @Test("changes stay above, and are listed")
    func changes() throws {
        let (folder, files) = try lower()
        #expect(try files.changes == [])
        let guest = try guest(("/g", files))
        #expect(
            try guest.entries(guest.place("/g")).map { GuestPath.text($0.name) } == [
                "d", "file", "other", "out", "whole",
            ])
        #expect(guest.ending { _ = try $0.read("/g/fifo") } == "ENOENT")
        #expect(guest.ending { _ = try $0.read("/g/out") } == "EACCES")
        #expect(try guest.read("/g/d/e/three") == "text of d/e/three" && files.changes == [])
        _ = try guest.write(Array("TEXT".utf8), to: "/g/d/e/three")
        _ = try guest.write(Array("new".utf8), to: "/g/d/new")
        try guest.unlink(guest.place("/g/d/two"))
        try guest.rename(guest.place("/g/file"), to: guest.place("/g/moved"))
        try guest.rename(guest.place("/g/whole"), to: guest.place("/g/part"))
        try guest.changeMode(guest.place("/g/d"), 0o700)
        try guest.unlink(guest.place("/g/other"))
        try guest.makeDirectory(guest.place("/g/other"), mode: 0o755)
        _ = try guest.write([1], to: "/g/other/in")
        #expect(try guest.read("/g/d/e/three") == "TEXT of d/e/three")
        #expect(try guest.read("/g/moved") == "text of file")
        #expect(try guest.read("/g/part/inner/x") == "text of whole/inner/x")
        let changes = try files.changes.map { "\($0.kind) \($0.path)" }
        #expect(
            changes == [
                "modified d", "modified d/e/three", "added d/new", "removed d/two", "removed file", "added moved",
                "removed other", "added other", "added other/in", "added part", "removed whole",
            ])
        for name in ["file", "other", "d/one", "d/two", "d/e/three", "whole/inner/x"] {
            #expect(try String(contentsOfFile: folder.path(name), encoding: .utf8) == "text of \(name)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path("d/new")))
        // What a new folder is made in the place of does not shine through.
        try guest.makeDirectory(guest.place("/g/whole"), mode: 0o755)
        #expect(try guest.entries(guest.place("/g/whole")).isEmpty)
    }

    @Test("numbers and what is open stay the same when a file is changed")
    func identity() throws {
        let (folder, files) = try lower()
        defer { withExtendedLifetime(folder) {} }
        let guest = try guest(("/g", files))
        let reader = try guest.file(guest.open(guest.place("/g/d/one"), flags: O_RDONLY, mode: 0))
        let number = try reader.status().st_ino
        #expect(try guest.status(guest.place("/g/d/one"), followingLinks: true).st_ino == number)
        _ = try guest.write(Array("MORE".utf8), to: "/g/d/one")
        #expect(try reader.status().st_ino == number)
        var bytes = [UInt8](repeating: 0, count: 4)
        #expect(try bytes.withUnsafeMutableBytes { try guest.read(reader, $0, position: nil) } == 4)
        #expect(bytes == Array("MORE".utf8))
        #expect(try guest.entries(guest.place("/g/d")).first { $0.name == Array("one".utf8) }?.inode == UInt64(number))
        try guest.rename(guest.place("/g/d/one"), to: guest.place("/g/one"))
        #expect(try guest.status(guest.place("/g/one"), followingLinks: true).st_ino == number)
    }

    @Test("only what is written of a large file is kept")
    func parts() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        _ = try folder.write(Data(bytes), to: "large")
        let files = try OverlayFileSystem(HostFolder(folder.url.path), capacity: 400_000)
        let guest = try guest(("/g", files))
        _ = try guest.write([1, 2, 3], to: "/g/large", at: 1_000_000)
        _ = try guest.write([4, 5, 6], to: "/g/large", at: 5_000_000)
        var expected = bytes + [4, 5, 6]
        expected.replaceSubrange(1_000_000..<1_000_003, with: [1, 2, 3])
        #expect(try files.contents(of: "large") == expected)
        try guest.truncate(guest.place("/g/large"), to: 2_000_000)
        try guest.truncate(guest.place("/g/large"), to: 3_000_000)
        #expect(
            try files.contents(of: "large") == expected[..<2_000_000] + [UInt8](repeating: 0, count: 1_000_000))
        #expect(throws: FileError.notFound) { try HostFolder(folder.path("none")) }
        #expect(throws: FileError.readOnly) { try HostFolder(folder.url.path).write("x", to: "large") }
    }
}

extension Thread {
    /// Runs something on another thread, and waits for its end.
    fileprivate static func sleepUntilDone(_ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        Thread {
            body()
            done.signal()
        }.start()
        done.wait()
    }
}
