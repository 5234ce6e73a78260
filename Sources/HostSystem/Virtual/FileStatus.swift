internal import LibC

/// What a file is.
public enum FileKind: Sendable, Hashable {
    /// A file with contents.
    case regular
    /// A folder.
    case directory
    /// A symbolic link: a path that is followed when the link is used.
    case symbolicLink

    var mode: mode_t {
        switch self {
        case .regular: S_IFREG
        case .directory: S_IFDIR
        case .symbolicLink: S_IFLNK
        }
    }
    /// The kind as it is known of all files that a guest can open.
    var openKind: OpenFile.Kind { OpenFile.Kind(mode: mode) }
}

/// The name of a file in its folder: bytes, as guests give them, which need not be UTF-8.
///
/// Names that a ``FileNode`` is given have 1 to 255 bytes, among them neither `/` nor 0, and are neither `.` nor `..`.
public struct FileName: Hashable, Sendable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The bytes.
    public let bytes: [UInt8]

    /// A name of these bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    /// A name of the UTF-8 of a text.
    public init(_ text: String) { self.init(Array(text.utf8)) }
    /// A name of the UTF-8 of a text.
    public init(stringLiteral text: String) { self.init(text) }

    /// The name as text; what is no UTF-8 is replaced by U+FFFD.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
    /// Whether a name comes before another: by their bytes.
    public static func < (a: FileName, b: FileName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    /// The most bytes that a name has.
    static let longest = 255
}

/// A name in a folder and what it stands for.
public struct FileEntry: Sendable, Hashable {
    /// The name.
    public var name: FileName
    /// The file's ``FileStatus/number``.
    public var number: UInt64
    /// What it is.
    public var kind: FileKind

    /// Describes a name.
    public init(name: FileName, number: UInt64, kind: FileKind) {
        self.name = name
        self.number = number
        self.kind = kind
    }
}

/// What there is to say about a file beside its contents.
public struct FileStatus: Sendable, Hashable {
    /// A moment, counted from 1970-01-01 00:00:00 UTC.
    public struct Time: Sendable, Hashable {
        /// Whole seconds.
        public var seconds: Int64
        /// The rest, from 0 to 999,999,999.
        public var nanoseconds: Int

        /// Makes a moment.
        public init(seconds: Int64, nanoseconds: Int = 0) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }

        init(_ time: LibC.timespec) { self.init(seconds: Int64(time.tv_sec), nanoseconds: Int(time.tv_nsec)) }

        /// The system's time.
        public static var now: Time {
            var time = LibC.timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Time(time)
        }

        var timespec: LibC.timespec { .init(tv_sec: Int(seconds), tv_nsec: nanoseconds) }
    }

    /// What it is.
    public var kind: FileKind
    /// The file's number, the same under all its names and as long as it exists; at most 2^53 is exact in JavaScript.
    public var number: UInt64
    /// The number of bytes, of a link those of its target.
    public var size: Int64
    /// The lower twelve bits of its mode, such as `0o644`.
    public var permissions: UInt32
    /// How many names it has.
    public var linkCount: UInt64 = 1
    /// The user who owns it: by default the one who runs this process.
    public var user: UInt32 = geteuid()
    /// The group that owns it: by default that of this process.
    public var group: UInt32 = getegid()
    /// When it was read last, which nobody has to keep up to date.
    public var accessed: Time
    /// When its contents were changed last.
    public var modified: Time
    /// When anything of it was changed last.
    public var changed: Time

    /// Describes a file that has one name and belongs to this process's user.
    public init(
        kind: FileKind, number: UInt64, size: Int64 = 0, permissions: UInt32? = nil,
        modified: Time = Time(seconds: 0)
    ) {
        self.kind = kind
        self.number = number
        self.size = size
        self.permissions = permissions ?? (kind == .directory ? 0o755 : kind == .regular ? 0o644 : 0o777)
        (accessed, self.modified, changed) = (modified, modified, modified)
    }
}

/// Which properties of a file are set; nil leaves one as it is.
public struct FileAttributes: Sendable, Hashable {
    /// The lower twelve bits of its mode.
    public var permissions: UInt32?
    /// The user who owns it.
    public var user: UInt32?
    /// The group that owns it.
    public var group: UInt32?
    /// When it was read last.
    public var accessed: FileStatus.Time?
    /// When its contents were changed last.
    public var modified: FileStatus.Time?

    /// Leaves all as it is.
    public init() {}
}

/// What a new name in a folder stands for.
public enum NewFile: Sendable, Hashable {
    /// An empty file with these permissions.
    case regular(permissions: UInt32)
    /// An empty folder with these permissions.
    case directory(permissions: UInt32)
    /// A symbolic link with this text.
    case symbolicLink(target: [UInt8])
}
