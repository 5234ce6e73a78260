#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An error of the operating system, by the name that Go's js/wasm port knows it under.
struct ErrorCode: Error, Equatable {
    /// Such as "ENOENT".
    let name: StaticString
    /// The system's number.
    let number: Int32

    /// The error that a system call left in `errno`.
    static var last: ErrorCode { ErrorCode(errno) }

    /// The error with a number of the system; those that Go does not know become EIO, because it panics over others.
    init(_ number: Int32) {
        self = Self.known.first { $0.number == number } ?? Self(name: "EIO", number: EIO)
    }

    private init(name: StaticString, number: Int32) {
        self.name = name
        self.number = number
    }

    static func == (a: ErrorCode, b: ErrorCode) -> Bool { a.number == b.number }

    /// What the system says about the error.
    var message: String { String(cString: strerror(number)) }

    /// The errors that can come from the calls that the host makes, out of syscall/tables_js.go of Go.
    static let known: [ErrorCode] = [
        ("EPERM", EPERM), ("ENOENT", ENOENT), ("ESRCH", ESRCH), ("EINTR", EINTR), ("EIO", EIO), ("ENXIO", ENXIO),
        ("E2BIG", E2BIG), ("ENOEXEC", ENOEXEC), ("EBADF", EBADF), ("ECHILD", ECHILD), ("EAGAIN", EAGAIN),
        ("ENOMEM", ENOMEM), ("EACCES", EACCES), ("EFAULT", EFAULT), ("EBUSY", EBUSY), ("EEXIST", EEXIST),
        ("EXDEV", EXDEV), ("ENODEV", ENODEV), ("ENOTDIR", ENOTDIR), ("EISDIR", EISDIR), ("EINVAL", EINVAL),
        ("ENFILE", ENFILE), ("EMFILE", EMFILE), ("ENOTTY", ENOTTY), ("EFBIG", EFBIG), ("ENOSPC", ENOSPC),
        ("ESPIPE", ESPIPE), ("EROFS", EROFS), ("EMLINK", EMLINK), ("EPIPE", EPIPE), ("EDOM", EDOM),
        ("ERANGE", ERANGE), ("EDEADLK", EDEADLK), ("ENAMETOOLONG", ENAMETOOLONG), ("ENOLCK", ENOLCK),
        ("ENOSYS", ENOSYS), ("ENOTEMPTY", ENOTEMPTY), ("ELOOP", ELOOP), ("EIDRM", EIDRM), ("EPROTO", EPROTO),
        ("EBADMSG", EBADMSG), ("EOVERFLOW", EOVERFLOW), ("EILSEQ", EILSEQ), ("EUSERS", EUSERS),
        ("ENOTSOCK", ENOTSOCK), ("EOPNOTSUPP", EOPNOTSUPP), ("ENOBUFS", ENOBUFS), ("ETIMEDOUT", ETIMEDOUT),
        ("EALREADY", EALREADY), ("EINPROGRESS", EINPROGRESS), ("ESTALE", ESTALE), ("EDQUOT", EDQUOT),
        ("ECANCELED", ECANCELED), ("ECONNRESET", ECONNRESET),
    ].map { ErrorCode(name: $0.0, number: $0.1) }
}
