#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which files a program may use.
public enum FileAccess: Sendable {
    /// None but standard input, output and error.
    case none
    /// All that the user who runs the program may use.
    case all
}

/// A path as the system takes it.
struct HostPath {
    let bytes: ContiguousArray<CChar>

    /// Nil when the path contains a zero byte.
    init?(_ path: JSString) {
        var bytes = ContiguousArray<CChar>()
        for byte in path.bytes {
            if byte == 0 { return nil }
            bytes.append(CChar(bitPattern: byte))
        }
        bytes.append(0)
        self.bytes = bytes
    }

    /// Calls the system with the path.
    func call<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}

/// The files that a program sees: operations on paths and descriptors, and the permission to use them.
///
/// Each operation is one function of Node's module `fs` as Go calls it; descriptors are the system's own numbers, but only
/// those that the program got here.
struct FileSystem {
    let access: FileAccess
    /// The descriptors that the program may use.
    private var openDescriptors: Set<Int32> = [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    /// Whether the user has been told how to allow access to files.
    private var hasHinted = false

    init(access: FileAccess) { self.access = access }

    /// The path on the host, if the program may use it.
    private mutating func resolve(_ path: JSString) throws(ErrorCode) -> HostPath {
        guard case .all = access else {
            if !hasHinted {
                hasHinted = true
                Descriptors.report(
                    "gowasm-fast: hint: the program has no access to files such as \(path.text.debugDescription); "
                        + "the option --allow-all gives it\n")
            }
            throw ErrorCode(EACCES)
        }
        guard let resolved = HostPath(path) else { throw ErrorCode(EINVAL) }
        return resolved
    }

    /// Checks a descriptor that the program named.
    func descriptor(_ number: Double) throws(ErrorCode) -> Int32 {
        guard let descriptor = Int32(exactly: number), openDescriptors.contains(descriptor) else {
            throw ErrorCode(EBADF)
        }
        return descriptor
    }

    private func check(_ result: Int32) throws(ErrorCode) {
        if result != 0 { throw ErrorCode.last }
    }

    /// Repeats a call that a signal interrupted.
    private func retrying(_ body: () -> Int) throws(ErrorCode) -> Int {
        while true {
            let result = body()
            if result >= 0 { return result }
            if errno != EINTR { throw ErrorCode.last }
        }
    }

    // MARK: Descriptors

    mutating func open(_ path: JSString, flags: Int32, mode: UInt32) throws(ErrorCode) -> Int32 {
        let path = try resolve(path)
        let descriptor = try Int32(
            retrying { Int(path.call { openFile($0, flags | O_CLOEXEC, mode_t(mode & 0o7777)) }) })
        openDescriptors.insert(descriptor)
        return descriptor
    }

    mutating func close(_ descriptor: Int32) throws(ErrorCode) {
        openDescriptors.remove(descriptor)
        try check(closeDescriptor(descriptor))
    }

    /// Reads from a position, or from where the last read ended.
    func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, position: Int64?) throws(ErrorCode) -> Int {
        guard let position else { return try Descriptors.read(descriptor, bytes) }
        guard let start = bytes.baseAddress else { return 0 }
        return try retrying { pread(descriptor, start, bytes.count, off_t(position)) }
    }

    /// Writes at a position, or where the last write ended; all bytes in the latter case.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, position: Int64?) throws(ErrorCode) -> Int {
        guard let position else {
            try Descriptors.writeAll(descriptor, bytes)
            return bytes.count
        }
        guard let start = bytes.baseAddress else { return 0 }
        return try retrying { pwrite(descriptor, start, bytes.count, off_t(position)) }
    }

    func status(_ descriptor: Int32) throws(ErrorCode) -> stat {
        var status = stat()
        try check(fstat(descriptor, &status))
        return status
    }

    func synchronize(_ descriptor: Int32) throws(ErrorCode) { try check(fsync(descriptor)) }
    func truncate(_ descriptor: Int32, to length: Int64) throws(ErrorCode) {
        try check(ftruncate(descriptor, off_t(length)))
    }
    func changeMode(_ descriptor: Int32, _ mode: UInt32) throws(ErrorCode) {
        try check(fchmod(descriptor, mode_t(mode)))
    }
    func changeOwner(_ descriptor: Int32, user: UInt32, group: UInt32) throws(ErrorCode) {
        try check(fchown(descriptor, user, group))
    }

    // MARK: Paths

    mutating func status(_ path: JSString, followingLinks: Bool) throws(ErrorCode) -> stat {
        let path = try resolve(path)
        var status = stat()
        try check(path.call { followingLinks ? stat($0, &status) : lstat($0, &status) })
        return status
    }

    /// The names in a directory, sorted by their bytes.
    mutating func names(inDirectory path: JSString) throws(ErrorCode) -> [JSString] {
        let path = try resolve(path)
        guard let directory = path.call({ opendir($0) }) else { throw ErrorCode.last }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
                }
            }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        return names.map { name in name.withUnsafeBytes { UTF8Text.decode($0) } }
    }

    mutating func makeDirectory(_ path: JSString, mode: UInt32) throws(ErrorCode) {
        let path = try resolve(path)
        try check(path.call { mkdir($0, mode_t(mode & 0o7777)) })
    }

    mutating func removeDirectory(_ path: JSString) throws(ErrorCode) {
        let path = try resolve(path)
        try check(path.call { rmdir($0) })
    }

    mutating func unlink(_ path: JSString) throws(ErrorCode) {
        let path = try resolve(path)
        try check(path.call { unlinkFile($0) })
    }

    mutating func rename(_ old: JSString, to new: JSString) throws(ErrorCode) {
        let (old, new) = (try resolve(old), try resolve(new))
        try check(old.call { from in new.call { renameFile(from, $0) } })
    }

    mutating func link(_ old: JSString, to new: JSString) throws(ErrorCode) {
        let (old, new) = (try resolve(old), try resolve(new))
        try check(old.call { from in new.call { linkFile(from, $0) } })
    }

    /// Makes a symbolic link; its target is text that is looked at when the link is used.
    mutating func makeSymbolicLink(_ target: JSString, at path: JSString) throws(ErrorCode) {
        let path = try resolve(path)
        guard let target = HostPath(target) else { throw ErrorCode(EINVAL) }
        try check(target.call { text in path.call { symlink(text, $0) } })
    }

    mutating func target(ofLink path: JSString) throws(ErrorCode) -> JSString {
        let path = try resolve(path)
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            path.call { readlink($0, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count) }
        }
        guard count >= 0 else { throw ErrorCode.last }
        return buffer.prefix(count).withUnsafeBytes { UTF8Text.decode($0) }
    }

    mutating func changeMode(_ path: JSString, _ mode: UInt32) throws(ErrorCode) {
        let path = try resolve(path)
        try check(path.call { chmod($0, mode_t(mode & 0o7777)) })
    }

    mutating func changeOwner(_ path: JSString, user: UInt32, group: UInt32, followingLinks: Bool) throws(ErrorCode) {
        let path = try resolve(path)
        try check(path.call { followingLinks ? chown($0, user, group) : lchown($0, user, group) })
    }

    mutating func truncate(_ path: JSString, to length: Int64) throws(ErrorCode) {
        let path = try resolve(path)
        try check(path.call { truncateFile($0, off_t(length)) })
    }

    /// Sets the times of a file, in seconds since 1970.
    mutating func setTimes(_ path: JSString, accessed: Double, modified: Double) throws(ErrorCode) {
        let path = try resolve(path)
        func time(_ seconds: Double) -> timespec {
            guard seconds.isFinite, abs(seconds) < 9e15 else { return timespec() }
            let whole = seconds.rounded(.down)
            return timespec(tv_sec: Int(whole), tv_nsec: Int((seconds - whole) * 1e9))
        }
        let times = [time(accessed), time(modified)]
        try check(path.call { utimensat(AT_FDCWD, $0, times, 0) })
    }

    // MARK: The working directory

    /// The path of the working directory.
    func workingDirectory() throws(ErrorCode) -> JSString {
        guard let path = getcwd(nil, 0) else { throw ErrorCode.last }
        defer { free(path) }
        return UTF8Text.decode(UnsafeRawBufferPointer(start: path, count: strlen(path)))
    }

    mutating func changeWorkingDirectory(_ path: JSString) throws(ErrorCode) {
        let path = try resolve(path)
        try check(path.call { chdir($0) })
    }
}

// The system calls whose names methods above hide.
private func openFile(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
private func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func unlinkFile(_ path: UnsafePointer<CChar>) -> Int32 { unlink(path) }
private func renameFile(_ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> Int32 { rename(old, new) }
private func linkFile(_ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> Int32 { link(old, new) }
private func truncateFile(_ path: UnsafePointer<CChar>, _ length: off_t) -> Int32 { truncate(path, length) }
