import Foundation
import Testing
import _TestSupport

@testable import HostSystem

/// What a guest may not change though it was given the folder around it.
@Suite("Folders within folders")
struct ProtectionTests {
    private let playground: Playground
    private var root: String { playground.root }
    static let lookups = ConfinementTests.lookups

    init() throws { playground = try Playground() }

    /// A guest that may change the folder `in` as /w, but not `in/sub`, which it has as /r.
    private func nested(_ usesSystemLookup: Bool, outer: String = "/w", inner: String = "/r") throws -> FileSystem {
        try Data("kept".utf8).write(to: URL(fileURLWithPath: "\(root)/in/sub/file"))
        let mounts = [
            HostAccess.Mount(host: "\(root)/in", guest: outer),
            HostAccess.Mount(host: "\(root)/in/sub", guest: inner, isReadOnly: true),
        ]
        let files = try FileSystem(HostAccess(mounts: mounts), usesSystemLookup: usesSystemLookup)
        files.report = { _ in }
        try files.addPreopens()
        return files
    }

    /// Everything that changes a file or what is beside it, by the file's path.
    private static func changes(
        _ file: @escaping (FileSystem, String) throws -> FileSystem.Location
    ) -> [(FileSystem) throws -> Void] {
        [
            { files in _ = try files.open(file(files, "/file"), flags: O_RDWR, mode: 0) },
            { files in _ = try files.open(file(files, "/file"), flags: O_RDONLY | O_TRUNC, mode: 0) },
            { files in _ = try files.open(file(files, "/new"), flags: O_WRONLY | O_CREAT, mode: 0o600) },
            { files in try files.truncate(file(files, "/file"), to: 0) },
            { files in try files.changeMode(file(files, "/file"), 0) },
            { files in
                try files.setTimes(file(files, "/file"), accessed: .now, modified: .now, followingLinks: true)
            },
            { files in try files.changeOwner(file(files, "/file"), user: 1, group: 1, followingLinks: true) },
            { files in try files.makeDirectory(file(files, "/new"), mode: 0o700) },
            { files in try files.makeSymbolicLink([97], at: file(files, "/new")) },
            { files in try files.removeDirectory(file(files, "/deep")) },
            { files in try files.unlink(file(files, "/file")) },
            { files in try files.rename(file(files, "/file"), to: files.place("/w/moved")) },
            { files in try files.rename(files.place("/w/file"), to: file(files, "/file")) },
            { files in try files.link(file(files, "/file"), to: files.place("/w/linked")) },
            { files in try files.link(files.place("/w/file"), to: file(files, "/new")) },
            { files in
                let number = try files.open(file(files, "/file"), flags: O_RDONLY, mode: 0)
                defer { try? files.close(number) }
                try files.changeMode(files.file(number), 0)
            },
        ]
    }

    private func expectUnchanged(_ files: FileSystem, _ changes: [(FileSystem) throws -> Void], _ how: String) {
        for (index, change) in changes.enumerated() {
            #expect(files.ending(change) == "EACCES", "change \(index), \(how)")
        }
        #expect(playground.text("in/sub/file") == "kept" && playground.exists("in/sub/deep"))
        #expect(!playground.exists("in/sub/new") && !playground.exists("in/linked") && !playground.exists("in/moved"))
    }

    @Test("that may only be read stay so by every path, link, rename and descriptor", arguments: lookups)
    func readOnlyWithin(usesSystemLookup: Bool) throws {
        let files = try nested(usesSystemLookup)
        for path in ["/r", "/w/sub", "/w/sub/deep/..", "/w/way"] {
            if path == "/w/way" { try files.makeSymbolicLink(Array("sub".utf8), at: files.place(path)) }
            expectUnchanged(files, Self.changes { try $0.place(path + $1) }, path)
        }
        // Through descriptors: of the outer folder, of the inner one by the outer's name.
        let outer = try files.open(files.place("/w"), flags: O_RDONLY | O_DIRECTORY, mode: 0)
        let inner = try files.open(files.place("/w/sub"), flags: O_RDONLY | O_DIRECTORY, mode: 0)
        for (number, prefix) in [(outer, "sub"), (inner, ".")] {
            let changes = Self.changes { try $0.locate(Array((prefix + $1).utf8), in: $0.file(number)) }
            expectUnchanged(files, changes, "descriptor")
        }
        // A link to a file.
        try files.makeSymbolicLink(Array("sub/file".utf8), at: files.place("/w/filelink"))
        #expect(files.ending { _ = try $0.read("/w/filelink", O_RDWR) } == "EACCES")
        #expect(files.ending { try $0.truncate($0.place("/w/filelink"), to: 0) } == "EACCES")
        #expect(files.ending { try $0.changeMode($0.place("/w/filelink"), 0) } == "EACCES")
        // The rest of the outer folder can be changed, and the inner one read.
        #expect(files.ending { try $0.changeMode($0.place("/w/file"), 0o600) } == "ok")
        #expect(files.ending { _ = try $0.read("/w/new", O_RDWR | O_CREAT) } == "ok")
        #expect(try files.read("/w/sub/file") == "kept" && files.read("/r/file") == "kept")
    }

    @Test("keep their names, and those of the folders around them", arguments: lookups)
    func names(usesSystemLookup: Bool) throws {
        try FileManager.default.createDirectory(atPath: "\(root)/in/a/b", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(root)/in/link", withDestinationPath: "a")
        let mounts = [
            HostAccess.Mount(host: "\(root)/in", guest: "/w"),
            HostAccess.Mount(host: "\(root)/in/link/b", guest: "/r", isReadOnly: true),
        ]
        let files = try FileSystem(HostAccess(mounts: mounts), usesSystemLookup: usesSystemLookup)
        var lines: [String] = []
        files.report = { lines.append($0) }
        for path in ["/w/a", "/w/a/b", "/w/link"] {
            #expect(files.ending { try $0.rename($0.place(path), to: $0.place("/w/x")) } == "EACCES", "\(path)")
        }
        #expect(files.ending { try $0.removeDirectory($0.place("/w/a/b")) } == "EACCES")
        #expect(files.ending { try $0.unlink($0.place("/w/link")) } == "EACCES")
        try files.makeDirectory(files.place("/w/empty"), mode: 0o700)
        #expect(files.ending { try $0.rename($0.place("/w/empty"), to: $0.place("/w/a/b")) } == "EACCES")
        #expect(lines.count == 1 && lines[0].contains("leads to a folder that it may not change"))
        #expect(files.ending { try $0.rename($0.place("/w/empty"), to: $0.place("/w/a/c")) } == "ok")
        #expect(playground.exists("in/link/b"))
    }

    @Test("may be changed in one that may only be read, three deep, too", arguments: lookups)
    func threeDeep(usesSystemLookup: Bool) throws {
        for folder in ["in/a/b/c", "in/a/x"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        let mounts = [
            HostAccess.Mount(host: "\(root)/in/a/b/c", guest: "/w/a/b/c"),
            HostAccess.Mount(host: "\(root)/in/a", guest: "/w/a", isReadOnly: true),
            HostAccess.Mount(host: "\(root)/in", guest: "/w"),
        ]
        for order in [mounts, mounts.reversed(), [mounts[1], mounts[0], mounts[2]]] {
            let files = try FileSystem(HostAccess(mounts: order), usesSystemLookup: usesSystemLookup)
            files.report = { _ in }
            let outer = try files.open(files.place("/w"), flags: O_RDONLY | O_DIRECTORY, mode: 0)
            func make(_ path: String) -> String {
                files.ending { files in
                    let number = try files.open(
                        files.locate(Array(path.utf8), in: files.file(outer)), flags: O_WRONLY | O_CREAT, mode: 0o600)
                    try files.close(number)
                }
            }
            #expect(files.ending { _ = try $0.read("/w/new", O_RDWR | O_CREAT) } == "ok")
            #expect(files.ending { _ = try $0.read("/w/a/new", O_RDWR | O_CREAT) } == "EACCES")
            #expect(files.ending { _ = try $0.read("/w/a/b/new", O_RDWR | O_CREAT) } == "EACCES")
            #expect(files.ending { _ = try $0.read("/w/a/b/c/new", O_RDWR | O_CREAT) } == "ok")
            #expect(make("a/x/new") == "EACCES" && make("a/b/new") == "EACCES")
            #expect(make("other") == "ok" && make("a/b/c/other") == "ok")
            // Its own name lies in the one that may only be read.
            let rename = files.ending { files in
                let place = try files.locate(Array("a/b/c".utf8), in: files.file(outer))
                try files.rename(place, to: files.place("/w/c"))
            }
            #expect(rename == "EACCES")
        }
    }

    private static func refusal(_ access: HostAccess) -> HostAccessError? {
        do throws(HostAccessError) {
            _ = try FileSystem(access)
            return nil
        } catch {
            return error
        }
    }

    @Test("that may only be read are refused where everything, or they themselves, can be changed")
    func contradictions() throws {
        try FileManager.default.createSymbolicLink(atPath: "\(root)/same", withDestinationPath: "in/sub")
        let inner = HostAccess.Mount(host: "\(root)/in/sub", isReadOnly: true)
        let refused: [HostAccess] = [
            HostAccess(mounts: [inner], allowsAllFiles: true),
            HostAccess(mounts: [inner, .init(host: "/")]),
            HostAccess(mounts: [.init(host: "/", isReadOnly: true), .init(host: "/", guest: "/other")]),
            HostAccess(mounts: [inner, .init(host: "\(root)/in/sub", guest: "/other")]),
            HostAccess(mounts: [.init(host: "\(root)/same"), inner]),
        ]
        for access in refused {
            guard case .readOnly(let path, let reason)? = Self.refusal(access) else {
                Issue.record("\(access) was granted")
                continue
            }
            #expect(!path.isEmpty && !reason.contains("\n") && (reason.contains("once") || reason.contains("leave")))
        }
        let granted: [HostAccess] = [
            HostAccess(mounts: [.init(host: "/", isReadOnly: true), .init(host: "\(root)/in")]),
            HostAccess(mounts: [inner, .init(host: "\(root)/in/sub", guest: "/again", isReadOnly: true)]),
            HostAccess(mounts: [.init(host: "\(root)/in"), .init(host: "\(root)/out")], allowsAllFiles: true),
        ]
        for access in granted { #expect(Self.refusal(access) == nil) }
    }

    // MARK: - Kept code

    /// What a guest that may change the whole playground tries with the folder in which code is kept.
    private func expectKept(_ files: FileSystem, _ top: String) throws {
        let code = "\(top)/out/.cache/gowasm-fast"
        #expect(try files.read("\(code)/1.bytecode") == "code")
        let operations: [(FileSystem) throws -> Void] = [
            { _ = try $0.read("\(code)/1.bytecode", O_RDWR) },
            { _ = try $0.read("\(code)/2.bytecode", O_RDWR | O_CREAT) },
            { _ = try $0.read("\(top)/in/codelink/1.bytecode", O_RDWR) },
            { try $0.unlink($0.place("\(code)/1.bytecode")) },
            { try $0.link($0.place("\(code)/1.bytecode"), to: $0.place("\(top)/in/x")) },
            { try $0.rename($0.place("\(code)/1.bytecode"), to: $0.place("\(top)/in/x")) },
            { try $0.rename($0.place("\(top)/in/file"), to: $0.place("\(code)/1.bytecode")) },
            { try $0.makeSymbolicLink([97], at: $0.place("\(code)/3.bytecode")) },
            { try $0.changeMode($0.place(code), 0o777) },
            { try $0.truncate($0.place("\(code)/1.bytecode"), to: 0) },
            // The folders around it.
            { try $0.rename($0.place(code), to: $0.place("\(top)/in/x")) },
            { try $0.rename($0.place("\(top)/out/.cache"), to: $0.place("\(top)/in/x")) },
            { try $0.rename($0.place("\(top)/out"), to: $0.place("\(top)/x")) },
            { try $0.removeDirectory($0.place(code)) },
            { files in
                let number = try files.open(files.place(code), flags: O_RDONLY | O_DIRECTORY, mode: 0)
                let place = try files.locate(Array("4.bytecode".utf8), in: files.file(number))
                _ = try files.open(place, flags: O_WRONLY | O_CREAT, mode: 0o600)
            },
        ]
        for (index, operation) in operations.enumerated() {
            #expect(files.ending(operation) == "EACCES", "operation \(index) beneath \(top)")
        }
        #expect(playground.text("out/.cache/gowasm-fast/1.bytecode") == "code")
        #expect(files.ending { _ = try $0.read("\(top)/out/.cache/other", O_RDWR | O_CREAT) } == "ok")
    }

    @Test("in which code is kept stay as they are, whatever was given", arguments: lookups)
    func keptCode(usesSystemLookup: Bool) throws {
        let code = "\(root)/out/.cache/gowasm-fast"
        try FileManager.default.createDirectory(atPath: code, withIntermediateDirectories: true)
        try Data("code".utf8).write(to: URL(fileURLWithPath: code + "/1.bytecode"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/in/codelink", withDestinationPath: "../out/.cache/gowasm-fast")
        for access in [
            HostAccess(mounts: [.init(host: root, guest: "/w")]), .all, HostAccess(mounts: [.init(host: "/")]),
        ] {
            let files = try FileSystem(access, usesSystemLookup: usesSystemLookup)
            files.report = { _ in }
            files.protection.keptCode = [Array(code.utf8)]
            try expectKept(files, access.mounts.first?.guest == "/w" ? "/w" : root)
            #if os(Linux)
                // By an open descriptor of the process.
                guard access.allowsAllFiles else { continue }
                let open = systemOpen(code + "/1.bytecode", O_RDWR)
                let folder = systemOpen(code, O_RDONLY | O_DIRECTORY)
                defer { for descriptor in [open, folder] { systemClose(descriptor) } }
                #expect(files.ending { _ = try $0.read("/proc/self/fd/\(open)", O_RDWR) } == "EACCES")
                #expect(files.ending { _ = try $0.read("/dev/fd/\(folder)/1.bytecode", O_RDWR) } == "EACCES")
                #expect(files.ending { _ = try $0.read("/dev/fd/\(folder)/9.bytecode", O_RDWR | O_CREAT) } == "EACCES")
                #expect(files.ending { try $0.truncate($0.place("/proc/self/fd/\(open)"), to: 0) } == "EACCES")
            #endif
        }
        // Given itself, it can be read.
        let files = try FileSystem(HostAccess(mounts: [.init(host: code, guest: "/c")]))
        files.report = { _ in }
        files.protection.keptCode = [Array(code.utf8)]
        #expect(files.ending { _ = try $0.read("/c/1.bytecode", O_RDWR) } == "EACCES")
        #expect(files.ending { _ = try $0.read("/c/2.bytecode", O_RDWR | O_CREAT) } == "EACCES")
    }

    @Test("in which code will be kept are made by no guest, by whatever name", arguments: lookups)
    func missingKeptCode(usesSystemLookup: Bool) throws {
        let files = try FileSystem(
            HostAccess(mounts: [.init(host: root, guest: "/w")]), usesSystemLookup: usesSystemLookup)
        files.report = { _ in }
        try FileManager.default.createSymbolicLink(atPath: "\(root)/home", withDestinationPath: "out")
        files.protection.keptCode = [Array("\(root)/home/.cache/gowasm-fast".utf8)]
        try files.makeDirectory(files.place("/w/in/evil"), mode: 0o700)
        try files.makeDirectory(files.place("/w/in/evil/gowasm-fast"), mode: 0o700)
        let operations: [(FileSystem) throws -> Void] = [
            { try $0.rename($0.place("/w/in/evil"), to: $0.place("/w/out/.cache")) },
            { try $0.makeSymbolicLink(Array("../in/evil".utf8), at: $0.place("/w/out/.cache")) },
            { try $0.unlink($0.place("/w/home")) },
        ]
        for operation in operations { #expect(files.ending(operation) == "EACCES") }
        // Other programs have their own folders among the user's caches.
        try files.makeDirectory(files.place("/w/out/.cache"), mode: 0o700)
        try files.makeDirectory(files.place("/w/out/.cache/other"), mode: 0o700)
        #expect(files.ending { try $0.makeDirectory($0.place("/w/home/.cache/gowasm-fast"), mode: 0o700) } == "EACCES")
        #expect(
            files.ending { try $0.rename($0.place("/w/in/evil"), to: $0.place("/w/out/.cache/GOWASM-fast")) }
                == "EACCES")
        #expect(!playground.exists("out/.cache/gowasm-fast"))
    }

    // MARK: - Mounts

    #if os(Linux)
        /// Mounts a folder at another path, for the calling thread alone, which must be a new one; false where the process
        /// may not.
        private static func mountPrivately(_ folder: String, at path: String) -> Bool {
            typealias Unshare = @convention(c) (Int32) -> Int32
            guard let symbol = dlsym(nil, "unshare") else { return false }
            let unshare = unsafeBitCast(symbol, to: Unshare.self)
            // CLONE_NEWNS; MS_PRIVATE | MS_REC; MS_BIND.
            if unshare(0x20000) != 0 { return false }
            if mount("none", "/", nil, 1 << 18 | 1 << 14, nil) != 0 { return false }
            return mount(folder, path, nil, 1 << 12, nil) == 0
        }

        @Test("are the same behind another mount of their file system", arguments: lookups)
        func mounts(usesSystemLookup: Bool) throws {
            try FileManager.default.createDirectory(atPath: "\(root)/in/bound", withIntermediateDirectories: true)
            let (folder, path) = ("\(root)/in/sub/deep", "\(root)/in/bound")
            nonisolated(unsafe) let tests = self
            nonisolated(unsafe) var endings: [String]?
            let hasEnded = DispatchSemaphore(value: 0)
            Thread {
                // What was opened before would not lead to the mount.
                if Self.mountPrivately(folder, at: path), let files = try? tests.nested(usesSystemLookup) {
                    let file = files.ending { _ = try $0.read("/w/bound/new", O_RDWR | O_CREAT) }
                    let other = files.ending { try $0.makeDirectory($0.place("/w/bound/x"), mode: 0o700) }
                    endings = [file, other]
                }
                hasEnded.signal()
            }.start()
            hasEnded.wait()
            if let endings { #expect(endings == ["EACCES", "EACCES"]) }
            #expect(!playground.exists("in/sub/deep/new"))
        }
    #endif
}
