internal import LibC

/// Operations on open files.
extension FileSystem {
    /// The open file that the guest means by a number.
    @inline(__always)
    package func file(_ number: Int) throws(ErrorCode) -> OpenFile {
        guard let file = descriptors[number] else { throw ErrorCode(EBADF) }
        return file
    }

    /// Closes a file; its number is free again.
    package func close(_ number: Int) throws(ErrorCode) {
        guard let file = descriptors.remove(number) else { throw ErrorCode(EBADF) }
        try file.closeNow()
    }

    /// Reads from a position, or from where the last read ended, as much as there is; waits for the first byte.
    package func read(
        _ file: OpenFile, _ bytes: UnsafeMutableRawBufferPointer, position: Int64?
    ) throws(ErrorCode) -> Int {
        guard let position else {
            if let stream = file.stream { return try read(stream, bytes) }
            return try whenReady(file, Int16(POLLIN)) { () throws(ErrorCode) in
                try Descriptors.readIfReady(file.descriptor, bytes)
            }
        }
        // The system knows which others have no positions: some devices have.
        if let stream = file.stream { return try read(stream, bytes, position: position) }
        var nothing: UInt8 = 0
        return try withUnsafeMutablePointer(to: &nothing) { nothing throws(ErrorCode) in
            let start = bytes.baseAddress ?? UnsafeMutableRawPointer(nothing)
            return try retrying { pread(file.descriptor, start, bytes.count, off_t(position)) }
        }
    }

    /// Writes at a position, or where the last write ended; all bytes in the latter case, or as many as there is room
    /// for.
    package func write(
        _ file: OpenFile, _ bytes: UnsafeRawBufferPointer, position: Int64?
    ) throws(ErrorCode) -> Int {
        guard let position else { return try writeAsFarAsPossible(file, bytes) }
        if let stream = file.stream { return try write(stream, bytes, position: position) }
        guard let start = bytes.baseAddress else { return 0 }
        return try retrying { pwrite(file.descriptor, start, bytes.count, off_t(position)) }
    }

    /// Reads what is no file of the system's.
    private func read(
        _ stream: OpenFile.Stream, _ bytes: UnsafeMutableRawBufferPointer, position: Int64? = nil
    ) throws(ErrorCode) -> Int {
        if case .virtual(let file) = stream {
            return try virtually { () throws(FileError) in try file.read(bytes, position: position) }
        }
        guard position == nil else { throw ErrorCode(ESPIPE) }
        return try stream.read(bytes)
    }

    /// Writes what is no file of the system's.
    private func write(
        _ stream: OpenFile.Stream, _ bytes: UnsafeRawBufferPointer, position: Int64? = nil
    ) throws(ErrorCode) -> Int {
        if case .virtual(let file) = stream {
            return try virtually { () throws(FileError) in try file.write(bytes, position: position) }
        }
        guard position == nil else { throw ErrorCode(ESPIPE) }
        return try stream.write(bytes)
    }

    /// Tries an operation until it has a result, and waits in between for what is at the file's other end.
    ///
    /// - Parameters:
    ///   - event: What the operation needs: `POLLIN` or `POLLOUT`.
    ///   - attemptWaits: Whether an attempt waits itself where the descriptor does. Then none is made before the file
    ///     is ready, unless nothing could end that waiting: then the system may as well do it.
    /// - Throws: EAGAIN where the guest does not want to wait; EINTR where all waiting shall end; EBADF where the file was
    ///   not opened for this.
    package func whenReady<Result>(
        _ file: OpenFile, _ event: Int16, attemptWaits: Bool = true, _ attempt: () throws(ErrorCode) -> Result?
    ) throws(ErrorCode) -> Result {
        if file.kind.canBlock { try file.checkMode(for: event) }
        if attemptWaits, file.kind.canBlock {
            if file.isNonBlocking {
                guard Descriptors.isReady(file.descriptor, event) else { throw ErrorCode(EAGAIN) }
            } else if waker != nil {
                try wait(for: file.descriptor, event)
            }
        }
        while true {
            if let result = try attempt() { return result }
            if file.isNonBlocking { throw ErrorCode(EAGAIN) }
            try wait(for: file.descriptor, event)
        }
    }

    /// Waits until a descriptor is ready.
    ///
    /// - Throws: EINTR where all waiting shall end.
    func wait(for descriptor: Int32, _ event: Int16) throws(ErrorCode) {
        guard let waker else { return Descriptors.wait(for: descriptor, events: event) }
        try waker.wait(for: descriptor, event)
    }

    /// Writes all bytes where the last write ended.
    package func writeAll(_ file: OpenFile, _ bytes: UnsafeRawBufferPointer) throws(ErrorCode) {
        var done = 0
        while done < bytes.count {
            done += try writeAsFarAsPossible(file, UnsafeRawBufferPointer(rebasing: bytes[done...]))
        }
    }

    /// Writes all bytes, or those before an error, which the next attempt throws; returns how many.
    package func writeAsFarAsPossible(
        _ file: OpenFile, _ bytes: UnsafeRawBufferPointer
    ) throws(ErrorCode) -> Int {
        if let stream = file.stream { return try write(stream, bytes) }
        guard let waker, file.kind.canBlock else {
            return try Descriptors.writeAsFarAsPossible(file.descriptor, bytes, isPipe: file.kind.canBlock)
        }
        try file.checkMode(for: Int16(POLLOUT))
        var done = 0
        while done < bytes.count {
            do {
                try waker.wait(for: file.descriptor, Int16(POLLOUT))
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                done += try Descriptors.writeIfReady(file.descriptor, rest)
            } catch {
                guard done > 0 else { throw error }
                break
            }
        }
        return done
    }

    /// Writes text to what the guest knows by a number, and ignores failures.
    package func report(_ text: String, to number: Int) {
        guard let file = descriptors[number] else { return }
        var text = text
        text.withUTF8 { try? writeAll(file, UnsafeRawBufferPointer($0)) }
    }

    /// Brings what was written to the disk: with the file's times and permissions, or only the contents.
    package func synchronize(_ file: OpenFile, contentsOnly: Bool = false) throws(ErrorCode) {
        if let virtual = file.virtual {
            return try virtually { () throws(FileError) in try virtual.node.synchronize() }
        }
        try check(contentsOnly ? synchronizeContents(file.descriptor) : fsync(file.descriptor))
    }

    /// Throws where a file is not the guest's to change: standard input, output and error are read, written and waited
    /// for, and somebody else's otherwise.
    ///
    /// EPERM is what the system says to those who do not own a file, and one of the two errors that are Go's
    /// `fs.ErrPermission`.
    package func checkOwned(_ file: OpenFile) throws(ErrorCode) {
        if file.isStandardStream { throw ErrorCode(EPERM) }
    }

    /// Changes the length.
    package func truncate(_ file: OpenFile, to length: Int64) throws(ErrorCode) {
        try checkOwned(file)
        if let virtual = file.virtual {
            return try virtually { () throws(FileError) in try virtual.resize(to: length) }
        }
        try check(ftruncate(file.descriptor, off_t(length)))
    }

    /// Changes the permissions.
    package func changeMode(_ file: OpenFile, _ mode: UInt32) throws(ErrorCode) {
        try checkOwned(file)
        if let virtual = file.virtual { return try set(FileAttributes(mode: mode), virtual) }
        try checkWritable(file)
        try check(fchmod(file.descriptor, mode_t(mode & 0o7777)))
    }

    /// Changes who owns the file; -1 leaves the user or the group as it is.
    package func changeOwner(_ file: OpenFile, user: UInt32, group: UInt32) throws(ErrorCode) {
        try checkOwned(file)
        if let virtual = file.virtual { return try set(FileAttributes(user: user, group: group), virtual) }
        try checkWritable(file)
        try check(fchown(file.descriptor, user, group))
    }

    /// Sets the times.
    package func setTimes(_ file: OpenFile, accessed: FileTime, modified: FileTime) throws(ErrorCode) {
        try checkOwned(file)
        if let virtual = file.virtual {
            return try set(FileAttributes(accessed: accessed, modified: modified), virtual)
        }
        try checkWritable(file)
        let times = [accessed.timespec, modified.timespec]
        try check(futimens(file.descriptor, times))
    }

    private func set(_ attributes: FileAttributes, _ file: VirtualFile) throws(ErrorCode) {
        try virtually { () throws(FileError) in try file.set(attributes) }
    }

    /// The names in an open directory as they are now.
    package func entries(_ file: OpenFile) throws(ErrorCode) -> [DirectoryEntry] {
        guard file.kind == .directory else { throw ErrorCode(ENOTDIR) }
        try checkOwned(file)
        if let virtual = file.virtual {
            return try virtually { () throws(FileError) in try VirtualFolder.entries(of: virtual.node) }
        }
        return try DirectoryEntry.list(file.descriptor)
    }
}
