internal import CSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

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
func systemPipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    return gw_pipe(&ends) == 0 ? (ends[0], ends[1]) : nil
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
