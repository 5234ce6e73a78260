internal import LibC

/// An error of the operating system, under its names in Node and in WASI.
package struct ErrorCode: Error, Equatable {
    /// Such as "ENOENT".
    package let name: StaticString
    /// The system's number.
    package let number: Int32
    /// The number in WASI preview 1 (type `errno`).
    package let wasi: UInt16
    /// Whether a path was refused because it leads out of the folder that it must stay in.
    private(set) var isEscape = false

    /// The error that a system call left in `errno`.
    package static var last: ErrorCode { ErrorCode(errno) }

    /// The error with a number of the system; one that is in no table becomes EIO.
    package init(_ number: Int32) {
        let row = number >= 0 && number < Self.rowByNumber.count ? Self.rowByNumber[Int(number)] : -1
        self = row >= 0 ? Self.known[row] : Self(name: "EIO", number: EIO, wasi: 29)
    }

    private init(name: StaticString, number: Int32, wasi: UInt16) {
        self.name = name
        self.number = number
        self.wasi = wasi
    }

    /// A right that a descriptor of WASI does not have (any more).
    package static let notCapable = ErrorCode(name: "EPERM", number: EPERM, wasi: 76)

    /// A path that leads out of the folder that it must stay in.
    static let escape: ErrorCode = {
        var code = ErrorCode(EACCES)
        code.isEscape = true
        return code
    }()

    /// Whether both mean the same to guests.
    package static func == (a: ErrorCode, b: ErrorCode) -> Bool { a.number == b.number && a.wasi == b.wasi }

    /// What the system says about the error.
    package var message: String { String(cString: strerror(number)) }

    /// What Node says about the error: libuv's words, which are mostly the system's.
    package var nodeMessage: String {
        switch number {
        case EEXIST: return "file already exists"
        case EISDIR: return "illegal operation on a directory"
        case ELOOP: return "too many symbolic links encountered"
        case EXDEV: return "cross-device link not permitted"
        case EIO: return "i/o error"
        case ESPIPE: return "invalid seek"
        case ENAMETOOLONG: return "name too long"
        case EBUSY: return "resource busy or locked"
        case ENOTSUP, EOPNOTSUPP: return "operation not supported on socket"
        default:
            let text = message
            return text.prefix(1).lowercased() + text.dropFirst()
        }
    }

    /// The name in Go's table for js/wasm (syscall/tables_js.go); Go panics over names that it does not contain.
    package var nodeName: StaticString {
        switch number {
        case ETXTBSY, EOWNERDEAD, ENOTRECOVERABLE: "EIO"
        default: name
        }
    }

    /// Where each number of the system stands in ``known``, or -1.
    private static let rowByNumber: [Int] = {
        var rows = [Int](repeating: -1, count: Int(known.map(\.number).max()!) + 1)
        for (row, code) in known.enumerated() where rows[Int(code.number)] < 0 { rows[Int(code.number)] = row }
        return rows
    }()

    /// The errors that both kinds of guests know: name, number of the system, number of WASI (its type `errno`).
    package static let known: [ErrorCode] = [
        ("E2BIG", E2BIG, 1), ("EACCES", EACCES, 2), ("EADDRINUSE", EADDRINUSE, 3),
        ("EADDRNOTAVAIL", EADDRNOTAVAIL, 4), ("EAFNOSUPPORT", EAFNOSUPPORT, 5), ("EAGAIN", EAGAIN, 6),
        ("EALREADY", EALREADY, 7), ("EBADF", EBADF, 8), ("EBADMSG", EBADMSG, 9), ("EBUSY", EBUSY, 10),
        ("ECANCELED", ECANCELED, 11), ("ECHILD", ECHILD, 12), ("ECONNABORTED", ECONNABORTED, 13),
        ("ECONNREFUSED", ECONNREFUSED, 14), ("ECONNRESET", ECONNRESET, 15), ("EDEADLK", EDEADLK, 16),
        ("EDESTADDRREQ", EDESTADDRREQ, 17), ("EDOM", EDOM, 18), ("EDQUOT", EDQUOT, 19), ("EEXIST", EEXIST, 20),
        ("EFAULT", EFAULT, 21), ("EFBIG", EFBIG, 22), ("EHOSTUNREACH", EHOSTUNREACH, 23), ("EIDRM", EIDRM, 24),
        ("EILSEQ", EILSEQ, 25), ("EINPROGRESS", EINPROGRESS, 26), ("EINTR", EINTR, 27), ("EINVAL", EINVAL, 28),
        ("EIO", EIO, 29), ("EISCONN", EISCONN, 30), ("EISDIR", EISDIR, 31), ("ELOOP", ELOOP, 32),
        ("EMFILE", EMFILE, 33), ("EMLINK", EMLINK, 34), ("EMSGSIZE", EMSGSIZE, 35), ("EMULTIHOP", EMULTIHOP, 36),
        ("ENAMETOOLONG", ENAMETOOLONG, 37), ("ENETDOWN", ENETDOWN, 38), ("ENETRESET", ENETRESET, 39),
        ("ENETUNREACH", ENETUNREACH, 40), ("ENFILE", ENFILE, 41), ("ENOBUFS", ENOBUFS, 42), ("ENODEV", ENODEV, 43),
        ("ENOENT", ENOENT, 44), ("ENOEXEC", ENOEXEC, 45), ("ENOLCK", ENOLCK, 46), ("ENOLINK", ENOLINK, 47),
        ("ENOMEM", ENOMEM, 48), ("ENOMSG", ENOMSG, 49), ("ENOPROTOOPT", ENOPROTOOPT, 50), ("ENOSPC", ENOSPC, 51),
        ("ENOSYS", ENOSYS, 52), ("ENOTCONN", ENOTCONN, 53), ("ENOTDIR", ENOTDIR, 54), ("ENOTEMPTY", ENOTEMPTY, 55),
        ("ENOTRECOVERABLE", ENOTRECOVERABLE, 56), ("ENOTSOCK", ENOTSOCK, 57), ("EOPNOTSUPP", EOPNOTSUPP, 58),
        ("ENOTSUP", ENOTSUP, 58), ("ENOTTY", ENOTTY, 59), ("ENXIO", ENXIO, 60), ("EOVERFLOW", EOVERFLOW, 61),
        ("EOWNERDEAD", EOWNERDEAD, 62), ("EPERM", EPERM, 63), ("EPIPE", EPIPE, 64), ("EPROTO", EPROTO, 65),
        ("EPROTONOSUPPORT", EPROTONOSUPPORT, 66), ("EPROTOTYPE", EPROTOTYPE, 67), ("ERANGE", ERANGE, 68),
        ("EROFS", EROFS, 69), ("ESPIPE", ESPIPE, 70), ("ESRCH", ESRCH, 71), ("ESTALE", ESTALE, 72),
        ("ETIMEDOUT", ETIMEDOUT, 73), ("ETXTBSY", ETXTBSY, 74), ("EUSERS", EUSERS, 29), ("EXDEV", EXDEV, 75),
    ].map { ErrorCode(name: $0.0, number: $0.1, wasi: $0.2) }
}
