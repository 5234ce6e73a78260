internal import HostSystem
internal import LibC

/// The functions whose names begin with `fd_`.
extension WASIHost {
    /// The open file that the guest means, if it may do this with it.
    @inline(__always)
    func file(_ number: UInt32, _ needed: Rights) throws(ErrorCode) -> OpenFile {
        let file = try files.file(Int(number))
        guard file.rights & needed.rawValue == needed.rawValue else { throw ErrorCode.notCapable }
        return file
    }

    // MARK: Reading and writing

    func fdRead(_ number: UInt32, _ vectors: UInt32, _ count: UInt32, _ result: UInt32) throws(ErrorCode) {
        try transfer(number, .fdRead, vectors, count, result) { file, buffers throws(ErrorCode) in
            try Transfers.read(files, file, buffers)
        }
    }

    func fdPread(
        _ number: UInt32, _ vectors: UInt32, _ count: UInt32, _ offset: UInt64, _ result: UInt32
    ) throws(ErrorCode) {
        try transfer(number, .fdRead, vectors, count, result) { file, buffers throws(ErrorCode) in
            try Transfers.each(of: buffers) { buffer, done throws(ErrorCode) in
                let position = Self.position(offset, done)
                return try files.read(file, buffer, position: position)
            }
        }
    }

    func fdWrite(_ number: UInt32, _ vectors: UInt32, _ count: UInt32, _ result: UInt32) throws(ErrorCode) {
        try transfer(number, .fdWrite, vectors, count, result) { file, buffers throws(ErrorCode) in
            if number == UInt32(STDERR_FILENO), let report = files.runtimeReport {
                for buffer in buffers { report.note(UnsafeRawBufferPointer(buffer)) }
            }
            return try Transfers.write(files, file, buffers)
        }
    }

    func fdPwrite(
        _ number: UInt32, _ vectors: UInt32, _ count: UInt32, _ offset: UInt64, _ result: UInt32
    ) throws(ErrorCode) {
        try transfer(number, .fdWrite, vectors, count, result) { file, buffers throws(ErrorCode) in
            try Transfers.each(of: buffers) { buffer, done throws(ErrorCode) in
                let position = Self.position(offset, done)
                return try files.write(file, UnsafeRawBufferPointer(buffer), position: position)
            }
        }
    }

    /// Hands a file and the buffers that the guest names to `body`, and stores how many bytes that says it moved.
    @inline(__always)
    private func transfer(
        _ number: UInt32, _ needed: Rights, _ vectors: UInt32, _ count: UInt32, _ result: UInt32,
        _ body: (OpenFile, Transfers.Buffers) throws(ErrorCode) -> Int
    ) throws(ErrorCode) {
        let file = try file(number, needed)
        let memory = try memory
        let done = try memory.withVectors(at: vectors, count: count) { buffers throws(ErrorCode) in
            try body(file, buffers)
        }
        try memory.store(UInt32(done), at: result)
    }

    /// So many bytes behind an offset; negative, which the system refuses, behind the last position that there is.
    private static func position(_ offset: UInt64, _ done: Int) -> Int64 {
        Int64(bitPattern: offset) &+ Int64(done)
    }

    func fdSeek(_ number: UInt32, _ offset: UInt64, _ whence: UInt32, _ result: UInt32) throws(ErrorCode) {
        let bases = [SEEK_SET, SEEK_CUR, SEEK_END]
        let file = try files.file(Int(number))
        guard whence < 3 else { throw ErrorCode(EINVAL) }
        // Finding out where one is takes less.
        let needed: Rights = whence == 1 && offset == 0 ? .fdTell : .fdSeek
        guard file.isSeekable else { throw ErrorCode(ESPIPE) }
        if file.kind == .directory { throw ErrorCode(EBADF) }
        guard file.rights & needed.rawValue != 0 else { throw ErrorCode.notCapable }
        try memory.store(files.seek(file, Int64(bitPattern: offset), bases[Int(whence)]), at: result)
    }

    func fdTell(_ number: UInt32, _ result: UInt32) throws(ErrorCode) { try fdSeek(number, 0, 1, result) }

    // MARK: The file

    func fdAdvise(_ number: UInt32, _ offset: UInt64, _ length: UInt64, _ advice: UInt32) throws(ErrorCode) {
        let file = try file(number, .fdAdvise)
        try files.checkOwned(file)
        guard advice <= 5, let start = Int64(exactly: offset), let count = Int64(exactly: length) else {
            throw ErrorCode(EINVAL)
        }
        try files.advise(file, from: start, count: count, Int(advice))
    }

    func fdAllocate(_ number: UInt32, _ offset: UInt64, _ length: UInt64) throws(ErrorCode) {
        let file = try file(number, .fdAllocate)
        try files.checkOwned(file)
        guard let start = Int64(exactly: offset), let count = Int64(exactly: length) else { throw ErrorCode(EINVAL) }
        try files.reserve(file, from: start, count: count)
    }

    func fdClose(_ number: UInt32) throws(ErrorCode) { try files.close(Int(number)) }

    func fdDatasync(_ number: UInt32) throws(ErrorCode) {
        try files.synchronize(file(number, .fdDatasync), contentsOnly: true)
    }

    func fdSync(_ number: UInt32) throws(ErrorCode) { try files.synchronize(file(number, .fdSync)) }

    func fdRenumber(_ number: UInt32, _ target: UInt32) throws(ErrorCode) {
        _ = try files.file(Int(number))
        _ = try files.file(Int(target))
        guard number != target, let moved = files.descriptors.remove(Int(number)) else { return }
        // What closing the other one says is nobody's business: it is gone in any case.
        if let closed = files.descriptors.replace(Int(target), with: moved) { try? files.finish(closed) }
    }

    func fdFdstatGet(_ number: UInt32, _ result: UInt32) throws(ErrorCode) {
        let file = try files.file(Int(number))
        let memory = try memory
        let bytes = try memory.bytes(at: result, count: Layout.fdstat)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        try memory.store(file.fileType, at: result)
        try memory.store(DescriptorFlags(file).rawValue, at: result, offset: 2)
        try memory.store(file.rights & Rights.possible(for: file).rawValue, at: result, offset: 8)
        let inheriting = file.kind == .directory ? file.inheritingRights & Rights.all.rawValue : 0
        try memory.store(inheriting, at: result, offset: 16)
    }

    func fdFdstatSetFlags(_ number: UInt32, _ flags: UInt32) throws(ErrorCode) {
        let file = try file(number, .fdFdstatSetFlags)
        guard flags >> 5 == 0 else { throw ErrorCode(EINVAL) }
        let wanted = DescriptorFlags(rawValue: UInt16(flags))
        let current = DescriptorFlags(file)
        let changed = wanted.symmetricDifference(current)
        // The system ignores changes of the others, which would be a lie.
        if !changed.isSubset(of: [.append, .nonblock]) { throw ErrorCode.notSupported }
        if changed.contains(.append) {
            // Other processes see these flags of standard input and output, whatever their numbers are by now.
            guard !file.isStandardStream else { throw ErrorCode.notSupported }
            try files.setAppends(file, wanted.contains(.append))
        }
        file.isNonBlocking = wanted.contains(.nonblock)
    }

    func fdFdstatSetRights(_ number: UInt32, _ base: UInt64, _ inheriting: UInt64) throws(ErrorCode) {
        let file = try files.file(Int(number))
        let possible = Rights.possible(for: file).rawValue
        // Rights can only be given up.
        guard base & ~(file.rights & possible) == 0, inheriting & ~(file.inheritingRights & Rights.all.rawValue) == 0
        else { throw ErrorCode.notCapable }
        file.rights = base
        file.inheritingRights = inheriting
    }

    func fdFilestatGet(_ number: UInt32, _ result: UInt32) throws(ErrorCode) {
        try store(file(number, .fdFilestatGet).status(), at: result)
    }

    func fdFilestatSetSize(_ number: UInt32, _ size: UInt64) throws(ErrorCode) {
        let file = try file(number, .fdFilestatSetSize)
        guard let size = Int64(exactly: size) else { throw ErrorCode(EFBIG) }
        try files.truncate(file, to: size)
    }

    func fdFilestatSetTimes(
        _ number: UInt32, _ accessed: UInt64, _ modified: UInt64, _ flags: UInt32
    ) throws(ErrorCode) {
        let file = try file(number, .fdFilestatSetTimes)
        let times = try Self.times(accessed, modified, flags)
        try files.setTimes(file, accessed: times.accessed, modified: times.modified)
    }

    /// What the two times and the flags of a call mean.
    static func times(
        _ accessed: UInt64, _ modified: UInt64, _ flags: UInt32
    ) throws(ErrorCode) -> (accessed: FileTime, modified: FileTime) {
        guard flags >> 4 == 0 else { throw ErrorCode(EINVAL) }
        let flags = TimeFlags(rawValue: UInt16(flags))
        guard !flags.isSuperset(of: [.accessed, .accessedNow]), !flags.isSuperset(of: [.modified, .modifiedNow])
        else { throw ErrorCode(EINVAL) }
        func time(_ time: UInt64, _ given: TimeFlags, _ now: TimeFlags) -> FileTime {
            if flags.contains(now) { return .now }
            guard flags.contains(given) else { return .keep }
            return .at(seconds: Int(time / 1_000_000_000), nanoseconds: Int(time % 1_000_000_000))
        }
        return (time(accessed, .accessed, .accessedNow), time(modified, .modified, .modifiedNow))
    }

    /// Writes what there is to say about a file (type `filestat`).
    func store(_ status: stat, at result: UInt32) throws(ErrorCode) {
        let memory = try memory
        let bytes = try memory.bytes(at: result, count: Layout.filestat)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        let times = (status.accessTime, status.modificationTime, status.changeTime)
        try memory.store(UInt64(truncatingIfNeeded: status.st_dev), at: result)
        try memory.store(UInt64(status.st_ino), at: result, offset: 8)
        try memory.store(OpenFile.Kind(mode: status.st_mode).wasi, at: result, offset: 16)
        try memory.store(UInt64(status.st_nlink), at: result, offset: 24)
        try memory.store(UInt64(bitPattern: Int64(status.st_size)), at: result, offset: 32)
        try memory.store(times.0.nanoseconds, at: result, offset: 40)
        try memory.store(times.1.nanoseconds, at: result, offset: 48)
        try memory.store(times.2.nanoseconds, at: result, offset: 56)
    }

    // MARK: Directories

    func fdPrestatGet(_ number: UInt32, _ result: UInt32) throws(ErrorCode) {
        let file = try files.file(Int(number))
        // Not a directory, which is the only kind that there is (0). Libraries look no further behind an error.
        if file.isListener { return try memory.store(UInt64(1), at: result) }
        guard let name = file.preopenName else { throw ErrorCode(EBADF) }
        try memory.store(UInt32(0), at: result)
        try memory.store(UInt32(name.count), at: result, offset: 4)
    }

    func fdPrestatDirName(_ number: UInt32, _ address: UInt32, _ count: UInt32) throws(ErrorCode) {
        guard let name = try files.file(Int(number)).preopenName else { throw ErrorCode(EBADF) }
        guard name.count <= count else { throw ErrorCode(ENAMETOOLONG) }
        try memory.bytes(at: address, count: UInt32(name.count)).copyBytes(from: name)
    }

    func fdReaddir(
        _ number: UInt32, _ address: UInt32, _ count: UInt32, _ cookie: UInt64, _ result: UInt32
    ) throws(ErrorCode) {
        let file = try file(number, .fdReaddir)
        let memory = try memory
        let buffer = try memory.bytes(at: address, count: count)
        // What is read in pieces is the directory as it was at the beginning; a cookie is the place in that list.
        let entries: [DirectoryEntry]
        if cookie != 0, let listing = file.listing {
            entries = listing
        } else {
            let inode = UInt64(try file.status().st_ino)
            let own = [[UInt8(ascii: ".")], [UInt8(ascii: "."), UInt8(ascii: ".")]].map {
                DirectoryEntry(name: $0, inode: inode, kind: .directory)
            }
            entries = own + (try files.entries(file))
            file.listing = entries
        }
        var used = 0
        var index = Int(clamping: cookie)
        while index < entries.count, used < buffer.count {
            let entry = entries[index]
            index += 1
            var header = (UInt64(index), entry.inode, UInt32(entry.name.count), UInt32(entry.kind.wasi))
            withUnsafeBytes(of: &header) { header in
                let part = min(Int(Layout.dirent), buffer.count - used)
                buffer[used..<used + part].copyBytes(from: header.prefix(part))
                used += part
            }
            let part = min(entry.name.count, buffer.count - used)
            buffer[used..<used + part].copyBytes(from: entry.name.prefix(part))
            used += part
        }
        try memory.store(UInt32(used), at: result)
    }
}
