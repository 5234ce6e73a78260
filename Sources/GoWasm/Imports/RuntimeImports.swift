internal import HostSystem
internal import LibC

/// The imports of package runtime (runtime/sys_wasm.s, runtime/os_js.go and their host script).
extension GoHost {
    /// Implements `func wasmExit(code int32)`.
    func wasmExit(_ stack: inout GoStack) throws {
        let code = stack.int32()
        // Package syscall/js panics by itself at some uses of a value that is undefined.
        if code == ExitStatus.goFailure.code { realm.host.hintAtMissingGlobal() }
        if trace == nil { endProcess?(ExitStatus(code: code).code) }
        throw GuestExit(code: code)
    }

    /// Implements `func wasmWrite(fd uintptr, p unsafe.Pointer, n int32)`.
    func wasmWrite(_ stack: inout GoStack) throws {
        let descriptor = stack.int64()
        let address = stack.int64()
        let bytes = try stack.bytes(at: address, count: stack.int32())
        if descriptor == Int64(STDERR_FILENO) {
            realm.host.files.runtimeReport?.note(UnsafeRawBufferPointer(bytes))
        }
        // Go's runtime ignores what comes of its own messages on every system.
        if let file = realm.host.files.descriptors[Int(descriptor)] {
            try? realm.host.files.writeAll(file, UnsafeRawBufferPointer(bytes))
        }
    }

    /// Implements `func nanotime1() int64`.
    func nanotime(_ stack: inout GoStack) {
        stack.beginResults()
        stack.put(int64: realm.host.clock.nanotime)
    }

    /// Implements `func walltime() (sec int64, nsec int32)`.
    func walltime(_ stack: inout GoStack) {
        let now = realm.host.clock.wall
        stack.beginResults()
        stack.put(int64: now / 1_000_000_000)
        stack.put(int32: Int32(truncatingIfNeeded: now % 1_000_000_000))
    }

    /// Implements `func scheduleTimeoutEvent(delay int64) int32`, in 1.11 `scheduleCallback`.
    func scheduleTimeoutEvent(_ stack: inout GoStack) {
        let id = scheduleTimeout(milliseconds: stack.int64())
        stack.beginResults()
        stack.put(int32: id)
    }

    /// Implements `func clearTimeoutEvent(id int32)`, in 1.11 `clearScheduledCallback`.
    func clearTimeoutEvent(_ stack: inout GoStack) { clearTimeout(stack.int32()) }

    /// Implements `func getRandomData(r []byte)`.
    func getRandomData(_ stack: inout GoStack) throws { realm.host.random.fill(try stack.bytes()) }
}
