internal import HostSystem
internal import LibC

// The numbers of WASI preview 1 (`typenames.witx` of wasi_snapshot_preview1), under its own names.

/// What may be done with a descriptor (type `rights`).
struct Rights: OptionSet {
    let rawValue: UInt64

    private init(bit: Int) { rawValue = 1 << UInt64(bit) }
    init(rawValue: UInt64) { self.rawValue = rawValue }

    static let fdDatasync = Rights(bit: 0)
    static let fdRead = Rights(bit: 1)
    static let fdSeek = Rights(bit: 2)
    static let fdFdstatSetFlags = Rights(bit: 3)
    static let fdSync = Rights(bit: 4)
    static let fdTell = Rights(bit: 5)
    static let fdWrite = Rights(bit: 6)
    static let fdAdvise = Rights(bit: 7)
    static let fdAllocate = Rights(bit: 8)
    static let pathCreateDirectory = Rights(bit: 9)
    static let pathCreateFile = Rights(bit: 10)
    static let pathLinkSource = Rights(bit: 11)
    static let pathLinkTarget = Rights(bit: 12)
    static let pathOpen = Rights(bit: 13)
    static let fdReaddir = Rights(bit: 14)
    static let pathReadlink = Rights(bit: 15)
    static let pathRenameSource = Rights(bit: 16)
    static let pathRenameTarget = Rights(bit: 17)
    static let pathFilestatGet = Rights(bit: 18)
    static let pathFilestatSetSize = Rights(bit: 19)
    static let pathFilestatSetTimes = Rights(bit: 20)
    static let fdFilestatGet = Rights(bit: 21)
    static let fdFilestatSetSize = Rights(bit: 22)
    static let fdFilestatSetTimes = Rights(bit: 23)
    static let pathSymlink = Rights(bit: 24)
    static let pathRemoveDirectory = Rights(bit: 25)
    static let pathUnlinkFile = Rights(bit: 26)
    static let pollFdReadwrite = Rights(bit: 27)
    static let sockShutdown = Rights(bit: 28)
    static let sockAccept = Rights(bit: 29)

    static let all = Rights(rawValue: (1 << 30) - 1)
    private static let descriptor: Rights = [
        .fdFdstatSetFlags, .fdFilestatGet, .fdFilestatSetTimes, .pollFdReadwrite, .fdSync, .fdDatasync,
    ]
    private static let paths: Rights = [
        .pathCreateDirectory, .pathCreateFile, .pathLinkSource, .pathLinkTarget, .pathOpen, .pathReadlink,
        .pathRenameSource, .pathRenameTarget, .pathFilestatGet, .pathFilestatSetSize, .pathFilestatSetTimes,
        .pathSymlink, .pathRemoveDirectory, .pathUnlinkFile,
    ]
    /// What changes a file otherwise than by writing to it, or takes from it more than its contents: nobody gets that of
    /// standard input, output and error.
    private static let owners: Rights = paths.union([
        .fdFilestatSetTimes, .fdFilestatSetSize, .fdAllocate, .fdAdvise, .fdReaddir, .sockShutdown, .sockAccept,
    ])

    /// All that can be done with a file, by its kind and how it was opened.
    static func possible(for file: OpenFile) -> Rights {
        let rights = granted(file)
        return file.isStandardStream ? rights.subtracting(owners) : rights
    }

    private static func granted(_ file: OpenFile) -> Rights {
        guard !file.isForbidden else { return [] }
        let mode = file.statusFlags & O_ACCMODE
        var rights = descriptor
        if mode != O_WRONLY { rights.insert(.fdRead) }
        if mode != O_RDONLY { rights.insert(.fdWrite) }
        switch file.kind {
        case .directory: return descriptor.union(paths).union(.fdReaddir)
        case .regular, .blockDevice:
            rights.formUnion([.fdSeek, .fdTell, .fdAdvise])
            if mode != O_RDONLY { rights.formUnion([.fdAllocate, .fdFilestatSetSize]) }
        case .socket: rights.formUnion([.sockShutdown, .sockAccept])
        case .characterDevice, .pipe, .link, .unknown: break
        }
        return rights
    }
}

/// Flags of a call that stand for flags of the system.
protocol SystemFlags: OptionSet where RawValue == UInt16 {
    /// Which of the system's flags each stands for; those that are not given to the system are left out.
    static var counterparts: [(flag: Self, system: Int32)] { get }
}

extension SystemFlags {
    /// The flags of the system with the same meaning.
    var system: Int32 { Self.counterparts.reduce(0) { isSuperset(of: $1.flag) ? $0 | $1.system : $0 } }
}

/// How a descriptor reads and writes (type `fdflags`).
struct DescriptorFlags: SystemFlags {
    let rawValue: UInt16
    static let append = DescriptorFlags(rawValue: 1 << 0)
    static let dsync = DescriptorFlags(rawValue: 1 << 1)
    static let nonblock = DescriptorFlags(rawValue: 1 << 2)
    static let rsync = DescriptorFlags(rawValue: 1 << 3)
    static let sync = DescriptorFlags(rawValue: 1 << 4)

    static let counterparts: [(flag: Self, system: Int32)] = [
        (.append, O_APPEND), (.dsync, O_DSYNC), (.rsync, O_SYNC), (.sync, O_SYNC),
    ]

    init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The flags of an open file.
    init(_ file: OpenFile) {
        let status = file.statusFlags
        self = file.isNonBlocking ? .nonblock : []
        for (flag, system) in Self.counterparts where status & system == system { formUnion(flag) }
        // On Linux O_SYNC contains O_DSYNC.
        if contains(.sync) { remove(.dsync) }
    }
}

/// How a file is opened (type `oflags`).
struct OpenFlags: SystemFlags {
    let rawValue: UInt16
    static let create = OpenFlags(rawValue: 1 << 0)
    static let directory = OpenFlags(rawValue: 1 << 1)
    static let exclusive = OpenFlags(rawValue: 1 << 2)
    static let truncate = OpenFlags(rawValue: 1 << 3)

    static let counterparts: [(flag: Self, system: Int32)] = [
        (.create, O_CREAT), (.directory, O_DIRECTORY), (.exclusive, O_EXCL), (.truncate, O_TRUNC),
    ]
}

/// Which times are set, and whether to the present (type `fstflags`).
struct TimeFlags: OptionSet {
    let rawValue: UInt16
    static let accessed = TimeFlags(rawValue: 1 << 0)
    static let accessedNow = TimeFlags(rawValue: 1 << 1)
    static let modified = TimeFlags(rawValue: 1 << 2)
    static let modifiedNow = TimeFlags(rawValue: 1 << 3)
}

/// Bit 0 of type `lookupflags`: whether a link at the end of a path is followed.
let symlinkFollow: UInt32 = 1

extension OpenFile.Kind {
    /// The number in type `filetype`.
    var wasi: UInt8 {
        switch self {
        case .unknown, .pipe: 0
        case .blockDevice: 1
        case .characterDevice: 2
        case .directory: 3
        case .regular: 4
        case .socket: 6
        case .link: 7
        }
    }
}

extension OpenFile {
    /// The number in type `filetype`, which tells sockets for messages from those for streams.
    var fileType: UInt8 { kind == .socket && Transfers.isDatagram(self) ? 5 : kind.wasi }
}

/// What `poll_oneoff` waits for (type `eventtype`).
enum EventType: UInt8 {
    case clock, read, write
}

/// What a signal does to a process by default.
enum Signal {
    case ignored
    /// Until another signal comes, which nobody could send to a guest.
    case stops
    /// With the system's number.
    case ends(Int32)

    /// The signals by their numbers (type `signal`); the first is none.
    static let all: [Signal] = [
        .ignored, .ends(SIGHUP), .ends(SIGINT), .ends(SIGQUIT), .ends(SIGILL), .ends(SIGTRAP), .ends(SIGABRT),
        .ends(SIGBUS), .ends(SIGFPE), .ends(SIGKILL), .ends(SIGUSR1), .ends(SIGSEGV), .ends(SIGUSR2), .ends(SIGPIPE),
        .ends(SIGALRM), .ends(SIGTERM),
        // SIGCHLD, SIGCONT
        .ignored, .ignored,
        // SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU
        .stops, .stops, .stops, .stops,
        // SIGURG
        .ignored,
        .ends(SIGXCPU), .ends(SIGXFSZ), .ends(SIGVTALRM), .ends(SIGPROF),
        // SIGWINCH
        .ignored,
        .ends(SIGIO),
        // SIGPWR, which only Linux has.
        .ends(30),
        .ends(SIGSYS),
    ]
}

/// Structures of which the guest passes addresses: their sizes and where their fields are.
enum Layout {
    /// Type `dirent`: d_next 0, d_ino 8, d_namlen 16, d_type 20; the name follows.
    static let dirent: UInt32 = 24
    /// Type `subscription`: userdata 0, tag 8; of a clock id 16, timeout 24, precision 32, flags 40; of a file fd 16.
    static let subscription: UInt32 = 48
    /// Type `event`: userdata 0, error 8, type 10; of a file nbytes 16, flags 24.
    static let event: UInt32 = 32
    /// Type `fdstat`: fs_filetype 0, fs_flags 2, fs_rights_base 8, fs_rights_inheriting 16.
    static let fdstat: UInt32 = 24
    /// Type `filestat`: dev 0, ino 8, filetype 16, nlink 24, size 32, atim 40, mtim 48, ctim 56.
    static let filestat: UInt32 = 64
}
