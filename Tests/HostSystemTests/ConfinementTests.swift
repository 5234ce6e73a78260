import Foundation
import Testing

@testable import HostSystem

/// A folder `in` that is granted, and a folder `out` beside it that is not.
final class Playground {
    let root: String

    init() throws {
        root = NSTemporaryDirectory() + "gowasm-\(UUID().uuidString)"
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

    deinit { try? FileManager.default.removeItem(atPath: root) }

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
}

@Suite("Granted folders")
struct ConfinementTests {
    /// What the search is made by: the system's call, and the walk that stands for it where there is none.
    static let lookups = [true, false]

    static let escapes = [
        "/g/../out/file", "/g/sub/../../out/file", "../out/file", "/g/up/out/file", "/g/updir/file", "/g/upfile",
        "/g/abs/file", "/g/absfile", "/g/root/etc/passwd", "/g/self", "/g/sub/twice", "/g/sub/back/up/out/file",
        "/g/sub/back/../../out/file", "/etc/passwd", "/", "/gg/file", "/proc/self/root/etc/passwd",
        "/g/proc/etc/passwd",
    ]

    @Test("paths that lead out are refused, whatever is done with them", arguments: lookups, escapes)
    func escape(usesSystemLookup: Bool, path: String) throws {
        let playground = try Playground()
        let files = try playground.files(usesSystemLookup: usesSystemLookup)
        #expect(files.ending { files in _ = try files.read(path) } == "EACCES")
        #expect(
            files.ending { files in _ = try files.read(path, O_WRONLY | O_CREAT | O_TRUNC) }
                == "EACCES")
        #expect(
            files.ending { files in _ = try files.status(files.place(path), followingLinks: true) }
                == "EACCES")
        #expect(
            files.ending { files in try files.truncate(files.place(path), to: 0) } == "EACCES")
        #expect(
            files.ending { files in try files.changeMode(files.place(path), 0o777) } == "EACCES")
        #expect(
            files.ending { files in
                try files.setTimes(files.place(path), accessed: .now, modified: .now, followingLinks: true)
            } == "EACCES")
        #expect(files.ending { files in _ = try files.entries(files.place(path)) } == "EACCES")
        #expect(files.ending { files in try files.changeWorkingDirectory(Array(path.utf8)) } == "EACCES")
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
        nonisolated(unsafe) var isOver = false
        let swapper = Thread {
            // The directory and the link change places, so that each is there at any time.
            while !isOver { exchange("\(root)/in/real", "\(root)/in/other") }
        }
        swapper.start()
        defer { isOver = true }
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

    @Test("opening a pipe or a device does not wait", arguments: lookups)
    func specialFiles(usesSystemLookup: Bool) throws {
        let playground = try Playground()
        let files = try playground.files(usesSystemLookup: usesSystemLookup)
        let number = try files.open(files.place("/g/fifo"), flags: O_RDONLY, mode: 0)
        #expect(try files.file(number).kind == .pipe)
        #expect(!Descriptors.isReadable(try files.file(number).descriptor))
        try files.close(number)
        #expect(files.ending { files in _ = try files.read("/g/fifo", O_WRONLY) } == "ENXIO")
    }

    @Test("the user is told once a reason which option would help")
    func hints() throws {
        let playground = try Playground()
        let files = try playground.files(readOnly: true)
        var lines: [String] = []
        files.report = { lines.append($0) }
        for path in ["/etc/passwd", "/tmp", "/g/upfile", "/g/abs/file"] {
            _ = files.ending { files in _ = try files.read(path) }
        }
        for path in ["/g/file", "/g/new"] {
            _ = files.ending { files in _ = try files.read(path, O_RDWR | O_CREAT) }
        }
        #expect(
            lines == [
                "the program was denied access to \"/etc/passwd\"; --dir FOLDER gives it a folder, --allow-all all files",
                "\"/g/upfile\" leads out of the folder that the program was given, and was refused; --dir can give it a wider one",
                "the program was denied changing \"/g/file\", whose folder was given with :ro; --dir without that lets it",
            ])
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
