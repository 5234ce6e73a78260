internal import HostSystem
internal import LibC

extension JSRealm {
    /// What a file operation does: gets its arguments without the callback.
    typealias FileOperation = (JSRealm, JSArguments) throws(FileFailure) -> JSValue

    /// Why a file operation failed.
    enum FileFailure: Error {
        /// The system refused: the callback hears of it.
        case system(ErrorCode)
        /// The arguments make no sense: the call itself throws.
        case script(JSFailure)
    }

    /// The error object for a failed system call, whose property `code` Go reads.
    func systemError(
        _ error: ErrorCode, _ call: StaticString, _ path: JSString? = nil, _ destination: JSString? = nil
    ) -> JSValue {
        var text = "\(error.nodeName): \(error.nodeMessage), \(call)"
        if let path { text += " '\(path.excerpt)'" }
        if let destination { text += " -> '\(destination.excerpt)'" }
        let object = makeError(prototypes.error, string(text))
        object.properties.reserve(5)
        object.define(keys.errno, .number(-Int(error.number)))
        object.define(keys.code, string(error.nodeName))
        object.define(keys.syscall, string(call))
        if let path { object.define(keys.path, .string(path)) }
        if let destination { object.define(key("dest"), .string(destination)) }
        return .object(object)
    }

    /// The error object for a failed file operation, which names the paths that the operation was given.
    private func systemError(_ error: ErrorCode, _ call: StaticString, _ arguments: JSArguments) -> JSValue {
        var paths: [JSString] = []
        for position in 0..<min(2, arguments.count) {
            if case .string(let path) = arguments[position] { paths.append(path) }
        }
        return systemError(error, call, paths.first, paths.count > 1 ? paths[1] : nil)
    }

    func installFileSystem() {
        events.transferFailure = { [unowned self] error, direction in
            systemError(error, direction == .read ? "read" : "write")
        }
        let fs = makeObject()
        global.define(key("fs"), .object(fs))
        let constants = makeObject()
        fs.define(key("constants"), .object(constants), .enumerable)
        let values: [(StaticString, Int32)] = [
            ("O_RDONLY", O_RDONLY), ("O_WRONLY", O_WRONLY), ("O_RDWR", O_RDWR), ("O_CREAT", O_CREAT),
            ("O_EXCL", O_EXCL),
            ("O_TRUNC", O_TRUNC), ("O_APPEND", O_APPEND), ("O_SYNC", O_SYNC), ("O_DIRECTORY", O_DIRECTORY),
            ("S_IFMT", Int32(S_IFMT)), ("S_IFREG", Int32(S_IFREG)), ("S_IFDIR", Int32(S_IFDIR)),
            ("S_IFLNK", Int32(S_IFLNK)),
        ]
        for (name, value) in values { constants.define(key(name), .number(Int(value))) }
        installStats()
        installOpen(fs)
        installDescriptorOperations(fs)
        installPathOperations(fs)
        transferOperation(fs, "read", .read)
        transferOperation(fs, "write", .write)
        // Besides bytes, this one is given text now and then.
        method(fs, "writeSync", length: 5) { realm, _, arguments throws(JSFailure) in
            if case .string(let text) = arguments[1] {
                guard case .number(let number) = arguments[0], (try? realm.host.file(number)) != nil else {
                    throw .thrown(realm.systemError(ErrorCode(EBADF), "write"))
                }
                realm.host.files.report(try realm.text(arguments[1]), to: Int(number))
                return .number(text.byteCount)
            }
            return try realm.synchronously("write", arguments) { realm, arguments throws(FileFailure) in
                try realm.transfer(.write, arguments)
            }
        }
    }

    /// A file operation that may have to wait for somebody: then it returns nil, and calls back when it has ended.
    typealias PatientFileOperation = (JSRealm, JSArguments, _ callback: JSFunction) throws(FileFailure) -> JSValue?

    /// Adds an operation in both forms: `name` calls back in a task of its own, `nameSync` returns or throws.
    ///
    /// - Parameters:
    ///   - lengths: How many arguments both forms want.
    ///   - patient: What `name` does where that may have to wait.
    private func operation(
        _ fs: JSObject, _ name: StaticString, _ lengths: (Int, Int), patient: PatientFileOperation? = nil,
        _ operation: @escaping FileOperation
    ) {
        method(fs, name, length: lengths.0) { realm, _, arguments throws(JSFailure) in
            guard arguments.count > 0, let callback = arguments[arguments.count - 1].function else {
                throw realm.typeError("The \"cb\" argument must be of type function. Received undefined")
            }
            let arguments = JSArguments(base: arguments.base, count: arguments.count - 1)
            let tracer = FileOperationTracer(name, arguments, realm)
            do throws(FileFailure) {
                let result: JSValue?
                if let patient {
                    result = try patient(realm, arguments, tracer?.reporting(callback, realm) ?? callback)
                } else {
                    result = try operation(realm, arguments)
                }
                if let result {
                    tracer?.report(result, realm)
                    realm.events.tasks.append(.completion(callback, .null, result))
                }
            } catch {
                switch error {
                case .system(let code):
                    tracer?.report(failure: "\(code.nodeName)")
                    realm.events.tasks.append(
                        .call(callback, realm.makeArray([realm.systemError(code, name, arguments)])))
                case .script(let failure): throw failure
                }
            }
            return .undefined
        }
        let synchronousKey = key(JSString.make("\(name)Sync"))
        let signature = JSFunction.Signature(key: synchronousKey, length: lengths.1)
        let synchronous = makeFunction(signature: signature) { realm, _, arguments throws(JSFailure) in
            try realm.synchronously(name, arguments, operation)
        }
        fs.define(synchronousKey, .object(synchronous))
    }

    private func synchronously(
        _ name: StaticString, _ arguments: JSArguments, _ operation: FileOperation
    ) throws(JSFailure) -> JSValue {
        let tracer = FileOperationTracer(name, suffix: "Sync", arguments, self)
        do throws(FileFailure) {
            let result = try operation(self, arguments)
            tracer?.report(result, self)
            return result
        } catch {
            switch error {
            case .system(let code):
                tracer?.report(failure: "\(code.nodeName)")
                throw .thrown(systemError(code, name, arguments))
            case .script(let failure): throw failure
            }
        }
    }

    // MARK: Arguments

    private func number(_ value: JSValue, _ name: StaticString) throws(FileFailure) -> Double {
        guard case .number(let number) = value else {
            throw .script(typeError("The \"\(name)\" argument must be of type number. \(received(value))"))
        }
        return number
    }

    private func path(_ value: JSValue) throws(FileFailure) -> [UInt8] {
        guard case .string(let path) = value else {
            throw .script(typeError("The \"path\" argument must be of type string. \(received(value))"))
        }
        return path.bytes
    }

    /// Where the path of an argument lies.
    private func location(_ value: JSValue) throws(FileFailure) -> FileSystem.Location {
        let path = try path(value)
        return try system { () throws(ErrorCode) in try host.files.locate(path) }
    }

    private func system<Result>(_ body: () throws(ErrorCode) -> Result) throws(FileFailure) -> Result {
        do throws(ErrorCode) { return try body() } catch { throw .system(error) }
    }

    private func file(_ value: JSValue) throws(FileFailure) -> OpenFile {
        let number = try number(value, "fd")
        return try system { () throws(ErrorCode) in try host.file(number) }
    }

    private func mode(_ value: JSValue) throws(FileFailure) -> UInt32 { NumberText.uint32(try number(value, "mode")) }

    /// The arguments (buffer, offset, length, position) of read and write.
    private func transferArguments(
        _ arguments: JSArguments
    ) throws(FileFailure) -> (buffer: JSTypedArray, range: Range<Int>, position: Int64?) {
        guard let buffer = arguments[1].typedArray else {
            throw .script(
                typeError(
                    "The \"buffer\" argument must be an instance of Buffer, TypedArray, or DataView. \(received(arguments[1]))"
                ))
        }
        let size = buffer.length * buffer.element.size
        let offset = try arguments[2].isUndefined ? 0 : NumberText.integer(number(arguments[2], "offset"))
        let length =
            try arguments[3].isUndefined ? size - min(offset, size) : NumberText.integer(number(arguments[3], "length"))
        guard offset >= 0, offset <= size, length >= 0, length <= size - offset else {
            throw .script(
                rangeError(
                    "The value of \"length\" is out of range. It must be <= \(max(0, size - max(0, offset))). Received \(length)"
                ))
        }
        var position: Int64?
        if case .number(let number) = arguments[4] { position = Int64(NumberText.integer(number)) }
        return (buffer, offset..<offset + length, position)
    }

    // MARK: Operations

    /// Reads or writes at once.
    private func transfer(
        _ direction: PendingTransfer.Direction, _ arguments: JSArguments
    ) throws(FileFailure) -> JSValue {
        let file = try file(arguments[0])
        let (buffer, range, position) = try transferArguments(arguments)
        let all = buffer.bytes
        let bytes = UnsafeMutableRawBufferPointer(rebasing: all[range.clamped(to: 0..<all.count)])
        return .number(
            try system { () throws(ErrorCode) in
                switch direction {
                case .read: try host.files.read(file, bytes, position: position)
                case .write: try host.files.write(file, UnsafeRawBufferPointer(bytes), position: position)
                }
            })
    }

    /// Adds read or write, which wait in the event loop where the file is a pipe or terminal that is not ready: that
    /// must not stop the other goroutines and timers.
    private func transferOperation(_ fs: JSObject, _ name: StaticString, _ direction: PendingTransfer.Direction) {
        operation(fs, name, (6, 5)) { realm, arguments, callback throws(FileFailure) in
            guard arguments.count == 5, case .number(let number) = arguments[0], arguments[4].isNullish,
                let file = try? realm.host.file(number), file.kind.canBlock
            else { return try realm.transfer(direction, arguments) }
            let (buffer, range, _) = try realm.transferArguments(arguments)
            try realm.system { () throws(ErrorCode) in try file.checkMode(for: direction.event) }
            realm.events.start(
                PendingTransfer(
                    direction: direction, file: file, buffer: buffer, range: range, callback: callback))
            return nil
        } _: { realm, arguments throws(FileFailure) in
            try realm.transfer(direction, arguments)
        }
    }

    /// Adds open, which waits in the event loop as well where a named pipe is opened for writing and nobody reads from
    /// it.
    private func installOpen(_ fs: JSObject) {
        func arguments(
            _ realm: JSRealm, _ arguments: JSArguments
        ) throws(FileFailure) -> (location: FileSystem.Location, flags: Int32, mode: UInt32) {
            (
                try realm.location(arguments[0]),
                Int32(bitPattern: NumberText.uint32(try realm.number(arguments[1], "flags"))),
                try arguments[2].isUndefined ? 0o666 : realm.mode(arguments[2])
            )
        }
        operation(fs, "open", (4, 3)) { realm, given, callback throws(FileFailure) in
            let (location, flags, mode) = try arguments(realm, given)
            let path: JSString? = if case .string(let path) = given[0] { path } else { nil }
            switch try realm.system({ () throws(ErrorCode) in
                try realm.host.files.startOpening(location, flags: flags, mode: mode)
            }) {
            case .file(let number): return .number(number)
            case .pipe(let opening):
                let signal: JSTypedArray
                do throws(JSFailure) { signal = try realm.makeByteArray(count: 1) } catch { throw .script(error) }
                let finish = realm.makeFunction { realm, _, _ throws(JSFailure) in
                    do throws(ErrorCode) {
                        let number = try realm.host.files.add(opening.result(), location)
                        realm.events.tasks.append(.completion(callback, .null, .number(number)))
                    } catch {
                        realm.events.tasks.append(
                            .call(callback, realm.makeArray([realm.systemError(error, "open", path)])))
                    }
                    return .undefined
                }
                realm.events.start(
                    PendingTransfer(
                        direction: .read, file: opening.signal, buffer: signal, range: 0..<1, callback: finish))
                return nil
            }
        } _: { realm, given throws(FileFailure) in
            let (location, flags, mode) = try arguments(realm, given)
            return .number(
                try realm.system { () throws(ErrorCode) in
                    try realm.host.files.open(location, flags: flags, mode: mode)
                })
        }
    }

    private func installDescriptorOperations(_ fs: JSObject) {
        operation(fs, "close", (1, 1)) { realm, arguments throws(FileFailure) in
            let number = NumberText.integer(try realm.number(arguments[0], "fd"))
            try realm.system { () throws(ErrorCode) in try realm.host.files.close(number) }
            return .undefined
        }
        operation(fs, "fstat", (1, 1)) { realm, arguments throws(FileFailure) in
            let file = try realm.file(arguments[0])
            return realm.makeStats(try realm.system { () throws(ErrorCode) in try file.status() })
        }
        operation(fs, "fsync", (2, 1)) { realm, arguments throws(FileFailure) in
            let file = try realm.file(arguments[0])
            try realm.system { () throws(ErrorCode) in try realm.host.files.synchronize(file) }
            return .undefined
        }
        operation(fs, "ftruncate", (1, 1)) { realm, arguments throws(FileFailure) in
            let file = try realm.file(arguments[0])
            let length = Int64(NumberText.integer(try realm.number(arguments[1], "len")))
            try realm.system { () throws(ErrorCode) in try realm.host.files.truncate(file, to: length) }
            return .undefined
        }
        operation(fs, "fchmod", (3, 2)) { realm, arguments throws(FileFailure) in
            let file = try realm.file(arguments[0])
            let mode = try realm.mode(arguments[1])
            try realm.system { () throws(ErrorCode) in try realm.host.files.changeMode(file, mode) }
            return .undefined
        }
        operation(fs, "fchown", (4, 3)) { realm, arguments throws(FileFailure) in
            let file = try realm.file(arguments[0])
            let (user, group) = (try realm.mode(arguments[1]), try realm.mode(arguments[2]))
            try realm.system { () throws(ErrorCode) in
                try realm.host.files.changeOwner(file, user: user, group: group)
            }
            return .undefined
        }
    }

    private func installPathOperations(_ fs: JSObject) {
        /// Adds an operation on one path without a result.
        func simple(
            _ name: StaticString, _ lengths: (Int, Int),
            _ body: @escaping (FileSystem, FileSystem.Location, Double, Double) throws(ErrorCode) -> Void
        ) {
            operation(fs, name, lengths) { realm, arguments throws(FileFailure) in
                let first = try arguments[1].isUndefined ? 0 : realm.number(arguments[1], "mode")
                let second = try arguments[2].isUndefined ? 0 : realm.number(arguments[2], "gid")
                let location = try realm.location(arguments[0])
                try realm.system { () throws(ErrorCode) in try body(realm.host.files, location, first, second) }
                return .undefined
            }
        }
        /// Adds an operation on two paths without a result.
        func pair(
            _ name: StaticString, _ lengths: (Int, Int),
            _ body: @escaping (FileSystem, FileSystem.Location, FileSystem.Location) throws(ErrorCode) -> Void
        ) {
            operation(fs, name, lengths) { realm, arguments throws(FileFailure) in
                let (old, new) = (try realm.location(arguments[0]), try realm.location(arguments[1]))
                try realm.system { () throws(ErrorCode) in try body(realm.host.files, old, new) }
                return .undefined
            }
        }
        simple("mkdir", (3, 2)) { files, location, mode, _ throws(ErrorCode) in
            try files.makeDirectory(location, mode: NumberText.uint32(mode))
        }
        simple("rmdir", (3, 2)) { files, location, _, _ throws(ErrorCode) in try files.removeDirectory(location) }
        simple("unlink", (2, 1)) { files, location, _, _ throws(ErrorCode) in try files.unlink(location) }
        simple("chmod", (3, 2)) { files, location, mode, _ throws(ErrorCode) in
            try files.changeMode(location, NumberText.uint32(mode))
        }
        simple("truncate", (3, 2)) { files, location, length, _ throws(ErrorCode) in
            try files.truncate(location, to: Int64(NumberText.integer(length)))
        }
        simple("chown", (4, 3)) { files, location, user, group throws(ErrorCode) in
            try files.changeOwner(
                location, user: NumberText.uint32(user), group: NumberText.uint32(group), followingLinks: true)
        }
        simple("lchown", (4, 3)) { files, location, user, group throws(ErrorCode) in
            try files.changeOwner(
                location, user: NumberText.uint32(user), group: NumberText.uint32(group), followingLinks: false)
        }
        simple("utimes", (4, 3)) { files, location, accessed, modified throws(ErrorCode) in
            try files.setTimes(
                location, accessed: FileTime(seconds: accessed), modified: FileTime(seconds: modified),
                followingLinks: true)
        }
        pair("rename", (3, 2)) { files, old, new throws(ErrorCode) in try files.rename(old, to: new) }
        pair("link", (3, 2)) { files, old, new throws(ErrorCode) in try files.link(old, to: new) }
        operation(fs, "symlink", (4, 3)) { realm, arguments throws(FileFailure) in
            let (target, location) = (try realm.path(arguments[0]), try realm.location(arguments[1]))
            try realm.system { () throws(ErrorCode) in
                try realm.host.files.makeSymbolicLink(target, at: location)
            }
            return .undefined
        }
        installPathQuestions(fs)
    }

    /// The operations on a path that have a result.
    private func installPathQuestions(_ fs: JSObject) {
        for (name, followsLinks) in [("stat", true), ("lstat", false)] as [(StaticString, Bool)] {
            operation(fs, name, (1, 1)) { realm, arguments throws(FileFailure) in
                let path = try realm.path(arguments[0])
                return realm.makeStats(
                    try realm.system { () throws(ErrorCode) in
                        try realm.host.files.status(path, followingLinks: followsLinks)
                    })
            }
        }
        operation(fs, "readdir", (3, 2)) { realm, arguments throws(FileFailure) in
            let location = try realm.location(arguments[0])
            let entries = try realm.system { () throws(ErrorCode) in try realm.host.files.entries(location) }
            return .object(
                realm.makeArray(
                    ContiguousArray(
                        entries.map { entry in .string(entry.name.withUnsafeBytes { UTF8Text.decode($0) }) })))
        }
        operation(fs, "readlink", (3, 2)) { realm, arguments throws(FileFailure) in
            let location = try realm.location(arguments[0])
            let target = try realm.system { () throws(ErrorCode) in try realm.host.files.target(ofLink: location) }
            return .string(target.withUnsafeBytes { UTF8Text.decode($0) })
        }
    }

    // MARK: Stats

    private func installStats() {
        let kinds: [(StaticString, mode_t)] = [
            ("isDirectory", S_IFDIR), ("isFile", S_IFREG), ("isSymbolicLink", S_IFLNK), ("isFIFO", S_IFIFO),
            ("isSocket", S_IFSOCK), ("isCharacterDevice", S_IFCHR), ("isBlockDevice", S_IFBLK),
        ]
        for (name, kind) in kinds {
            method(prototypes.stats, name) { realm, this, _ throws(JSFailure) in
                let mode = NumberText.uint32(try realm.toNumber(realm.get(this, realm.key("mode"))))
                return .boolean(mode & UInt32(S_IFMT) == UInt32(kind))
            }
        }
    }

    private func makeStats(_ status: stat) -> JSValue {
        func milliseconds(_ time: timespec) -> Double { Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6 }
        let times = (status.accessTime, status.modificationTime, status.changeTime)
        let stats = JSObject(prototype: prototypes.stats)
        stats.properties.reserve(Int32(StatsField.allCases.count))
        for (field, key) in zip(StatsField.allCases, statsKeys) {
            let value =
                switch field {
                case .dev: Double(status.st_dev)
                case .mode: Double(status.st_mode)
                case .nlink: Double(status.st_nlink)
                case .uid: Double(status.st_uid)
                case .gid: Double(status.st_gid)
                case .rdev: Double(status.st_rdev)
                case .blksize: Double(status.st_blksize)
                case .ino: Double(status.st_ino)
                case .size: Double(status.st_size)
                case .blocks: Double(status.st_blocks)
                case .atimeMs: milliseconds(times.0)
                case .mtimeMs: milliseconds(times.1)
                case .ctimeMs: milliseconds(times.2)
                }
            stats.properties.append(key, .number(value), .assigned)
        }
        return .object(stats)
    }

    /// The properties of a `Stats`, in Node's order.
    enum StatsField: String, CaseIterable {
        case dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks, atimeMs, mtimeMs, ctimeMs
    }
}
