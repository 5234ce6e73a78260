internal import LibC

/// Why an operation on a file of a ``VirtualFileSystem`` failed: an error of the system's, which the guest gets as it is.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What guests are told.
    let code: ErrorCode

    init(_ code: ErrorCode) { self.code = code }

    /// The error with a number of the system's (`errno`); one that guests do not know becomes ``inputOutput``.
    public init(errno number: Int32) { code = ErrorCode(number) }

    /// The system's number.
    public var errno: Int32 { code.number }

    /// What went wrong, with the error's name in POSIX.
    public var description: String { "\(code.message) (\(code.name))" }

    /// There is no such file (ENOENT).
    public static let notFound = FileError(errno: ENOENT)
    /// The name is taken (EEXIST).
    public static let exists = FileError(errno: EEXIST)
    /// A folder is needed here (ENOTDIR).
    public static let notDirectory = FileError(errno: ENOTDIR)
    /// It is a folder (EISDIR).
    public static let isDirectory = FileError(errno: EISDIR)
    /// The folder has files in it (ENOTEMPTY).
    public static let notEmpty = FileError(errno: ENOTEMPTY)
    /// Nothing can be changed here (EROFS).
    public static let readOnly = FileError(errno: EROFS)
    /// There is no room for more (ENOSPC).
    public static let noSpace = FileError(errno: ENOSPC)
    /// The file would be, or is, too large (EFBIG).
    public static let tooLarge = FileError(errno: EFBIG)
    /// The operation makes no sense for this file (EINVAL).
    public static let invalid = FileError(errno: EINVAL)
    /// The path leads through too many symbolic links (ELOOP).
    public static let tooManyLinks = FileError(errno: ELOOP)
    /// The name, or the path, is too long (ENAMETOOLONG).
    public static let nameTooLong = FileError(errno: ENAMETOOLONG)
    /// The permissions of the file forbid it, or the path leads out of the file system (EACCES).
    public static let accessDenied = FileError(errno: EACCES)
    /// Nobody may do this to the file (EPERM).
    public static let notPermitted = FileError(errno: EPERM)
    /// The files are in different file systems (EXDEV).
    public static let differentFileSystem = FileError(errno: EXDEV)
    /// The file cannot be read or written for a reason of its own (EIO).
    public static let inputOutput = FileError(errno: EIO)
}
