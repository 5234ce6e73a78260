import HostSystem
import LibC
import WasmFrontend

/// The folder in which the bytecode of programs is kept from one run to the next, a file a program.
///
/// Nothing here fails: without a folder, a file or the permission for them, programs are lowered as they run. Whoever can
/// write to the folder decides what programs do, so it is used only where it and the file are the user's own, and no
/// program that runs here is let to change it (`Protection`).
struct CodeCache {
    private let folder: String

    /// What names of its files have; the folder may have others.
    private static let suffix = ".bytecode"
    /// Bytecode that is lowered sooner than a file is opened and written is not worth one.
    private static let smallestCode = 64 << 10
    /// The bytes of all files together, beyond which those that were not used for longest are removed.
    private static let largestFolder = 256 << 20
    /// How many names of the folder are looked at; more files than half of that are beyond its bytes.
    private static let largestScan = 2 * largestFolder / smallestCode
    /// Where files say when they were used, in seconds: each use would be a write.
    private static let useInterval = 3600
    /// After how many seconds a file that was not completed is one that will not be.
    private static let writingTime = 3600

    /// The cache that the environment names; nil for none.
    init?() {
        guard let folder = KeptCode.folder else { return nil }
        self.folder = folder
    }

    // MARK: - A program's code

    /// The code of a program that is about to run, and how much of it has been taken from its file.
    struct Session {
        let code: LoweredCode
        fileprivate let engine: CodeImage.Engine
        fileprivate let name: String
        /// The folder that was looked into; nil where there was none.
        fileprivate let folder: FileIdentity?
        fileprivate let knownSize: Int
    }

    /// Takes the bytecode of a module from its file, if there is one; nil where none can be kept.
    func begin(_ module: Module, _ options: LoweredCode.Options) -> Session? {
        guard let engine = CodeImage.Engine(), let code = try? module.loweredCode(options) else { return nil }
        let name = String(code.imageNumber(engine), radix: 16) + Self.suffix
        var isTaken = false
        let directory = openFolder(makes: false)
        defer { if let directory { close(directory) } }
        if let directory, let file = Self.openOwn(name, in: directory) {
            isTaken = code.readImage(from: file, engine)
            close(file)
        }
        return Session(
            code: code, engine: engine, name: name, folder: directory.flatMap { FileIdentity(of: $0) },
            knownSize: isTaken ? code.bytecodeSize : 0)
    }

    /// Writes a program's bytecode to its file if there is noticeably more than the file has.
    func end(_ session: Session) {
        let size = session.code.bytecodeSize
        guard size >= Self.smallestCode, size - session.knownSize > session.knownSize / 20,
            let directory = openFolder(makes: session.folder == nil)
        else { return }
        defer { close(directory) }
        guard session.folder == nil || session.folder == FileIdentity(of: directory) else { return }
        // Others see the whole file or none.
        let temporary = session.name + "." + String(UInt64.random(in: 0 ... .max), radix: 36)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let file = openat(directory, temporary, flags, 0o600)
        guard file >= 0 else { return }
        let isWritten = session.code.writeImage(to: file, session.engine)
        close(file)
        guard isWritten, renameat(directory, temporary, directory, session.name) == 0 else {
            unlinkat(directory, temporary, 0)
            return
        }
        Self.removeOldest(in: directory)
    }

    // MARK: - The folder

    /// Opens the folder, or makes it, and the one that it is in, where they are not there; nil where nothing is to be
    /// kept there.
    private func openFolder(makes: Bool) -> Int32? {
        guard isAmongOwn else { return nil }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        var opened = open(folder, flags)
        if opened < 0, errno == ENOENT, makes {
            if mkdir(folder, 0o700) != 0, errno == ENOENT, let parent = Self.parent(of: folder) {
                mkdir(parent, 0o700)
                mkdir(folder, 0o700)
            }
            opened = open(folder, flags)
        }
        guard opened >= 0 else { return nil }
        var status = stat()
        guard fstat(opened, &status) == 0, Self.isOwn(status) else {
            close(opened)
            return nil
        }
        return opened
    }

    /// Whether the folders in which the folder is, or would be made, are the user's or the system's.
    ///
    /// In a home that belongs to somebody else, as root often has, that user could not use what is made.
    private var isAmongOwn: Bool {
        var path = folder
        for _ in 0..<2 {
            guard let parent = Self.parent(of: path) else { return true }
            path = parent
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            guard status.st_uid == geteuid() || status.st_uid == 0 else { return false }
        }
        return true
    }

    private static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return nil }
        return String(path[..<slash])
    }

    /// Whether only the user can have written something.
    private static func isOwn(_ status: stat) -> Bool {
        status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    }

    // MARK: - Files

    private static func lastUse(_ status: stat) -> Int { status.modificationTime.tv_sec }

    /// Opens a file of the cache for reading, and notes that it is used; nil where there is none, or somebody else could
    /// have written it.
    private static func openOwn(_ name: String, in directory: Int32) -> Int32? {
        // It may be anything, a pipe that nobody writes to included.
        let file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, isOwn(status) else {
            close(file)
            return nil
        }
        if time(nil) - lastUse(status) > useInterval { futimens(file, nil) }
        return file
    }

    /// Removes the files that were not used for longest, until the others are within the limit, and those that nobody
    /// completes.
    ///
    /// Of a folder with very many files only as many are looked at as it may have, and half of them are removed: so a
    /// run never takes long for it, and a few runs bring it back to its limit.
    private static func removeOldest(in directory: Int32) {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { return }
        defer { closedir(stream) }
        let now = time(nil)
        var files: [(name: String, size: Int, used: Int)] = []
        var seen = 0
        while seen < largestScan, let entry = readdir(stream) {
            seen += 1
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            var status = stat()
            guard name.hasSuffix(suffix) || name.contains(suffix + "."),
                fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG
            else { continue }
            let used = lastUse(status)
            if !name.hasSuffix(suffix), now - used > writingTime {
                unlinkat(directory, name, 0)
            } else {
                files.append((name, Int(status.st_size), used))
            }
        }
        var size = files.reduce(0) { $0 + $1.size }
        var surplus = seen == largestScan ? files.count / 2 : 0
        guard size > largestFolder || surplus > 0 else { return }
        for file in files.sorted(by: { $0.used < $1.used }) where size > largestFolder || surplus > 0 {
            unlinkat(directory, file.name, 0)
            size -= file.size
            surplus -= 1
        }
    }
}
