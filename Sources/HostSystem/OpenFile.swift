package import LibC

/// A file that a guest has open.
package final class OpenFile {
    /// What kinds of files there are.
    package enum Kind {
        case regular, directory, characterDevice, blockDevice, pipe, socket, link, unknown

        /// The kind in a file's mode.
        package init(mode: mode_t) {
            self =
                switch mode & S_IFMT {
                case S_IFREG: .regular
                case S_IFDIR: .directory
                case S_IFCHR: .characterDevice
                case S_IFBLK: .blockDevice
                case S_IFIFO: .pipe
                case S_IFSOCK: .socket
                case S_IFLNK: .link
                default: .unknown
                }
        }

        /// Whether reads and writes can have to wait for somebody else.
        package var canBlock: Bool { self == .pipe || self == .socket || self == .characterDevice }
    }

    /// The system's number.
    package let descriptor: Int32
    /// What it is.
    package let kind: Kind
    /// Whether it lies in a folder in which nothing may be changed.
    package let isReadOnly: Bool
    /// Whether paths may be looked up in it, and so that they stay in it; of directories only.
    let folder: Folder?
    /// Whether it is closed with the guest's descriptor.
    private let isOwned: Bool
    /// Whether somebody else has it open, too, as the process has standard input and output.
    package var isBorrowed: Bool { !isOwned }
    /// Whether the guest got it for its contents only, as standard input and output, whoever they belong to: what else
    /// there is of the file is not the guest's to change.
    package var isStandardStream: Bool { !isOwned || stream != nil && virtual == nil }

    /// The name under which a directory is given to a guest of WASI from the start.
    package var preopenName: [UInt8]?
    /// Whether it is a socket that listened before the guest started.
    package var isListener = false
    /// Where paths in it begin that are looked up in all that was granted; nil for a directory that they cannot leave.
    ///
    /// For the root of the guest's tree, and a working directory that was not granted, but folders beneath it.
    package var base: [UInt8]?
    /// Whether nothing of it can be used, but for paths in it: a directory that was not granted.
    package var isForbidden: Bool { descriptor < 0 && stream == nil }
    /// Whether the guest asked that reads and writes do not wait.
    ///
    /// Not a flag of the system's, which other processes would see at standard input and output.
    package var isNonBlocking = false
    /// What may be done with it: rights of WASI.
    package var rights: UInt64 = .max
    /// What files opened beneath it may get of those rights.
    package var inheritingRights: UInt64 = .max
    /// The names in the directory as they were when the guest began to read them.
    package var listing: [DirectoryEntry]? {
        didSet {
            let names = (listing ?? []).reduce(0) { $0 + $1.size }
            charge.change(to: Self.size + names)
        }
    }
    /// What the file takes.
    private var charge = Charge(size)
    private static let size = 256

    /// What goes with the file, such as the other end of a pipe.
    package var keeps: AnyObject?

    /// How many operations wait for this file: it is closed behind the last of them.
    private var users = 0
    private var isClosePending = false
    private var isClosed = false

    init(_ descriptor: Int32, kind: Kind, folder: Folder? = nil, isReadOnly: Bool = false, isOwned: Bool = true) {
        self.descriptor = descriptor
        self.kind = kind
        self.folder = folder
        self.isReadOnly = isReadOnly
        self.isOwned = isOwned
    }

    /// A file that somebody else closes.
    package convenience init(borrowing descriptor: Int32) {
        var status = stat()
        let mode = fstat(descriptor, &status) == 0 ? status.st_mode : 0
        self.init(descriptor, kind: Kind(mode: mode), isOwned: false)
    }

    /// What is done instead of system calls when the file is read or written; nil for files of the system's.
    package enum Stream {
        case input((Int) throws -> [UInt8])
        case output((UnsafeRawBufferPointer) throws -> Void)
        /// A file or folder that is not the system's.
        case virtual(VirtualFile)

        /// Has the closure read.
        func read(_ bytes: UnsafeMutableRawBufferPointer) throws(ErrorCode) -> Int {
            guard case .input(let read) = self else { throw ErrorCode(EBADF) }
            guard let given = try? read(bytes.count) else { throw ErrorCode(EIO) }
            let count = min(given.count, bytes.count)
            given.withUnsafeBytes { bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            return count
        }

        /// Has the closure write all.
        func write(_ bytes: UnsafeRawBufferPointer) throws(ErrorCode) -> Int {
            guard case .output(let write) = self else { throw ErrorCode(EBADF) }
            guard (try? write(bytes)) != nil else { throw ErrorCode(EIO) }
            return bytes.count
        }
    }
    package private(set) var stream: Stream?

    /// Whether it may have positions to read and write at.
    package var isSeekable: Bool { (stream == nil || virtual != nil) && !kind.canBlock }
    /// The file or folder, where that is not the system's.
    package var virtual: VirtualFile? { if case .virtual(let file) = stream { file } else { nil } }

    /// A file that a closure reads.
    convenience init(reading read: @escaping (Int) throws -> [UInt8]) {
        self.init(standingFor: .input(read))
    }

    /// A file that a closure writes.
    convenience init(writing write: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.init(standingFor: .output(write))
    }

    /// The null device answers all that is asked about such a file but its contents.
    private convenience init(standingFor stream: Stream) {
        self.init(systemOpen("/dev/null", O_RDWR | O_CLOEXEC), kind: .unknown)
        self.stream = stream
    }

    /// A file or folder that is not the system's.
    convenience init(_ file: VirtualFile) throws(FileError) {
        let kind = try file.node.status().kind
        let folder = kind == .directory ? Folder(file.folder.at(file.node)) : nil
        self.init(-1, kind: kind.openKind, folder: folder, isReadOnly: file.folder.isReadOnly)
        stream = .virtual(file)
    }

    deinit {
        charge.close()
        if isOwned, !isClosed { _ = closeDescriptor() }
    }

    /// Closes the descriptor at once.
    ///
    /// A guest may ask for a socket whose end waits until all is sent: for hours, in a call of the system that nothing
    /// ends. The system goes on sending without that.
    private func closeDescriptor() -> Int32 {
        guard virtual == nil else { return 0 }
        if kind == .socket {
            var value = linger()
            var size = socklen_t(MemoryLayout<linger>.size)
            if getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, &size) == 0, value.l_onoff != 0,
                value.l_linger > 0
            {
                value.l_onoff = 0
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, size)
            }
        }
        return systemClose(descriptor)
    }

    /// Keeps the file open for an operation that waits for it.
    package func beginUse() { users += 1 }

    /// Ends the use; closes the file if the guest has closed it meanwhile.
    package func endUse() {
        users -= 1
        if isClosePending { try? closeNow() }
    }

    /// Closes the file, as soon as nobody waits for it.
    func closeNow() throws(ErrorCode) {
        guard isOwned, !isClosed else { return }
        isClosePending = users > 0
        guard !isClosePending else { return }
        isClosed = true
        if closeDescriptor() != 0, errno != EINTR { throw ErrorCode.last }
    }

    /// What the system says about the file.
    package func status() throws(ErrorCode) -> stat {
        if let virtual {
            do throws(FileError) { return try virtual.folder.status(of: virtual.node) } catch { throw error.code }
        }
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw ErrorCode.last }
        return status
    }

    /// How many bytes of a regular file are left to be read.
    package var remaining: Int64 {
        if let virtual { return virtual.remaining }
        guard let size = try? status().st_size else { return 0 }
        return max(0, Int64(size) &- Int64(lseek(descriptor, 0, SEEK_CUR)))
    }

    /// The flags of the system that it is open with; none of what cannot be used.
    package var statusFlags: Int32 { virtual?.flags ?? (isForbidden ? 0 : fcntl(descriptor, F_GETFL)) }

    /// Whether it was opened only for the other of reading and writing, which never changes.
    ///
    /// The system says so itself when it is asked to read or write; but before that such a file would be waited for,
    /// perhaps for ever.
    private lazy var mode = stream == nil ? statusFlags & O_ACCMODE : O_RDWR

    /// Throws EBADF, as the system does, where the file was not opened for what an event stands for.
    ///
    /// - Parameter event: `POLLIN` or `POLLOUT`.
    package func checkMode(for event: Int16) throws(ErrorCode) {
        if event == Int16(POLLIN) ? mode == O_WRONLY : mode == O_RDONLY { throw ErrorCode(EBADF) }
    }
}

/// The open files of a guest by its own numbers, of which a new file gets the lowest that is free.
package struct DescriptorTable {
    private var files: [OpenFile?] = []
    /// One more than the highest number that was ever given.
    package var count: Int { files.count }
    /// No number below is free.
    private var firstFree = 0

    /// The file with a number.
    @inline(__always)
    package subscript(number: Int) -> OpenFile? { number >= 0 && number < files.count ? files[number] : nil }

    /// Adds a file and returns its number.
    package mutating func add(_ file: OpenFile) -> Int {
        while firstFree < files.count, files[firstFree] != nil { firstFree += 1 }
        if firstFree == files.count { files.append(file) } else { files[firstFree] = file }
        firstFree += 1
        return firstFree - 1
    }

    /// Takes a file out.
    package mutating func remove(_ number: Int) -> OpenFile? {
        guard let file = self[number] else { return nil }
        files[number] = nil
        firstFree = min(firstFree, number)
        return file
    }

    /// Puts a file under a number, and returns what was there.
    package mutating func replace(_ number: Int, with file: OpenFile) -> OpenFile? {
        defer { files[number] = file }
        return files[number]
    }
}
