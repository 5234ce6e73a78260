internal import LibC

/// What guests of WASI have open from the start, beside standard input and output.
extension FileSystem {
    /// Gives the guest its folders and listening sockets as descriptors, from 3 on.
    ///
    /// The first folder is the root of the guest's tree, also where that was not granted, so that every absolute path comes to
    /// this program, which can say why it denies one. Further folders have their absolute names, with a slash behind:
    /// Go's library looks which of the names an absolute path begins with, and would take "/abc" for "c" in a folder
    /// "/ab". The working directory comes last under the name ".", which C libraries compare with relative paths. (To
    /// them it is the same as "/".)
    ///
    /// Where there are no folders, the sockets come first: programs look for them from 3 on, where other runtimes have
    /// them then, too. Otherwise they follow the root and the folders.
    package func addPreopens() throws(HostAccessError) {
        let slash = GuestPath.slash
        let hasFolders = access.allowsAllFiles || access.hasMounts
        if !hasFolders { try addListeners() }
        let root = mounts.first { $0.path == [slash] }
        if access.allowsAllFiles {
            let all = Folder(descriptor: 0, isConfined: false, isReadOnly: false)
            try addPreopen(AT_FDCWD, "/", all, name: [slash], base: [slash])
        } else if let root {
            try addPreopen(root, name: root.path, base: [slash])
        } else {
            addPreopen(OpenFile(-1, kind: .directory, isOwned: false), name: [slash], base: [slash])
        }
        for mount in mounts.reversed() where mount.path != [slash] {
            try addPreopen(mount, name: mount.path + [slash])
        }
        if hasFolders { try addListeners() }
        if !access.allowsAllFiles, root == nil, let path = try? workingDirectory() {
            try addWorkingDirectory(path)
        }
    }

    private func addListeners() throws(HostAccessError) {
        for address in access.listeners {
            let file = addSocket(try Listener.open(address, report: report)).file
            // As other runtimes do: only then Go waits for connections beside its other goroutines.
            file.isNonBlocking = true
            file.isListener = true
        }
    }

    private func addWorkingDirectory(_ path: [UInt8]) throws(HostAccessError) {
        let name = [UInt8(ascii: ".")]
        if onlyLeadsToMount(path) {
            addPreopen(OpenFile(-1, kind: .directory, isOwned: false), name: name, base: path)
        }
        guard let location = find(path) else { return }
        if let folder = location.folder.virtual {
            return try addPreopen(location, in: folder, name: name)
        }
        guard let opened = try? location.folder.open(location.path, Folder.lookupOnly | O_DIRECTORY)
        else { return }
        defer { systemClose(opened) }
        try addPreopen(opened, ".", location.folder, name: name)
    }

    private func addPreopen(_ mount: Mount, name: [UInt8], base: [UInt8]? = nil) throws(HostAccessError) {
        guard let folder = mount.folder.virtual else {
            return try addPreopen(mount.folder.descriptor, ".", mount.folder, name: name, base: base)
        }
        let here = Location(folder: mount.folder, path: [UInt8(ascii: ".")], named: name)
        try addPreopen(here, in: folder, name: name, base: base)
    }

    private func addPreopen(
        _ location: Location, in folder: VirtualFolder, name: [UInt8], base: [UInt8]? = nil
    ) throws(HostAccessError) {
        do throws(FileError) {
            let file = try folder.open(location.path, flags: O_RDONLY | O_DIRECTORY, permissions: 0)
            addPreopen(try OpenFile(file), name: name, base: base)
        } catch {
            throw .folder(path: GuestPath.text(name), reason: error.code.message)
        }
    }

    private func addPreopen(
        _ directory: Int32, _ path: String, _ folder: Folder, name: [UInt8], base: [UInt8]? = nil
    ) throws(HostAccessError) {
        var opened = path.withCString { openat(directory, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        if opened < 0 { opened = path.withCString { openat(directory, $0, Folder.lookupOnly | O_CLOEXEC) } }
        guard opened >= 0 else { throw .folder(path: GuestPath.text(name), reason: ErrorCode.last.message) }
        var folder = folder
        folder.descriptor = opened
        let file = OpenFile(opened, kind: .directory, folder: folder, isReadOnly: folder.isReadOnly)
        addPreopen(file, name: name, base: base)
    }

    private func addPreopen(_ file: OpenFile, name: [UInt8], base: [UInt8]? = nil) {
        file.preopenName = name
        file.base = base
        _ = descriptors.add(file)
    }

    /// Adds a socket, and returns the guest's number for it.
    package func addSocket(_ descriptor: Int32) -> (number: Int, file: OpenFile) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let file = OpenFile(descriptor, kind: .socket)
        return (descriptors.add(file), file)
    }

    /// Ends what the guest has taken out of the table.
    package func finish(_ file: OpenFile) throws(ErrorCode) { try file.closeNow() }
}

/// Sockets that listen before the guest starts.
enum Listener {
    /// Listens on an address such as `127.0.0.1:8080`, `[::1]:0` or `localhost:80`.
    ///
    /// The user is told which port the system chose for 0.
    static func open(_ address: String, report: (String) -> Void) throws(HostAccessError) -> Int32 {
        guard let (host, port) = split(address) else {
            throw .listener(address: address, reason: "it must be ADDRESS:PORT")
        }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host.isEmpty ? nil : host, port, &hints, &found)
        guard failure == 0, let first = found else {
            throw .listener(address: address, reason: String(cString: gai_strerror(failure)))
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
        guard descriptor >= 0 else { throw .listener(address: address, reason: ErrorCode.last.message) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0, listen(descriptor, 128) == 0
        else {
            let reason = ErrorCode.last.message
            systemClose(descriptor)
            throw .listener(address: address, reason: reason)
        }
        if port == "0" { report("listening on \(host):\(chosenPort(descriptor))") }
        return descriptor
    }

    private static func split(_ address: String) -> (host: String, port: String)? {
        guard let colon = address.lastIndex(of: ":") else { return nil }
        var host = address[..<colon]
        let port = address[address.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return UInt16(port) == nil ? nil : (String(host), String(port))
    }

    private static func chosenPort(_ descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            let result = storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &size)
            }
            guard result == 0 else { return 0 }
            // The port is in the same place for both families.
            return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }
}
