extension stat {
    /// When the file was read last.
    @inlinable public var accessTime: timespec {
        #if canImport(Darwin)
            return st_atimespec
        #else
            return st_atim
        #endif
    }

    /// When its contents were changed last.
    @inlinable public var modificationTime: timespec {
        #if canImport(Darwin)
            return st_mtimespec
        #else
            return st_mtim
        #endif
    }

    /// When anything of it was changed last.
    @inlinable public var changeTime: timespec {
        #if canImport(Darwin)
            return st_ctimespec
        #else
            return st_ctim
        #endif
    }

    /// Sets the three times.
    @inlinable public mutating func setTimes(_ access: timespec, _ modification: timespec, _ change: timespec) {
        #if canImport(Darwin)
            (st_atimespec, st_mtimespec, st_ctimespec) = (access, modification, change)
        #else
            (st_atim, st_mtim, st_ctim) = (access, modification, change)
        #endif
    }
}

/// Nanoseconds of a time that `utimensat` shall set which stand for something else (Swift does not see the macros).
public enum SpecialNanoseconds {
    /// The time at which it is set (UTIME_NOW).
    @inlinable public static var now: Int {
        #if canImport(Darwin)
            return -1
        #else
            return 1_073_741_823
        #endif
    }

    /// The time that the file has (UTIME_OMIT).
    @inlinable public static var keep: Int {
        #if canImport(Darwin)
            return -2
        #else
            return 1_073_741_822
        #endif
    }
}

/// Files of the system's that have a meaning of their own.
public enum SystemFile {
    /// A path that leads to an open file itself, whatever has become of its name.
    @inlinable public static func path(of descriptor: Int32) -> String {
        #if os(Linux)
            return "/proc/self/fd/\(descriptor)"
        #else
            return "/dev/fd/\(descriptor)"
        #endif
    }

    /// The numbers of the devices that are the machine's memory: `/dev/mem` and `/dev/kmem`.
    public static var memoryDevices: [dev_t] {
        #if os(Linux)
            return [0x101, 0x102]
        #else
            return []
        #endif
    }

    /// Where a user's caches are, below the home.
    @inlinable public static var caches: String {
        #if os(macOS)
            return "/Library/Caches"
        #else
            return "/.cache"
        #endif
    }
}

/// Brings a file's contents to the disk, and no more of its times and permissions than that needs.
///
/// - Returns: -1 with `errno` set where that fails.
public func synchronizeContents(_ descriptor: Int32) -> Int32 {
    #if canImport(Darwin)
        return fsync(descriptor)
    #else
        return fdatasync(descriptor)
    #endif
}

/// Tells the system how a part of a file will be used, which is a hint.
///
/// - Parameter advice: One of WASI's six: normal, sequential, random, will need, will not, once.
/// - Returns: An error number, or 0, also where the system takes no hints.
public func advise(_ descriptor: Int32, from start: Int64, count: Int64, _ advice: Int) -> Int32 {
    #if os(Linux)
        let advices = [
            POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM, POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,
            POSIX_FADV_NOREUSE,
        ]
        return posix_fadvise(descriptor, off_t(start), off_t(count), advices[advice])
    #else
        return 0
    #endif
}

/// Makes sure that there is room on the disk for a part of a file.
///
/// - Returns: An error number, or 0; nil where the system has no such call.
public func allocate(_ descriptor: Int32, from start: Int64, count: Int64) -> Int32? {
    #if os(Linux)
        return posix_fallocate(descriptor, off_t(start), off_t(count))
    #else
        return nil
    #endif
}
