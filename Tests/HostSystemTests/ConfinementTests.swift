import Foundation
import Synchronization
import Testing
import _TestSupport

@testable import HostSystem

/// A folder `in` that is granted, and a folder `out` beside it that is not.
final class Playground {
    private let folder: TemporaryFolder
    var root: String { folder.url.path }

    init() throws {
        folder = try TemporaryFolder()
        for folder in ["in/sub/deep", "out/dir"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        try Data("public".utf8).write(to: URL(fileURLWithPath: "\(root)/in/file"))
        try Data("secret".utf8).write(to: URL(fileURLWithPath: "\(root)/out/file"))
        for (link, target) in [
            ("in/up", ".."), ("in/updir", "../out"), ("in/upfile", "../out/file"), ("in/abs", "\(root)/out"),
            ("in/absfile", "\(root)/out/file"), ("in/root", "/"), ("in/self", "\(root)/in/file"),
            ("in/sub/back", ".."), ("in/sub/twice", "back/../../out/file"), ("in/okay", "sub/back/file"),
            ("in/loop", "loop"), ("in/dangling", "../out/new"), ("in/inner", "new"), ("in/sub/slash", "deep/"),
            ("in/proc", "/proc/self/root"),
        ] { try FileManager.default.createSymbolicLink(atPath: "\(root)/\(link)", withDestinationPath: target) }
        #expect(mkfifo("\(root)/in/fifo", 0o600) == 0)
    }

    /// The files of a guest that has `in` as `/g`.
    func files(readOnly: Bool = false, usesSystemLookup: Bool = true) throws -> FileSystem {
        let mount = HostAccess.Mount(host: "\(root)/in", guest: "/g", isReadOnly: readOnly)
        let files = try FileSystem(HostAccess(mounts: [mount]), usesSystemLookup: usesSystemLookup)
        files.report = { _ in }
        return files
    }

    func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat("\(root)/\(path)", &status) == 0
    }

    /// A path with the host's path of the folder `out` in place of `{out}`.
    func filledIn(_ path: String) -> String { path.replacingOccurrences(of: "{out}", with: "\(root)/out") }

    func text(_ path: String) -> String? { try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8) }
}

extension FileSystem {
    func read(_ path: String, _ flags: Int32 = O_RDONLY) throws -> String {
        let number = try open(locate(Array(path.utf8)), flags: flags, mode: 0o600)
        let file = try file(number)
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try bytes.withUnsafeMutableBytes { try self.read(file, $0, position: nil) }
        try close(number)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// The name of the error that an operation ends with; "ok" where it ends well.
    func ending(_ body: (FileSystem) throws -> Void) -> String {
        do {
            try body(self)
            return "ok"
        } catch {
            return (error as? ErrorCode).map { "\($0.name)" } ?? "\(error)"
        }
    }

    func place(_ path: String) throws -> Location { try locate(Array(path.utf8)) }

    /// Begins to open a path for writing; nil where it is open at once.
    func opening(_ path: String) throws -> PipeOpening? {
        if case .pipe(let opening) = try startOpening(place(path), flags: O_WRONLY, mode: 0) { opening } else { nil }
    }
}

@Suite("Granted folders")
struct ConfinementTests {
    /// What the search is made by: the system's call, and the walk that stands for it where there is none.
    static let lookups = [true, false]

    /// Absolute paths that lead to nothing granted; `{out}` stands for the playground's folder `out`.
    static let outsideEveryMount = ["{out}/file", "/", "/gg/file", "/proc/self/root{out}/file"]

    /// What a guest that has only /g tries so as to get at files beside it.
    static let escapes: [String] =
        [
            "/g/../out/file", "/g/sub/../../out/file", "../out/file", "/g/up/out/file", "/g/updir/file", "/g/upfile",
            "/g/abs/file", "/g/absfile", "/g/self", "/g/sub/twice", "/g/sub/back/up/out/file",
            "/g/sub/back/../../out/file",
            // Through links to the root, of which the last is one of procfs.
            "/g/root{out}/file", "/g/proc{out}/file",
        ] + outsideEveryMount

    @Test("paths that lead out are refused, whatever is done with them", arguments: lookups, escapes)
    func escape(usesSystemLookup: Bool, path: String) throws {
        let playground = try Playground()
        let path = playground.filledIn(path)
        let files = try playground.files(usesSystemLookup: usesSystemLookup)
        #expect(files.ending { files in _ = try files.read(path) } == "EACCES")
        #expect(
            files.ending { files in _ = try files.status(files.place(path), followingLinks: true) }
                == "EACCES")
        #expect(files.ending { files in _ = try files.entries(files.place(path)) } == "EACCES")
        // The root leads to the folder: a guest may be there, but sees nothing of it.
        #expect(
            files.ending { files in try files.changeWorkingDirectory(Array(path.utf8)) }
                == (path == "/" ? "ok" : "EACCES"))
        #expect(files.ending { files in _ = try files.entries(files.place(".")) } == (path == "/" ? "EACCES" : "ok"))
        // If it were not refused, the rest would be done to the machine's own root.
        if path == "/" { return }
        #expect(
            files.ending { files in _ = try files.read(path, O_WRONLY | O_CREAT | O_TRUNC) }
                == "EACCES")
        #expect(
            files.ending { files in try files.truncate(files.place(path), to: 0) } == "EACCES")
        #expect(
            files.ending { files in try files.changeMode(files.place(path), 0o777) } == "EACCES")
        #expect(
            files.ending { files in
                try files.setTimes(files.place(path), accessed: .now, modified: .now, followingLinks: true)
            } == "EACCES")
        #expect(playground.text("out/file") == "secret")
        #expect(!playground.exists("out/new"))
    }

    static let throughLinks = ["/g/up/out/new", "/g/updir/new", "/g/abs/new", "/g/sub/../../out/new", "/g/up/"]

    @Test("names outside cannot be made, moved or removed", arguments: lookups, throughLinks)
    func changes(usesSystemLookup: Bool, path: String) throws {
        let playground = try Playground()
        let files = try playground.files(usesSystemLookup: usesSystemLookup)
        let operations: [(FileSystem) throws -> Void] = [
            { files in try files.makeDirectory(files.place(path + "/x"), mode: 0o700) },
            { files in try files.removeDirectory(files.place(path + "/../dir")) },
            { files in try files.unlink(files.place(path + "/../file")) },
            { files in try files.rename(files.place("/g/file"), to: files.place(path + "/x")) },
            { files in try files.rename(files.place(path + "/../file"), to: files.place("/g/x")) },
            { files in try files.link(files.place(path + "/../file"), to: files.place("/g/x")) },
            { files in try files.link(files.place("/g/file"), to: files.place(path + "/x")) },
            { files in try files.makeSymbolicLink([97], at: files.place(path + "/x")) },
            { files in _ = try files.target(ofLink: files.place(path + "/x")) },
        ]
        for operation in operations { #expect(files.ending(operation) == "EACCES") }
        #expect(playground.text("out/file") == "secret")
        #expect(playground.text("in/file") == "public")
        #expect(playground.exists("out/dir"))
        #expect(!playground.exists("in/x"))
    }

    @Test("links inside work", arguments: lookups)
    func inside(usesSystemLookup: Bool) throws {
        let playground = try Playground()
        let files = try playground.files(usesSystemLookup: usesSystemLookup)
        for path in ["/g/file", "file", "/g/okay", "/g/sub/back/file", "/g//./sub/../file", "/g/sub/deep/../../file"] {
            #expect(try files.read(path) == "public", "\(path)")
        }
        let link = try files.status(files.place("/g/upfile"), followingLinks: false)
        #expect(link.st_mode & S_IFMT == S_IFLNK)
        #expect(try files.target(ofLink: files.place("/g/upfile")) == Array("../out/file".utf8))
        #expect(try files.status(files.place("/g/sub/slash"), followingLinks: true).st_mode & S_IFMT == S_IFDIR)
        #expect(files.ending { files in _ = try files.read("/g/loop") } == "ELOOP")
        #expect(files.ending { files in _ = try files.read("/g/file/") } == "ENOTDIR")
        #expect(files.ending { files in _ = try files.read("/g/none") } == "ENOENT")
        #expect(files.ending { files in _ = try files.target(ofLink: files.place("/g/file")) } == "EINVAL")
        // A link at the end of what is to be made leads there, if that is inside.
        #expect(try files.read("/g/inner", O_RDWR | O_CREAT) == "")
        #expect(playground.exists("in/new"))
        #expect(
            files.ending { files in _ = try files.read("/g/okay", O_RDWR | O_CREAT | O_EXCL) }
                == "EEXIST")
        #expect(files.ending { files in _ = try files.read("/g/okay", O_NOFOLLOW) } == "ELOOP")
        try files.unlink(files.place("/g/upfile"))
        #expect(playground.text("out/file") == "secret")
    }

    @Test("nothing is changed in a folder that was given to read", arguments: lookups)
    func readOnly(usesSystemLookup: Bool) throws {
        let playground = try Playground()
        let files = try playground.files(readOnly: true, usesSystemLookup: usesSystemLookup)
        #expect(try files.read("/g/file") == "public")
        let number = try files.open(files.place("/g/file"), flags: O_RDONLY, mode: 0)
        let file = try files.file(number)
        let operations: [(FileSystem) throws -> Void] = [
            { files in _ = try files.read("/g/file", O_RDWR) },
            { files in _ = try files.read("/g/file", O_RDONLY | O_TRUNC) },
            { files in _ = try files.read("/g/x", O_RDONLY | O_CREAT) },
            { files in try files.makeDirectory(files.place("/g/x"), mode: 0o700) },
            { files in try files.removeDirectory(files.place("/g/sub/deep")) },
            { files in try files.unlink(files.place("/g/file")) },
            { files in try files.rename(files.place("/g/file"), to: files.place("/g/x")) },
            { files in try files.link(files.place("/g/file"), to: files.place("/g/x")) },
            { files in try files.makeSymbolicLink([97], at: files.place("/g/x")) },
            { files in try files.changeMode(files.place("/g/file"), 0) },
            { files in try files.changeMode(file, 0) },
            { files in try files.truncate(files.place("/g/file"), to: 0) },
            { files in try files.setTimes(file, accessed: .now, modified: .now) },
            { files in
                try files.changeOwner(files.place("/g/file"), user: 1, group: 1, followingLinks: true)
            },
        ]
        for operation in operations { #expect(files.ending(operation) == "EACCES") }
        #expect(playground.text("in/file") == "public")
    }

    @Test("links that are swapped during the search never lead out", arguments: lookups)
    func race(usesSystemLookup: Bool) throws {
        let playground = try Playground()
        let files = try playground.files(usesSystemLookup: usesSystemLookup)
        let root = playground.root
        try FileManager.default.createDirectory(atPath: "\(root)/in/real", withIntermediateDirectories: true)
        try Data("public".utf8).write(to: URL(fileURLWithPath: "\(root)/in/real/file"))
        try FileManager.default.createSymbolicLink(atPath: "\(root)/in/other", withDestinationPath: "../out")
        let isOver = Mutex(false)
        let ended = DispatchSemaphore(value: 0)
        let swapper = Thread {
            // The directory and the link change places, so that each is there at any time.
            while !isOver.withLock({ $0 }) { exchange("\(root)/in/real", "\(root)/in/other") }
            ended.signal()
        }
        swapper.start()
        defer {
            isOver.withLock { $0 = true }
            ended.wait()
        }
        var outcomes: [String: Int] = [:]
        // Until both sides of the race have been met often: one thread may be much slower than the other.
        for round in 0..<5_000_000 {
            if round > 20_000, outcomes["public", default: 0] > 200, outcomes["EACCES", default: 0] > 200 { break }
            var text = ""
            let ending = files.ending { text = try $0.read("/g/real/file") }
            let outcome = ending == "ok" ? text : ending
            outcomes[outcome, default: 0] += 1
        }
        #expect(outcomes["secret"] == nil)
        #expect(outcomes["public", default: 0] > 0 && outcomes["EACCES", default: 0] > 0, "\(outcomes)")
        let strange = Set(outcomes.keys).subtracting(["public", "EACCES", "ELOOP", "ENOTDIR", "ENOENT"])
        #expect(strange.isEmpty)
    }

    @Test("a pipe is opened for reading at once, for writing when somebody reads", arguments: lookups)
    func pipes(usesSystemLookup: Bool) throws {
        let playground = try Playground()
        let files = try playground.files(usesSystemLookup: usesSystemLookup)
        let place = try files.place("/g/fifo")
        let refused = files.ending { files in _ = try files.open(place, flags: O_WRONLY, mode: 0, waits: false) }
        #expect(refused == "ENXIO")
        // Waits for a thread that reads, after that has been refused above.
        let path = "\(playground.root)/in/fifo"
        nonisolated(unsafe) var text: String?
        let isRead = DispatchSemaphore(value: 0)
        Thread {
            let reader = Foundation.open(path, O_RDONLY)
            var bytes = [UInt8](repeating: 0, count: 10)
            let count = Foundation.read(reader, &bytes, 10)
            text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            Foundation.close(reader)
            isRead.signal()
        }.start()
        let writer = try files.open(place, flags: O_WRONLY, mode: 0)
        #expect(try files.file(writer).kind == .pipe)
        let bytesWritten = try [UInt8]("text".utf8).withUnsafeBytes {
            try files.write(files.file(writer), $0, position: nil)
        }
        #expect(bytesWritten == 4)
        try files.close(writer)
        isRead.wait()
        #expect(text == "text")
        // Until there is a writer the end has not been reached.
        let reader = try files.open(place, flags: O_RDONLY, mode: 0)
        let descriptor = try files.file(reader).descriptor
        var bytes = [UInt8](repeating: 0, count: 10)
        #expect(try bytes.withUnsafeMutableBytes { try Descriptors.readIfReady(descriptor, $0) } == nil)
        let other = try files.open(place, flags: O_WRONLY, mode: 0)
        try files.close(other)
        #expect(try bytes.withUnsafeMutableBytes { try Descriptors.readIfReady(descriptor, $0) } == 0)
    }

    @Test("an opening that nobody waits for any more ends")
    func abandonedOpening() throws {
        let playground = try Playground()
        let files = try playground.files()
        var opening: PipeOpening? = try files.opening("/g/fifo")
        #expect(opening.map { Descriptors.isReadable($0.signal.descriptor) } == false)
        #expect(try files.opening("/g/file") == nil)
        weak var work: PipeOpening.Work?
        work = opening?.work
        opening = nil
        // The thread lets go of what it shares with the opening when it ends.
        for _ in 0..<10_000 where work != nil { usleep(1000) }
        #expect(work == nil)
    }

    #if os(Linux)
        @Test("the memory of a process is refused, whatever was given and however it is reached")
        func memory() throws {
            let playground = try Playground()
            let link = "\(playground.root)/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/proc/self/mem")
            let root = HostAccess(mounts: [.init(host: "/")])
            let procfs = HostAccess(mounts: [.init(host: "/proc")])
            for access in [.all, root, procfs] as [HostAccess] {
                let files = try FileSystem(access)
                var lines: [String] = []
                files.report = { lines.append($0) }
                let paths = ["/proc/self/mem", "/proc/\(getpid())/mem", "/proc/self/task/\(getpid())/mem"]
                for path in access.mounts.first?.host == "/proc" ? paths : paths + ["/proc/thread-self/mem", link] {
                    for flags in [O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT | O_TRUNC] {
                        #expect(files.ending { files in _ = try files.read(path, flags) } == "EACCES", "\(path)")
                    }
                }
                #expect(
                    lines == ["the program was denied \"/proc/self/mem\": no option gives it the memory of a process"])
                #expect(try files.read("/proc/self/status").hasPrefix("Name:"))
            }
            var device = stat()
            for number in MemoryFile.devices {
                device.st_rdev = number
                #expect(MemoryFile.isOne(-1, .characterDevice, device))
            }
            #expect(stat("/dev/null", &device) == 0)
            #expect(!MemoryFile.isOne(-1, .characterDevice, device))
        }
    #endif

    @Test("the time zone can be read, and nothing else that was not given")
    func timeZone() throws {
        let playground = try Playground()
        let files = try playground.files()
        var lines: [String] = []
        files.report = { lines.append($0) }
        #expect(files.timeZone == Array("/etc/localtime".utf8))
        #expect(["ok", "ENOENT"].contains(files.ending { _ = try $0.read("/etc/localtime") }))
        // The rest is tried with a file of the test's.
        let path = playground.filledIn("{out}/file")
        files.timeZone = Array(path.utf8)
        #expect(try files.read(path) == "secret")
        #expect(lines == [])
        #expect(files.ending { files in _ = try files.read(path, O_RDWR) } == "EACCES")
        #expect(files.ending { files in try files.unlink(files.place(path)) } == "EACCES")
        #expect(files.ending { files in _ = try files.read(path + "/../other") } == "EACCES")
        #expect(playground.text("out/file") == "secret")
    }

    @Test("the user is told once a reason which option would help")
    func hints() throws {
        let playground = try Playground()
        let files = try playground.files(readOnly: true)
        var lines: [String] = []
        files.report = { lines.append($0) }
        let outside = Self.outsideEveryMount.map(playground.filledIn)
        let folder = playground.filledIn("{out}")
        for path in outside + ["/g/upfile", "/g/abs/file"] {
            _ = files.ending { files in _ = try files.read(path) }
        }
        for path in ["/g/file", "/g/new"] {
            _ = files.ending { files in _ = try files.read(path, O_RDWR | O_CREAT) }
        }
        #expect(
            lines == [
                "the program was denied access to \"\(outside[0])\"; --dir \(folder) gives it the folder, --allow-all all files",
                "\"/g/upfile\" leads out of the folder that the program was given, and was refused; --dir can give it a wider one",
                "the program was denied changing \"/g/file\", whose folder was given with :ro; --dir without that lets it",
            ])
    }

    @Test(
        "the user is told the folder that would have to be granted, as a shell takes it",
        arguments: [
            ("//etc//hostname", "/etc/hostname", "/etc"), ("/etc", "/etc", "/etc"), ("/etc/", "/etc/", "/etc"),
            ("/no/such/folder/file", "/no/such/folder/file", "/no/such/folder"), ("/file", "/file", "/"),
            ("/a b/c", "/a b/c", "'/a b'"), ("/it's/c", #"/it\'s/c"#, #"'/it'\''s'"#),
            ("/a:b/c", "/a:b/c", "/a:b::/a:b"),
        ])
    func grantableFolders(path: String, named: String, folder: String) throws {
        let files = try FileSystem(HostAccess())
        var lines: [String] = []
        files.report = { lines.append($0) }
        #expect(files.ending { files in _ = try files.read(path) } == "EACCES")
        #expect(
            lines == [
                "the program was denied access to \"\(named)\"; --dir \(folder) gives it the folder, --allow-all all files"
            ])
    }

    @Test("a file mode mask that a guest sets is its own", arguments: lookups)
    func modeMask(usesSystemLookup: Bool) throws {
        let playground = try Playground()
        let files = try playground.files(usesSystemLookup: usesSystemLookup)
        func mode(_ path: String) throws -> mode_t {
            try files.status(files.place(path), followingLinks: false).st_mode & 0o777
        }
        let process = files.changeModeMask(to: nil)
        #expect(files.changeModeMask(to: 0o1077) == process)
        #expect(files.changeModeMask(to: nil) == 0o077)
        #expect(try playground.files().changeModeMask(to: nil) == process)
        _ = try files.open(files.place("/g/masked"), flags: O_WRONLY | O_CREAT, mode: 0o666)
        try files.makeDirectory(files.place("/g/folder"), mode: 0o777)
        #expect(try mode("/g/masked") == mode_t(0o600 & ~process))
        #expect(try mode("/g/folder") == mode_t(0o700 & ~process))
        // Of what is there already it changes nothing.
        try files.changeMode(files.place("/g/masked"), 0o644)
        #expect(try mode("/g/masked") == 0o644)
    }

    @Test("the inner of two folders counts, and the directories above can be looked at")
    func nesting() throws {
        let playground = try Playground()
        let mounts = [
            HostAccess.Mount(host: "\(playground.root)/in", guest: "/a/b"),
            HostAccess.Mount(host: "\(playground.root)/out", guest: "/a/b/sub"),
        ]
        let files = try FileSystem(HostAccess(mounts: mounts))
        files.report = { _ in }
        #expect(try files.read("/a/b/file") == "public")
        #expect(try files.read("/a/b/sub/file") == "secret")
        #expect(try files.status(Array("/a".utf8), followingLinks: true).st_mode & S_IFMT == S_IFDIR)
        #expect(try files.workingDirectory() == Array("/a/b".utf8))
        try files.changeWorkingDirectory(Array("sub/dir".utf8))
        #expect(try files.workingDirectory() == Array("/a/b/sub/dir".utf8))
        #expect(try files.read("../file") == "secret")
        #expect(throws: HostAccessError.self) {
            try FileSystem(HostAccess(mounts: [.init(host: "\(playground.root)/none")]))
        }
    }
}

/// Exchanges two names, or moves one to a third place and back where the system cannot.
private func exchange(_ a: String, _ b: String) {
    rename(a, b + ".")
    rename(b, a)
    rename(b + ".", b)
}
