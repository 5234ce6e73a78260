internal import HostSystem
internal import LibC

/// The functions whose names begin with `path_`.
extension WASIHost {
    /// The directory that the guest means, if it may do this in it.
    private func directory(_ number: UInt32, _ needed: Rights) throws(ErrorCode) -> OpenFile {
        let folder = try files.file(Int(number))
        guard folder.kind == .directory else { throw ErrorCode(ENOTDIR) }
        guard folder.rights & needed.rawValue == needed.rawValue else { throw ErrorCode.notCapable }
        return folder
    }

    /// Where a path lies that the guest gives as a directory and text.
    private func location(
        _ number: UInt32, _ address: UInt32, _ count: UInt32, _ needed: Rights
    ) throws(ErrorCode) -> FileSystem.Location {
        let folder = try directory(number, needed)
        return try files.locate(try memory.path(at: address, count: count), in: folder)
    }

    func pathCreateDirectory(_ directory: UInt32, _ path: UInt32, _ count: UInt32) throws(ErrorCode) {
        try files.makeDirectory(location(directory, path, count, .pathCreateDirectory), mode: 0o777)
    }

    func pathFilestatGet(
        _ number: UInt32, _ flags: UInt32, _ path: UInt32, _ count: UInt32, _ result: UInt32
    ) throws(ErrorCode) {
        let follows = flags & symlinkFollow != 0
        let folder = try directory(number, .pathFilestatGet)
        let path = try memory.path(at: path, count: count)
        try store(files.status(path, in: folder, followingLinks: follows), at: result)
    }

    func pathFilestatSetTimes(
        _ directory: UInt32, _ flags: UInt32, _ path: UInt32, _ count: UInt32, _ accessed: UInt64,
        _ modified: UInt64, _ which: UInt32
    ) throws(ErrorCode) {
        let location = try location(directory, path, count, .pathFilestatSetTimes)
        let times = try Self.times(accessed, modified, which)
        try files.setTimes(
            location, accessed: times.accessed, modified: times.modified,
            followingLinks: flags & symlinkFollow != 0)
    }

    func pathLink(
        _ oldDirectory: UInt32, _ flags: UInt32, _ old: UInt32, _ oldCount: UInt32, _ newDirectory: UInt32,
        _ new: UInt32, _ newCount: UInt32
    ) throws(ErrorCode) {
        // A further name is one of the link itself; runtimes agree that following is not offered.
        guard flags & symlinkFollow == 0 else { throw ErrorCode(EINVAL) }
        try files.link(
            location(oldDirectory, old, oldCount, .pathLinkSource),
            to: location(newDirectory, new, newCount, .pathLinkTarget))
    }

    func pathOpen(
        _ directory: UInt32, _ lookup: UInt32, _ path: UInt32, _ count: UInt32, _ openFlags: UInt32,
        _ base: UInt64, _: UInt64, _ descriptorFlags: UInt32, _ result: UInt32
    ) throws(ErrorCode) {
        guard openFlags >> 4 == 0, descriptorFlags >> 5 == 0 else { throw ErrorCode(EINVAL) }
        let flags = OpenFlags(rawValue: UInt16(openFlags))
        let modes = DescriptorFlags(rawValue: UInt16(descriptorFlags))
        var needed: Rights = .pathOpen
        if flags.contains(.create) { needed.insert(.pathCreateFile) }
        if flags.contains(.truncate) { needed.insert(.pathFilestatSetSize) }
        let location = try location(directory, path, count, needed)
        _ = try memory.bytes(at: result, count: 4)

        let wanted = Rights(rawValue: base)
        // Only these two say how the file will be used: compilers ask for the others in any case.
        let reads = !wanted.isDisjoint(with: [.fdRead, .fdReaddir])
        let writes = wanted.contains(.fdWrite) && !flags.contains(.directory)
        var system = flags.system | modes.system
        system |= writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY
        if lookup & symlinkFollow == 0 { system |= O_NOFOLLOW }
        let parent = try files.file(Int(directory))
        let number = try files.open(location, flags: system, mode: 0o666, waits: !modes.contains(.nonblock))
        let file = try files.file(number)
        file.isNonBlocking = modes.contains(.nonblock)
        // What the directory lets through. Of the rights that the call asks for only reading and writing matter: a file
        // may turn out to be a directory, which needs others than the guest thought of.
        file.rights &= parent.inheritingRights
        file.inheritingRights = parent.inheritingRights
        try memory.store(UInt32(number), at: result)
    }

    func pathReadlink(
        _ directory: UInt32, _ path: UInt32, _ count: UInt32, _ address: UInt32, _ size: UInt32, _ result: UInt32
    ) throws(ErrorCode) {
        let target = try files.target(ofLink: location(directory, path, count, .pathReadlink))
        let memory = try memory
        let used = min(target.count, Int(size))
        try memory.bytes(at: address, count: UInt32(used)).copyBytes(from: target.prefix(used))
        try memory.store(UInt32(used), at: result)
    }

    func pathRemoveDirectory(_ directory: UInt32, _ path: UInt32, _ count: UInt32) throws(ErrorCode) {
        try files.removeDirectory(location(directory, path, count, .pathRemoveDirectory))
    }

    func pathRename(
        _ oldDirectory: UInt32, _ old: UInt32, _ oldCount: UInt32, _ newDirectory: UInt32, _ new: UInt32,
        _ newCount: UInt32
    ) throws(ErrorCode) {
        try files.rename(
            location(oldDirectory, old, oldCount, .pathRenameSource),
            to: location(newDirectory, new, newCount, .pathRenameTarget))
    }

    func pathSymlink(
        _ target: UInt32, _ targetCount: UInt32, _ directory: UInt32, _ path: UInt32, _ count: UInt32
    ) throws(ErrorCode) {
        let text = try memory.path(at: target, count: targetCount)
        guard !text.isEmpty else { throw ErrorCode(ENOENT) }
        try files.makeSymbolicLink(text, at: location(directory, path, count, .pathSymlink))
    }

    func pathUnlinkFile(_ directory: UInt32, _ path: UInt32, _ count: UInt32) throws(ErrorCode) {
        try files.unlink(location(directory, path, count, .pathUnlinkFile))
    }
}
