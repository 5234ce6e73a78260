import WasmFrontend

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The folder in which the bytecode of programs is kept from one run to the next, a file a program.
///
/// Nothing here fails: without a folder, a file or the permission for them, programs are lowered as they run. Whoever can
/// write to the folder decides what programs do, so it is used only where it and the file are the user's own.
struct CodeCache {
    private let folder: String

    /// What names of its files have; the folder may have others.
    private static let suffix = ".bytecode"
    /// Bytecode that is lowered sooner than a file is opened and written is not worth one.
    private static let smallestCode = 64 << 10
    /// The bytes of all files together, beyond which those that were not used for longest are removed.
    private static let largestFolder = 256 << 20
    /// Where files say when they were used, in seconds: each use would be a write.
    private static let useInterval = 3600

    /// The cache that the environment names: `GOWASM_CACHE`, which may be `off`, or a folder among the user's caches; nil
    /// for none.
    init?() {
        func variable(_ name: String) -> String? {
            guard let value = getenv(name), value.pointee != 0 else { return nil }
            return String(cString: value)
        }
        let named: String
        if let folder = variable("GOWASM_CACHE") {
            guard folder != "off" else { return nil }
            named = folder
        } else if let caches = variable("XDG_CACHE_HOME") {
            named = caches + "/gowasm-fast"
        } else if let home = variable("HOME") {
            #if os(macOS)
                named = home + "/Library/Caches/gowasm-fast"
            #else
                named = home + "/.cache/gowasm-fast"
            #endif
        } else {
            return nil
        }
        // The program may change the working directory.
        guard let start = named.hasPrefix("/") ? "" : Self.workingDirectory.map({ $0 + "/" }) else { return nil }
        folder = start + named
    }

    private static var workingDirectory: String? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }

    // MARK: - A program's code

    /// The code of a program that is about to run, and how much of it has been taken from its file.
    struct Session {
        let code: LoweredCode
        fileprivate let engine: CodeImage.Engine
        fileprivate let path: String
        fileprivate let knownSize: Int
    }

    /// Takes the bytecode of a module from its file, if there is one; nil where none can be kept.
    func begin(_ module: Module, _ options: LoweredCode.Options) -> Session? {
        guard let engine = CodeImage.Engine(), let code = try? module.loweredCode(options) else { return nil }
        let path = folder + "/" + String(code.imageNumber(engine), radix: 16) + Self.suffix
        let known = Self.openOwn(path)
        if let descriptor = known {
            defer { close(descriptor) }
            let isTaken = code.readImage(from: descriptor, engine)
            return Session(code: code, engine: engine, path: path, knownSize: isTaken ? code.bytecodeSize : 0)
        }
        return Session(code: code, engine: engine, path: path, knownSize: 0)
    }

    /// Writes a program's bytecode to its file if there is noticeably more than the file has.
    func end(_ session: Session) {
        let size = session.code.bytecodeSize
        guard size >= Self.smallestCode, size - session.knownSize > session.knownSize / 20, makeFolder() else { return }
        // Others see the whole file or none.
        let temporary = session.path + ".\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let isWritten = session.code.writeImage(to: descriptor, session.engine)
        close(descriptor)
        guard isWritten, rename(temporary, session.path) == 0 else {
            unlink(temporary)
            return
        }
        removeOldest()
    }

    // MARK: - Files

    /// Opens a file of the cache for reading, and notes that it is used; nil where there is none, or somebody else could
    /// have written it.
    private static func openOwn(_ path: String) -> Int32? {
        // It may be anything, a pipe that nobody writes to included.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, isOwn(status) else {
            close(descriptor)
            return nil
        }
        #if os(Linux)
            let modified = status.st_mtim.tv_sec
        #else
            let modified = status.st_mtimespec.tv_sec
        #endif
        if time(nil) - modified > useInterval { futimens(descriptor, nil) }
        return descriptor
    }

    /// Whether only the user can have written something.
    private static func isOwn(_ status: stat) -> Bool {
        status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    }

    /// Makes the folder, and the one that it is in; whether it is there and the user's.
    private func makeFolder() -> Bool {
        if mkdir(folder, 0o700) != 0, errno == ENOENT, let slash = folder.lastIndex(of: "/") {
            mkdir(String(folder[..<slash]), 0o700)
            mkdir(folder, 0o700)
        }
        var status = stat()
        return stat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && Self.isOwn(status)
    }

    /// Removes the files that were not used for longest, until the others are within the limit.
    private func removeOldest() {
        guard let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        let parent = dirfd(stream)
        var files: [(name: String, size: Int, used: Int)] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            var status = stat()
            // One that could not be completed has more behind it.
            guard name.contains(Self.suffix) else { continue }
            guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else {
                continue
            }
            #if os(Linux)
                let used = status.st_mtim.tv_sec
            #else
                let used = status.st_mtimespec.tv_sec
            #endif
            files.append((name, Int(status.st_size), used))
        }
        var size = files.reduce(0) { $0 + $1.size }
        guard size > Self.largestFolder else { return }
        for file in files.sorted(by: { $0.used < $1.used }) where size > Self.largestFolder {
            unlinkat(parent, file.name, 0)
            size -= file.size
        }
    }
}
