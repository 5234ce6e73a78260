internal import CHostSystem
internal import LibC

/// Where the search for a path begins, and how far it may lead.
struct Folder {
    /// An open directory, or `AT_FDCWD`.
    var descriptor: Int32
    /// Whether paths must stay beneath: absolute ones, ".." above the folder and links that lead out are refused.
    var isConfined: Bool
    /// Whether nothing beneath may be changed.
    var isReadOnly: Bool
    /// Whether the system is asked to keep paths beneath, where it can, instead of walking name by name.
    var usesSystemLookup = true
    /// Where paths begin that are not the system's; nil for those that are.
    ///
    /// The descriptor is of no use then.
    var virtual: VirtualFolder?

    /// What a path is opened with to find out about it, without the right to read it.
    static let lookupOnly = gw_lookup_only()

    /// How many symbolic links a path may lead through, as on Linux.
    static let linkLimit = 40

    /// A folder that is not the system's.
    init(_ virtual: VirtualFolder) {
        self.init(descriptor: -1, isConfined: true, isReadOnly: virtual.isReadOnly)
        self.virtual = virtual
    }

    init(descriptor: Int32, isConfined: Bool, isReadOnly: Bool, usesSystemLookup: Bool = true) {
        self.descriptor = descriptor
        self.isConfined = isConfined
        self.isReadOnly = isReadOnly
        self.usesSystemLookup = usesSystemLookup
    }

    /// Opens a path.
    ///
    /// `O_CLOEXEC`, `O_NOCTTY` are added. With `O_NOFOLLOW` a link at the end is refused with ELOOP, or opened itself
    /// if only looked up.
    ///
    /// - Throws: EACCES where the path leads out of the folder.
    func open(_ path: [UInt8], _ flags: Int32, mode: UInt32 = 0) throws(ErrorCode) -> Int32 {
        let flags = flags | O_CLOEXEC
        guard isConfined else { return try Self.open(descriptor, path, flags, mode) }
        if usesSystemLookup {
            let mode = flags & O_CREAT != 0 ? mode & 0o7777 : 0
            // EAGAIN: something was renamed during the search, so that ".." cannot be trusted.
            for _ in 0..<64 {
                let opened = GuestPath.withCString(path.isEmpty ? [UInt8(ascii: ".")] : path) {
                    gw_open_beneath(descriptor, $0, flags, mode)
                }
                if opened >= 0 { return opened }
                if errno != EAGAIN && errno != EINTR { break }
            }
            switch errno {
            case ENOSYS, EPERM, EAGAIN: break
            case EXDEV: throw ErrorCode.escape
            default: throw ErrorCode.last
            }
        }
        return try walk(path, flags, mode)
    }

    /// Opens a path without keeping it beneath anything.
    static func open(
        _ directory: Int32, _ path: [UInt8], _ flags: Int32, _ mode: UInt32
    ) throws(ErrorCode) -> Int32 {
        while true {
            let opened = GuestPath.withCString(path) { openat(directory, $0, flags, mode_t(mode & 0o7777)) }
            if opened >= 0 { return opened }
            if errno != EINTR { throw ErrorCode.last }
        }
    }

    // MARK: - Walking

    /// Opens a path name by name, so that no link is followed but by its text, which is walked the same way.
    ///
    /// Each step starts at a directory that is already open: who renames or replaces names meanwhile cannot lead it
    /// out.
    private func walk(_ path: [UInt8], _ flags: Int32, _ mode: UInt32) throws(ErrorCode) -> Int32 {
        var parents: [Int32] = []
        defer { for parent in parents { systemClose(parent) } }
        var pending = Array(GuestPath.components(path).reversed())
        var needsDirectory = path.last == GuestPath.slash
        guard path.first != GuestPath.slash else { throw ErrorCode.escape }
        guard !path.isEmpty else { throw ErrorCode(ENOENT) }
        var links = 0
        while let name = pending.popLast() {
            let here = parents.last ?? descriptor
            if name == [UInt8(ascii: ".")] { continue }
            if GuestPath.isParent(name) {
                guard let left = parents.popLast() else { throw ErrorCode.escape }
                systemClose(left)
                continue
            }
            let isLast = pending.isEmpty
            let step =
                isLast
                ? (needsDirectory ? flags | O_DIRECTORY : flags) | O_NOFOLLOW
                : Self.lookupOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let follows = !isLast || needsDirectory || flags & O_NOFOLLOW == 0
            do throws(ErrorCode) {
                let opened = try Self.open(here, name, step, mode)
                if isLast {
                    // Looked up only, a link is opened itself.
                    guard follows, let target = Self.linkTarget(opened, []) else { return opened }
                    systemClose(opened)
                    try follow(target, &pending, &links, &needsDirectory)
                } else {
                    parents.append(opened)
                }
            } catch {
                guard follows, error.number == ELOOP || error.number == ENOTDIR,
                    flags & (O_CREAT | O_EXCL) != O_CREAT | O_EXCL || !isLast,
                    let target = Self.linkTarget(here, name)
                else { throw error }
                try follow(target, &pending, &links, &needsDirectory)
            }
        }
        // The path ends in "." or "..": at a directory that is open already.
        return try Self.open(parents.last ?? descriptor, [UInt8(ascii: ".")], flags & ~(O_CREAT | O_NOFOLLOW), mode)
    }

    private func follow(
        _ target: [UInt8], _ pending: inout [[UInt8]], _ links: inout Int, _ needsDirectory: inout Bool
    ) throws(ErrorCode) {
        links += 1
        guard links <= Self.linkLimit else { throw ErrorCode(ELOOP) }
        guard target.first != GuestPath.slash else { throw ErrorCode.escape }
        if pending.isEmpty, target.last == GuestPath.slash { needsDirectory = true }
        pending += GuestPath.components(target).reversed()
    }

    /// A path that leads to an open file itself, whatever has become of its name; also to one open for looking up only.
    static func path(of descriptor: Int32) -> String { SystemFile.path(of: descriptor) }

    /// Whether an open file is one of Linux's procfs.
    static func isInProcfs(_ descriptor: Int32) -> Bool { gw_is_in_procfs(descriptor) }

    /// The text of a link, by its name in a directory or, with the empty name, opened itself; nil for other files.
    static func linkTarget(_ directory: Int32, _ name: [UInt8]) -> [UInt8]? {
        var text = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = text.withUnsafeMutableBytes { bytes in
            GuestPath.withCString(name) {
                readlinkat(directory, $0, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
            }
        }
        return count < 0 ? nil : Array(text.prefix(count))
    }
}
