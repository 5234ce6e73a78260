import Foundation
import LibC
import Testing
import _TestSupport

@testable import HostSystem

/// A guest's file system in a folder of its own, with what was done in it.
private final class Subject {
    let name: String
    let files: FileSystem
    /// The guest's numbers of what is open.
    var open: [Int] = []

    init(_ name: String, _ access: HostAccess) throws {
        self.name = name
        files = try FileSystem(access)
        files.report = { _ in }
        _ = files.changeModeMask(to: 0o022)
    }
}

/// One operation, with all that it depends on.
private enum Operation: CustomStringConvertible {
    case open(String, Int32, UInt32)
    case close(Int)
    case read(Int, count: Int, position: Int64?)
    case write(Int, count: Int, position: Int64?, byte: UInt8)
    case seek(Int, Int64, Int32)
    case resize(Int, Int64)
    case reserve(Int, Int64, Int64)
    case appends(Int, Bool)
    case fileStatus(Int)
    case fileEntries(Int)
    case fileMode(Int, UInt32)
    case fileTimes(Int, Int)
    case synchronize(Int)
    case status(String, follows: Bool)
    case entries(String)
    case makeFolder(String, UInt32)
    case removeFolder(String)
    case unlink(String)
    case rename(String, String)
    case link(String, String)
    case makeLink(String, at: String)
    case target(String)
    case mode(String, UInt32)
    case truncate(String, Int64)
    case times(String, Int, follows: Bool)
    case same(String, String)

    var description: String { Mirror(reflecting: self).children.first.map { "\($0.label ?? "") \($0.value)" } ?? "" }

    static func path(_ random: inout SplitMix) -> String {
        let names = ["a", "b", "c", "d", "a", "b", "c", ".", ".."]
        let count = Int.random(in: 1...4, using: &random)
        var path = (0..<count).map { _ in names.randomElement(using: &random)! }.joined(separator: "/")
        if Int.random(in: 0..<12, using: &random) == 0 { path += "/" }
        if Int.random(in: 0..<60, using: &random) == 0 { path += String(repeating: "x", count: 260) }
        return "/w/" + path
    }

    static func random(_ random: inout SplitMix) -> Operation {
        let path = path(&random)
        let other = Operation.path(&random)
        let file = Int.random(in: 0..<6, using: &random)
        let offset = Int64.random(in: -2...200_000, using: &random)
        let count = [0, 1, 10, 3000, 70_000].randomElement(using: &random)!
        let position = Bool.random(using: &random) ? nil : offset
        let mode: UInt32 = [0o777, 0o644, 0o600, 0o1755].randomElement(using: &random)!
        let second = Int.random(in: 0..<2_000_000_000, using: &random)
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<8:
            var flags = [O_RDONLY, O_WRONLY, O_RDWR].randomElement(using: &random)!
            for flag in [O_CREAT, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW]
            where Int.random(in: 0..<3, using: &random) == 0 { flags |= flag }
            // What O_EXCL means without O_CREAT is not defined.
            if flags & O_CREAT == 0 {
                flags &= ~O_EXCL
                if Int.random(in: 0..<4, using: &random) == 0 { flags |= O_DIRECTORY }
            }
            // POSIX does not say what this does either.
            if flags & O_ACCMODE == O_RDONLY { flags &= ~O_TRUNC }
            return .open(path, flags, mode)
        case 8: return .close(file)
        case 9, 10: return .read(file, count: count, position: position)
        case 11..<14: return .write(file, count: count, position: position, byte: UInt8(second & 255))
        case 14: return .seek(file, offset, [SEEK_SET, SEEK_CUR, SEEK_END].randomElement(using: &random)!)
        case 15: return .resize(file, offset)
        case 16: return .reserve(file, offset, Int64(count))
        case 17: return .appends(file, Bool.random(using: &random))
        case 18: return .fileStatus(file)
        case 19: return .fileEntries(file)
        case 20: return Bool.random(using: &random) ? .fileMode(file, mode) : .synchronize(file)
        case 21: return .fileTimes(file, second)
        case 22, 23: return .status(path, follows: Bool.random(using: &random))
        case 24: return .entries(path)
        case 25..<28: return .makeFolder(path, mode)
        case 28: return .removeFolder(path)
        case 29: return .unlink(path)
        case 30..<33: return .rename(path, other)
        case 33: return .link(path, other)
        case 34, 35:
            let targets = ["a", "b", "../a", "../b/c", "c/d", ".", "..", "../..", "/etc", "a/", "d", "../w/a"]
            return .makeLink(targets.randomElement(using: &random)!, at: path)
        case 36: return .target(path)
        case 37: return .mode(path, mode)
        case 38: return Bool.random(using: &random) ? .truncate(path, offset) : .same(path, other)
        default: return .times(path, second, follows: Bool.random(using: &random))
        }
    }
}

extension Subject {
    private func file(_ index: Int) throws -> OpenFile {
        guard !open.isEmpty else { throw ErrorCode(EBADF) }
        return try files.file(open[index % open.count])
    }

    /// What two runs of an operation can be compared by.
    private static func describe(_ status: stat) -> String {
        let kind = OpenFile.Kind(mode: status.st_mode)
        let size = kind == .directory ? 0 : status.st_size
        let links = kind == .directory ? 0 : status.st_nlink
        // The permissions of links differ from system to system, and nobody looks at them.
        return
            "\(kind) \(size) \(links) \(kind == .link ? 0 : status.st_mode & 0o7777) \(status.st_uid) \(status.st_gid)"
    }

    private static func describe(_ entries: [DirectoryEntry]) -> String {
        entries.map { "\(GuestPath.text($0.name)):\($0.kind)" }.joined(separator: " ")
    }

    private static func describe(_ bytes: ArraySlice<UInt8>) -> String {
        var sum = 0
        for byte in bytes { sum = (sum &* 31 &+ Int(byte)) & 0xFFFF_FFFF }
        return "\(bytes.count) \(sum)"
    }

    /// Does it, and says what came of it.
    func perform(_ operation: Operation) -> String {
        do { return try result(of: operation) } catch {
            return (error as? ErrorCode).map { "\($0.name)" } ?? "\(error)"
        }
    }

    private func result(of operation: Operation) throws -> String {
        switch operation {
        case .open(let path, let flags, let mode):
            let number = try files.open(files.place(path), flags: flags, mode: mode)
            // One at a time is closed unseen, so that there are never many.
            if open.count == 6 { try files.close(open.removeFirst()) }
            open.append(number)
            return try "\(number) \(Self.describe(files.file(number).status()))"
        case .close(let index):
            guard !open.isEmpty else { return "" }
            try files.close(open.remove(at: index % open.count))
        case .read(let index, let count, let position):
            var bytes = [UInt8](repeating: 0, count: count)
            let file = try file(index)
            let got = try bytes.withUnsafeMutableBytes { try files.read(file, $0, position: position) }
            return Self.describe(bytes[..<got])
        case .write(let index, let count, let position, let byte):
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: Int(byte) &+ $0) }
            let file = try file(index)
            // Without bytes the system need not look at the descriptor.
            if count == 0 { return "" }
            return "\(try bytes.withUnsafeBytes { try files.write(file, $0, position: position) })"
        case .seek(let index, let offset, let whence):
            let file = try file(index)
            guard file.kind == .regular else { return "" }
            return "\(try files.seek(file, offset, whence))"
        case .resize(let index, let size): try files.truncate(file(index), to: size)
        case .reserve(let index, let start, let count):
            let file = try file(index)
            guard file.kind == .regular else { return "" }
            try files.reserve(file, from: start, count: count)
        case .appends(let index, let appends): try files.setAppends(file(index), appends)
        case .fileStatus(let index): return try Self.describe(file(index).status())
        case .fileEntries(let index): return try Self.describe(files.entries(file(index)))
        case .fileMode(let index, let mode): try files.changeMode(file(index), mode)
        case .fileTimes(let index, let second):
            let file = try file(index)
            let time = FileTime.at(seconds: second, nanoseconds: 123_456_789)
            try files.setTimes(file, accessed: .now, modified: time)
            let status = try file.status().modificationTime
            return "\(status.tv_sec) \(status.tv_nsec)"
        case .synchronize(let index): try files.synchronize(file(index), contentsOnly: index & 1 == 0)
        default: return try resultOfPath(operation)
        }
        return "ok"
    }

    private func resultOfPath(_ operation: Operation) throws -> String {
        switch operation {
        case .status(let path, let follows):
            return try Self.describe(files.status(Array(path.utf8), followingLinks: follows))
        case .entries(let path): return try Self.describe(files.entries(files.place(path)))
        case .makeFolder(let path, let mode): try files.makeDirectory(files.place(path), mode: mode)
        case .removeFolder(let path): try files.removeDirectory(files.place(path))
        case .unlink(let path): try files.unlink(files.place(path))
        case .rename(let old, let new): try files.rename(files.place(old), to: files.place(new))
        case .link(let old, let new): try files.link(files.place(old), to: files.place(new))
        case .makeLink(let target, let path):
            try files.makeSymbolicLink(Array(target.utf8), at: files.place(path))
        case .target(let path): return try GuestPath.text(files.target(ofLink: files.place(path)))
        case .mode(let path, let mode): try files.changeMode(files.place(path), mode)
        case .truncate(let path, let size): try files.truncate(files.place(path), to: size)
        case .times(let path, let second, let follows):
            let time = FileTime.at(seconds: second, nanoseconds: 987_654_321)
            try files.setTimes(files.place(path), accessed: .keep, modified: time, followingLinks: follows)
            let status = try files.status(Array(path.utf8), followingLinks: follows).modificationTime
            return "\(status.tv_sec) \(status.tv_nsec)"
        case .same(let a, let b):
            let first = try files.status(Array(a.utf8), followingLinks: true)
            let second = try files.status(Array(b.utf8), followingLinks: true)
            return "\(first.st_ino == second.st_ino && first.st_dev == second.st_dev)"
        default: break
        }
        return "ok"
    }

    /// All that there is, as lines.
    func tree(_ path: String = "/w", depth: Int = 0) throws -> [String] {
        guard depth < 30 else { return [] }
        return try files.entries(files.place(path)).flatMap { entry in
            let path = "\(path)/\(GuestPath.text(entry.name))"
            let status = try files.status(Array(path.utf8), followingLinks: false)
            var line = "\(path) \(Self.describe(status))"
            switch entry.kind {
            case .directory: return try [line] + tree(path, depth: depth + 1)
            case .link: line += " -> " + GuestPath.text(try files.target(ofLink: files.place(path)))
            default: line += " " + (try contents(path))
            }
            return [line]
        }
    }

    private func contents(_ path: String) throws -> String {
        let number = try files.open(files.place(path), flags: O_RDONLY, mode: 0)
        defer { try? files.close(number) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let file = try files.file(number)
        let count = try bytes.withUnsafeMutableBytes { try files.read(file, $0, position: 0) }
        return Self.describe(bytes[..<count])
    }
}

@Suite("Files that are not the system's, beside a folder of the system")
struct VirtualDifferentialTests {
    /// How many sequences of operations are tried; the environment may name more.
    static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["GOWASM_FILE_SEED"].flatMap(UInt64.init) ?? 1
        return first..<first + (environment["GOWASM_FILE_SEEDS"].flatMap(UInt64.init) ?? 24)
    }()

    /// A guest with a folder of the host.
    private func native(_ path: String) throws -> Subject {
        try Subject("host", HostAccess(mounts: [.init(host: path, guest: "/w")]))
    }

    private func virtual(_ name: String, _ files: any VirtualFileSystem) throws -> Subject {
        var access = HostAccess.none
        access.mount(files, at: "/w")
        return try Subject(name, access)
    }

    @Test("random operations have the same results in memory and above a lower layer", arguments: seeds)
    func random(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let (folder, lower) = (try TemporaryFolder(), try TemporaryFolder())
        #expect(chmod(folder.url.path, 0o755) == 0 && chmod(lower.url.path, 0o755) == 0)
        let memory = MemoryFileSystem()
        let first = [
            try native(folder.url.path), try native(lower.url.path), try virtual("memory", memory),
        ]
        run(first, &random, 120, seed)
        // What lies in the lower layer has names that lead to one file only.
        for subject in first { removeLinks(subject) }
        let host = try HostFolder(lower.url.path)
        let subjects = [
            try native(folder.url.path), try virtual("memory", memory),
            try virtual("above the host", OverlayFileSystem(host)),
            try virtual("above a layer above the host", OverlayFileSystem(OverlayFileSystem(host))),
        ]
        run(subjects, &random, 600, seed)
    }

    /// Removes all names of files that have more than one.
    private func removeLinks(_ subject: Subject) {
        for line in (try? subject.tree()) ?? [] {
            let parts = line.split(separator: " ")
            guard parts.count > 3, parts[1] == "regular", parts[3] != "1" else { continue }
            _ = subject.perform(.unlink(String(parts[0])))
        }
    }

    private func run(_ subjects: [Subject], _ random: inout SplitMix, _ count: Int, _ seed: UInt64) {
        var history: [String] = []
        for step in 0..<count {
            let operation = Operation.random(&random)
            let results = subjects.map { $0.perform(operation) }
            history.append("\(operation): \(results[0])")
            for (subject, result) in zip(subjects, results) where result != results[0] {
                Issue.record(
                    """
                    seed \(seed), step \(step), \(operation): \(subject.name) says \(result) and not \(results[0]), after
                    \(history.suffix(25).joined(separator: "\n"))
                    """)
                return
            }
        }
        let trees = subjects.map { subject in Result { try subject.tree().joined(separator: "\n") } }
        for (subject, tree) in zip(subjects, trees) {
            #expect("\(tree)" == "\(trees[0])", "seed \(seed): \(subject.name)")
        }
    }
}
