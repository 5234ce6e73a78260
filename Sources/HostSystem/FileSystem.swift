internal import LibC

/// The files that a guest sees: folders of the host in a tree of its own, a working directory, open files; and the
/// permission to use them.
///
/// Both kinds of guests use files through this, and through nothing else.
package final class FileSystem {
    /// A granted folder.
    struct Mount {
        /// Where it lies in the guest's tree: absolute and normalized.
        var path: [UInt8]
        var folder: Folder
    }

    /// Where a path begins and what follows.
    package struct Location {
        let folder: Folder
        /// What the system is asked for, from the folder on.
        let path: [UInt8]
        /// What the guest named, for messages.
        let named: [UInt8]
    }

    /// What was granted.
    package let access: HostAccess
    /// The open files.
    package var descriptors = DescriptorTable()
    let mounts: [Mount]
    /// What stays as it is whatever lets it be changed; see ``Protection``.
    var protection: Protection
    /// The guest's working directory; nil where it is the process's.
    private(set) var virtualDirectory: [UInt8]?
    /// Writes a line for the user.
    package var report: (String) -> Void = { Descriptors.report("gowasm-fast: hint: \($0)\n") }
    private var hints: Set<Hint> = []
    /// The permissions that the guest wants to be missing from what it makes; see ``changeModeMask(to:)``.
    private var modeMask: UInt32 = 0
    private var hasModeMask = false
    /// What the guest has taken of memory in files that are not the system's, and the charge for it.
    lazy var ledger = FileLedger()
    var fileCharge: Charge?

    /// Gets what the runtime of a Go program says of its end; nil if there is none.
    package var runtimeReport: RuntimeReport?

    /// What can end the waiting for pipes, sockets and terminals; nil for nothing.
    package var waker: Waker?

    /// Opens the folders, so that they stay the same whatever happens to their paths.
    ///
    /// - Parameter usesSystemLookup: false to walk name by name even where the system can keep paths beneath a folder.
    package convenience init(
        _ access: HostAccess, streams: StandardStreams = StandardStreams(), usesSystemLookup: Bool = true
    ) throws(HostAccessError) {
        try? StandardDescriptors.openClosed()
        let processDirectory = (try? Self.processDirectory()) ?? [GuestPath.slash]
        var mounts: [Mount] = []
        var isComplete = false
        defer { if !isComplete { for mount in mounts { systemClose(mount.folder.descriptor) } } }
        for mount in access.mounts {
            let host = Array(mount.host.utf8)
            let opened = GuestPath.withCString(host) {
                let readable = systemOpen($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                return readable >= 0 || errno != EACCES
                    ? readable : systemOpen($0, Folder.lookupOnly | O_DIRECTORY | O_CLOEXEC)
            }
            guard opened >= 0 else {
                throw .folder(path: mount.host, reason: ErrorCode.last.message)
            }
            let folder = Folder(
                descriptor: opened,
                // Everything is beneath the root, and absolute links in it mean what they say.
                isConfined: GuestPath.normalized(host, in: processDirectory) != [GuestPath.slash],
                isReadOnly: mount.isReadOnly, usesSystemLookup: usesSystemLookup)
            let path = GuestPath.normalized(Array(mount.guest.utf8), in: processDirectory)
            mounts.append(Mount(path: path, folder: folder))
        }
        let protection = try Protection(access, mounts.map(\.folder), processDirectory)
        mounts += Self.virtualMounts(access, processDirectory)
        isComplete = true
        self.init(access, mounts, protection, processDirectory, streams)
    }

    /// No files but standard input, output and error; or all that the process may use.
    package convenience init(allowsAllFiles: Bool = false) {
        try? StandardDescriptors.openClosed()
        let access = allowsAllFiles ? HostAccess.all : .none
        let protection = Protection(keptCode: allowsAllFiles ? KeptCode.folders : [])
        self.init(
            access, [], protection, (try? Self.processDirectory()) ?? [GuestPath.slash], StandardStreams())
    }

    private init(
        _ access: HostAccess, _ mounts: [Mount], _ protection: Protection, _ processDirectory: [UInt8],
        _ streams: StandardStreams
    ) {
        self.access = access
        self.protection = protection
        // The inner one of two folders is found first; of two on the same place the later.
        self.mounts = mounts.enumerated().sorted {
            ($0.element.path.count, $0.offset) > ($1.element.path.count, $1.offset)
        }.map(\.element)
        for file in streams.open() { _ = descriptors.add(file) }
        if !access.allowsAllFiles { virtualDirectory = firstDirectory(processDirectory) }
    }

    deinit {
        for mount in mounts where mount.folder.virtual == nil { systemClose(mount.folder.descriptor) }
        fileCharge?.close()
    }

    /// The mounts that are not the system's: those of one file system have the same device.
    private static func virtualMounts(_ access: HostAccess, _ processDirectory: [UInt8]) -> [Mount] {
        var devices: [ObjectIdentifier: UInt64] = [:]
        return access.virtualMounts.map { mount in
            let root = mount.fileSystem.root
            // Beyond the numbers of the system's devices, and exact in JavaScript.
            let device = devices[ObjectIdentifier(root), default: (1 << 44) &+ UInt64(clamping: devices.count)]
            devices[ObjectIdentifier(root)] = device
            return Mount(
                path: GuestPath.normalized(Array(mount.guest.utf8), in: processDirectory),
                folder: Folder(VirtualFolder(root, device: device, isReadOnly: mount.isReadOnly)))
        }
    }

    /// Where a guest starts that has only some folders: where the process is, if that is granted under its own path, or
    /// a folder beneath it is, so that relative paths are what they are outside; otherwise in the first folder.
    private func firstDirectory(_ processDirectory: [UInt8]) -> [UInt8] {
        var here = stat()
        var there = stat()
        if stat(".", &here) == 0, let location = find(processDirectory), location.folder.virtual == nil,
            let opened = try? location.folder.open(location.path, Folder.lookupOnly | O_DIRECTORY)
        {
            defer { systemClose(opened) }
            if fstat(opened, &there) == 0, here.st_dev == there.st_dev, here.st_ino == there.st_ino {
                return processDirectory
            }
        }
        func path(_ text: String) -> [UInt8] {
            GuestPath.normalized(Array(text.utf8), in: processDirectory)
        }
        let leadsToMount = access.mounts.contains {
            path($0.guest) == path($0.host) && GuestPath.remainder(of: path($0.host), in: processDirectory) != nil
        }
        if leadsToMount { return processDirectory }
        let first = access.mounts.first?.guest ?? access.virtualMounts.first?.guest
        return first.map(path) ?? [GuestPath.slash]
    }

    // MARK: - The working directory

    private static func processDirectory() throws(ErrorCode) -> [UInt8] {
        guard let path = getcwd(nil, 0) else { throw ErrorCode.last }
        defer { free(path) }
        return Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
    }

    /// The path of the working directory.
    package func workingDirectory() throws(ErrorCode) -> [UInt8] {
        if let virtualDirectory { return virtualDirectory }
        return try Self.processDirectory()
    }

    /// Changes the working directory: the process's, where the guest has all files.
    package func changeWorkingDirectory(_ path: [UInt8]) throws(ErrorCode) {
        if let virtualDirectory, onlyLeadsToMount(path) {
            self.virtualDirectory = GuestPath.normalized(path, in: virtualDirectory)
            return
        }
        let location = try locate(path)
        guard let virtualDirectory else {
            if GuestPath.withCString(path, { chdir($0) }) != 0 { throw ErrorCode.last }
            return
        }
        if let folder = location.folder.virtual {
            try virtually(location.named) { () throws(FileError) in try folder.checkDirectory(location.path) }
        } else {
            let opened = try allowing(location) { () throws(ErrorCode) in
                try location.folder.open(location.path, Folder.lookupOnly | O_DIRECTORY)
            }
            systemClose(opened)
        }
        self.virtualDirectory = GuestPath.normalized(path, in: virtualDirectory)
    }

    // MARK: - The file mode mask

    /// Says which permissions the files and folders that the guest makes do not get, or only asks.
    ///
    /// With all files it is the process's mask, as in Node. Otherwise the guest has one of its own, and the process's,
    /// which other programs share, goes on to hold beside it.
    ///
    /// - Returns: What it was before.
    package func changeModeMask(to mask: UInt32?) -> UInt32 {
        if access.allowsAllFiles, let mask { return UInt32(umask(mode_t(mask & 0o777))) }
        let before = hasModeMask ? modeMask : Self.processModeMask
        if let mask { (modeMask, hasModeMask) = (mask & 0o777, true) }
        return before
    }

    /// The permissions that a new file or folder gets.
    func masked(_ mode: UInt32) -> UInt32 { mode & ~modeMask }

    /// The process's mask as it was when this was first asked for.
    private(set) lazy var processMask = Self.processModeMask

    /// The process's mask, on Linux read without a moment in which it is another: threads may make files then.
    private static var processModeMask: UInt32 {
        let name = Array("Umask:\t".utf8)
        var text = [UInt8](repeating: 0, count: 4096)
        let file = systemOpen("/proc/self/status", O_RDONLY | O_CLOEXEC)
        if file >= 0 {
            defer { systemClose(file) }
            let count = text.withUnsafeMutableBytes { systemRead(file, $0.baseAddress!, $0.count) }
            let lines = text.prefix(max(0, count)).split(separator: UInt8(ascii: "\n"))
            if let line = lines.first(where: { $0.starts(with: name) }),
                let mask = UInt32(GuestPath.text(Array(line.dropFirst(name.count))), radix: 8)
            {
                return mask
            }
        }
        let mask = umask(0)
        umask(mask)
        return UInt32(mask)
    }

    // MARK: - Looking up

    /// Where a path of the guest's tree lies.
    ///
    /// - Throws: EACCES for what was not granted, with a hint.
    package func locate(_ path: [UInt8]) throws(ErrorCode) -> Location {
        guard !path.isEmpty else { throw ErrorCode(ENOENT) }
        guard !path.contains(0) else { throw ErrorCode(EINVAL) }
        if mounts.isEmpty, access.allowsAllFiles { return Self.unlimited(path) }
        if let location = find(GuestPath.absolute(path, in: try workingDirectory())) { return location }
        if access.allowsAllFiles { return Self.unlimited(path) }
        return try outside(path)
    }

    /// What every guest may read, as the time zone belongs to the clock: Go 1.11 looks for it here.
    package var timeZone = Array("/etc/localtime".utf8)

    /// Where an absolute path lies that leads to nothing that was granted.
    private func outside(_ path: [UInt8]) throws(ErrorCode) -> Location {
        guard path == timeZone else { throw deny(.outside, path) }
        return Location(
            folder: Folder(descriptor: AT_FDCWD, isConfined: false, isReadOnly: true), path: path, named: path)
    }

    private static func unlimited(_ path: [UInt8]) -> Location {
        Location(
            folder: Folder(descriptor: AT_FDCWD, isConfined: false, isReadOnly: false), path: path, named: path)
    }

    /// The location of an absolute path in a mount, nil if there is none.
    ///
    /// ".." is left to the system, because what it means depends on links; but not where it leads out of the mount.
    func find(_ path: [UInt8]) -> Location? {
        if let location = find(path, named: path) { return location }
        let normalized = GuestPath.normalized(path)
        return normalized == path ? nil : find(normalized, named: path)
    }

    private func find(_ path: [UInt8], named: [UInt8]) -> Location? {
        for mount in mounts {
            guard let rest = GuestPath.remainder(of: path, in: mount.path) else { continue }
            guard !GuestPath.leadsAbove(rest) else { return nil }
            return Location(
                folder: mount.folder, path: rest.isEmpty ? [UInt8(ascii: ".")] : rest, named: named)
        }
        return nil
    }

    /// Where a path lies that begins at an open directory, as in WASI.
    package func locate(_ path: [UInt8], in directory: OpenFile) throws(ErrorCode) -> Location {
        guard !path.isEmpty else { throw ErrorCode(ENOENT) }
        guard !path.contains(0) else { throw ErrorCode(EINVAL) }
        if let base = directory.base { return try locate(GuestPath.joined(base, path)) }
        guard let folder = directory.folder else { throw ErrorCode(ENOTDIR) }
        let name = directory.preopenName ?? []
        return Location(folder: folder, path: path, named: name.last == GuestPath.slash ? name + path : path)
    }

    /// Whether a path is that of a directory that was not granted, but leads to folders that were.
    ///
    /// Such directories can be looked at, so that programs can walk to these.
    func onlyLeadsToMount(_ path: [UInt8]) -> Bool {
        guard let virtualDirectory, !path.isEmpty else { return false }
        let whole = GuestPath.absolute(path, in: virtualDirectory)
        let normalized = GuestPath.normalized(whole)
        return mounts.contains { GuestPath.contains(normalized, $0.path) } && find(whole) == nil
    }

    // MARK: - Refusing

    enum Hint { case outside, escape, readOnly, memory, keptCode, way }

    /// The error for what the guest may not do; the user is told once how to allow it.
    func deny(_ hint: Hint, _ path: [UInt8]) -> ErrorCode {
        if hints.insert(hint).inserted {
            let name = GuestPath.text(GuestPath.withSingleSlashes(path)).debugDescription
            let text =
                switch hint {
                case .outside:
                    "the program was denied access to \(name); "
                        + "--dir \(folderToGrant(for: path)) gives it the folder, --allow-all all files"
                case .escape:
                    "\(name) leads out of the folder that the program was given, and was refused; "
                        + "--dir can give it a wider one"
                case .readOnly:
                    "the program was denied changing \(name), whose folder was given with :ro; "
                        + "--dir without that lets it"
                case .memory: "the program was denied \(name): no option gives it the memory of a process"
                case .keptCode:
                    "the program was denied changing \(name): no option lets it change the code of programs that is "
                        + "kept for later runs"
                case .way:
                    "the program was denied moving, removing or making \(name), which leads to a folder that it may "
                        + "not change"
                }
            report(text)
        }
        return ErrorCode(EACCES)
    }

    /// The value of `--dir` that lets a path be used, as a shell takes it: the path itself if it is a folder, else the
    /// one that it is in.
    private func folderToGrant(for path: [UInt8]) -> String {
        let whole = GuestPath.normalized(path, in: (try? workingDirectory()) ?? [GuestPath.slash])
        var status = stat()
        let isFolder = stat(GuestPath.text(whole), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        let parent = whole.lastIndex(of: GuestPath.slash).map { Array(whole[..<max($0, 1)]) }
        let folder = GuestPath.text(isFolder ? whole : parent ?? whole)
        let value = folder.contains(":") ? folder + "::" + folder : folder
        func isPlain(_ byte: UInt8) -> Bool {
            byte >= 0x80 || "/._-+@%=:,".utf8.contains(byte) || UnicodeScalar(byte).properties.isAlphabetic
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        if value.utf8.allSatisfy(isPlain) { return value }
        // In quotation marks of a shell only these marks themselves mean something else.
        return "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// Runs what opens a location, and tells the user when that led out of the folder.
    func allowing<Result>(_ location: Location, _ body: () throws(ErrorCode) -> Result) throws(ErrorCode) -> Result {
        do throws(ErrorCode) {
            return try body()
        } catch {
            throw error.isEscape ? deny(.escape, location.named) : error
        }
    }

    /// Throws where nothing may be changed.
    func checkWritable(_ location: Location) throws(ErrorCode) {
        if location.folder.isReadOnly { throw deny(.readOnly, location.named) }
    }
}
