internal import CHostSystem
internal import LibC

// The system calls whose names methods hide.
func systemOpen(_ path: UnsafePointer<CChar>, _ flags: Int32) -> Int32 { open(path, flags) }
@discardableResult
func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// Makes a pipe that programs which are started do not get; nil with `errno` set.
///
/// It is no standard file, also where one of those is closed: what a guest writes there is not for this pipe.
func systemPipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard gw_pipe(&ends) == 0 else { return nil }
    for (index, end) in ends.enumerated() where end <= STDERR_FILENO {
        ends[index] = fcntl(end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
        systemClose(end)
    }
    guard !ends.contains(-1) else {
        let number = errno
        for end in ends where end >= 0 { systemClose(end) }
        errno = number
        return nil
    }
    return (ends[0], ends[1])
}

/// Throws what a system call left in `errno`, if it failed.
func check(_ result: Int32) throws(ErrorCode) {
    if result != 0 { throw ErrorCode.last }
}

/// Repeats a call that a signal interrupted.
func retrying(_ body: () -> Int) throws(ErrorCode) -> Int {
    while true {
        let result = body()
        if result >= 0 { return result }
        if errno != EINTR { throw ErrorCode.last }
    }
}
