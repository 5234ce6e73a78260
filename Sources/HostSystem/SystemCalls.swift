#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// The system calls whose names methods hide.
func systemOpen(_ path: UnsafePointer<CChar>, _ flags: Int32) -> Int32 { open(path, flags) }
func systemPipe(_ ends: UnsafeMutablePointer<Int32>) -> Int32 { pipe(ends) }
@discardableResult
func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
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
