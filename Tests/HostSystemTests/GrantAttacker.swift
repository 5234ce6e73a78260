import Foundation
import _TestSupport

@testable import HostSystem

/// A guest that does everything that changes files, to random paths, by name as programs for js do and through
/// descriptors as those for WASI do.
final class GrantAttacker {
    private let world: GrantWorld
    private let files: FileSystem
    private var random: SplitMix
    private var openFolders: [Int]
    private var openFiles: [Int] = []
    /// Whether the sandbox keeps the guest in the world's folders.
    ///
    /// Otherwise the attacker must keep itself there: nothing that it does may lead above the world's tree, neither a ".."
    /// nor a link of its own.
    private let isBound: Bool
    /// What was done, for a failure's message.
    private(set) var log: [String] = []
    private(set) var violations: [String] = []
    /// How many changes were allowed, and how many denied.
    private(set) var allowed = 0
    private(set) var denied = 0

    private static let names = ["a", "b", "c", "a", "b", "c", "f", "g", "l", "m", "k", "n", "..", ".", "x"]

    init(_ world: GrantWorld, _ files: FileSystem, seed: UInt64) {
        (self.world, self.files) = (world, files)
        random = SplitMix(seed: seed)
        // Where all files are given, the first of these is the root of the machine that the tests run on.
        isBound = !world.access.allowsAllFiles
        openFolders = isBound ? (3..<files.descriptors.count).filter { files.descriptors[$0]?.kind == .directory } : []
    }

    func attack(_ count: Int) {
        for _ in 0..<count { step() }
        for number in openFiles { try? files.close(number) }
    }

    private func names() -> String {
        let count = Int.random(in: 0...3, using: &random)
        let names = isBound ? Self.names : Self.names.filter { !$0.hasPrefix(".") }
        let text = (0..<count).map { _ in names.randomElement(using: &random)! }.joined(separator: "/")
        return text + (Int.random(in: 0..<12, using: &random) == 0 ? "/" : "")
    }

    private func place() throws -> FileSystem.Location {
        if Bool.random(using: &random), let number = openFolders.randomElement(using: &random) {
            let path = names()
            log.append("    \(number): \(path)")
            return try files.locate(Array((path.isEmpty ? "." : path).utf8), in: files.file(number))
        }
        let path: String
        if isBound, Int.random(in: 0..<4, using: &random) > 0, let found = world.guestPath(&random) {
            // What there is, or something beside it or in it.
            path = found + (Int.random(in: 0..<3, using: &random) == 0 ? "/" + names() : "")
        } else {
            let guests = (isBound ? world.access.mounts.map(\.guest) : []) + [world.root]
            let folder = Bool.random(using: &random) ? "" : world.folders.randomElement(using: &random)!
            path = guests.randomElement(using: &random)! + folder + "/" + names()
        }
        log.append("    \(path)")
        return try files.locate(Array(path.utf8))
    }

    private func file() throws -> OpenFile {
        guard let number = (openFiles + openFolders).randomElement(using: &random) else { throw ErrorCode(EBADF) }
        return try files.file(number)
    }

    private func open() throws {
        var flags = [O_RDONLY, O_WRONLY, O_RDWR].randomElement(using: &random)!
        for flag in [O_CREAT, O_TRUNC, O_EXCL, O_APPEND, O_NOFOLLOW, O_DIRECTORY]
        where Int.random(in: 0..<4, using: &random) == 0 { flags |= flag }
        let number = try files.open(place(), flags: flags, mode: 0o644, waits: false)
        let file = try files.file(number)
        if file.kind == .directory, isBound {
            openFolders.append(number)
            return
        }
        openFiles.append(number)
        var bytes = [UInt8](repeating: 0, count: 100)
        if let count = try? bytes.withUnsafeMutableBytes({ try files.read(file, $0, position: 0) }),
            String(decoding: bytes.prefix(count), as: UTF8.self).hasPrefix(GrantWorld.outsideText)
        {
            violations.append("it has read what was not granted")
        }
    }

    private typealias Operation = (name: String, body: @Sendable (GrantAttacker) throws -> Void)

    /// Everything that changes something.
    private static let operations: [Operation] = [
        ("open", { try $0.open() }), ("open", { try $0.open() }), ("open", { try $0.open() }),
        (
            "write",
            { attacker in
                let file = try attacker.file()
                _ = try [UInt8]("written".utf8).withUnsafeBytes { try attacker.files.write(file, $0, position: 0) }
            }
        ),
        ("ftruncate", { try $0.files.truncate($0.file(), to: 3) }),
        ("fchmod", { try $0.files.changeMode($0.file(), 0o700) }),
        ("fchown", { try $0.files.changeOwner($0.file(), user: 1, group: 1) }),
        ("futimes", { try $0.files.setTimes($0.file(), accessed: .now, modified: .now) }),
        ("mkdir", { try $0.files.makeDirectory($0.place(), mode: 0o755) }),
        ("rmdir", { try $0.files.removeDirectory($0.place()) }),
        ("unlink", { try $0.files.unlink($0.place()) }),
        ("rename", { try $0.files.rename($0.place(), to: $0.place()) }),
        ("rename", { try $0.files.rename($0.place(), to: $0.place()) }),
        ("link", { try $0.files.link($0.place(), to: $0.place()) }),
        (
            "symlink",
            { attacker in
                let target = attacker.world.root + (attacker.world.folders.randomElement(using: &attacker.random)!)
                let text =
                    !attacker.isBound || Bool.random(using: &attacker.random) ? target : attacker.names()
                try attacker.files.makeSymbolicLink(Array(text.utf8), at: attacker.place())
            }
        ),
        ("chmod", { try $0.files.changeMode($0.place(), 0o700) }),
        (
            "chown",
            { attacker in
                let follows = Bool.random(using: &attacker.random)
                try attacker.files.changeOwner(attacker.place(), user: 1, group: 1, followingLinks: follows)
            }
        ),
        ("truncate", { try $0.files.truncate($0.place(), to: 2) }),
        (
            "utimes",
            { attacker in
                let follows = Bool.random(using: &attacker.random)
                try attacker.files.setTimes(attacker.place(), accessed: .now, modified: .now, followingLinks: follows)
            }
        ),
        (
            "chdir",
            { attacker in
                // With all files it is the working directory of the test's process.
                guard !attacker.world.access.allowsAllFiles else { return }
                let guest = attacker.world.access.mounts.randomElement(using: &attacker.random)?.guest ?? "/"
                try attacker.files.changeWorkingDirectory(Array((guest + "/" + attacker.names()).utf8))
            }
        ),
    ]

    private func step() {
        let operation = Self.operations.randomElement(using: &random)!
        log.append(operation.name)
        do {
            try operation.body(self)
            allowed += 1
        } catch {
            denied += 1
            log.append("    \((error as? ErrorCode).map { "\($0.name)" } ?? "\(error)")")
        }
    }
}
