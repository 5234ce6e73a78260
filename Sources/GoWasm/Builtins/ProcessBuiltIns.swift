internal import HostSystem
internal import LibC

/// `process.env`: whatever is assigned becomes a string.
final class JSEnvironment: JSObject {
    init(prototype: JSObject?) { super.init(prototype: prototype, isExotic: true) }

    override func exoticSet(_ key: PropertyKey, _ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Bool? {
        guard !key.isSymbol else { throw realm.typeError("Cannot convert a Symbol value to a string") }
        let text = try realm.toString(value)
        try realm.makeRoom(in: self)
        define(key, .string(text))
        return true
    }
}

extension JSRealm {
    func installProcess() {
        let process = makeObject()
        global.define(key("process"), .object(process), .builtIn)
        process.define(key("argv0"), string(host.argv0))
        process.define(key("title"), string(host.argv0))
        process.define(key("version"), string(HostServices.nodeVersion))
        process.define(key("pid"), .number(Int(getpid())))
        process.define(key("ppid"), .number(Int(getppid())))
        process.define(key("platform"), string(platformName))
        #if arch(x86_64)
            process.define(key("arch"), string("x64"))
        #else
            process.define(key("arch"), string("arm64"))
        #endif
        let environment = JSEnvironment(prototype: prototypes.object)
        for (name, value) in host.environment { environment.define(key(JSString.make(name)), string(value)) }
        process.define(key("env"), .object(environment))
        process.define(key("argv"), .object(makeArray([string(host.argv0)])))
        installProcessDirectories(process)
        installProcessIdentity(process)
        method(process, "exit", length: 1) { realm, _, arguments throws(JSFailure) in
            let code = try arguments[0].isUndefined ? 0 : realm.toInteger(arguments[0])
            throw .aborted(GuestExit(code: Int32(truncatingIfNeeded: code)))
        }
        method(process, "nextTick", length: 1) { realm, _, arguments throws(JSFailure) in
            let function = try realm.callable(arguments[0], "process.nextTick")
            let values = arguments.dropFirst(1).values
            let job = realm.makeFunction { realm, _, _ throws(JSFailure) in
                try realm.call(function, this: .undefined, values: values)
            }
            realm.events.ticks.append(job)
            return .undefined
        }
        method(process, "hrtime", length: 1) { realm, _, arguments throws(JSFailure) in
            var time = realm.host.clock.nanotime
            if let earlier = arguments[0].array {
                // Modulo 2^64, as no time is that long.
                let seconds = Int64(try realm.toInteger(earlier[0])) &* 1_000_000_000
                time = time &- (seconds &+ Int64(try realm.toInteger(earlier[1])))
            }
            return .object(realm.makeArray([.number(Int(time / 1_000_000_000)), .number(Int(time % 1_000_000_000))]))
        }
        method(process, "uptime") { realm, _, _ throws(JSFailure) in .number(Double(realm.host.clock.elapsed) / 1e9) }
        for (name, descriptor) in [("stdout", STDOUT_FILENO), ("stderr", STDERR_FILENO)] as [(StaticString, Int32)] {
            let stream = makeObject()
            stream.define(key("fd"), .number(Int(descriptor)))
            method(stream, "write") { realm, _, arguments throws(JSFailure) in
                if let bytes = arguments[0].typedArray {
                    if let file = realm.host.files.descriptors[Int(descriptor)] {
                        try? realm.host.files.writeAll(file, UnsafeRawBufferPointer(bytes.bytes))
                    }
                } else {
                    realm.host.files.report(try realm.text(arguments[0]), to: Int(descriptor))
                }
                return .boolean(true)
            }
            process.define(key(name), .object(stream))
        }
    }

    /// A path as JavaScript sees it.
    private func pathString(_ path: [UInt8]) -> JSString { path.withUnsafeBytes { UTF8Text.decode($0) } }

    private func installProcessDirectories(_ process: JSObject) {
        method(process, "cwd") { realm, _, _ throws(JSFailure) in
            do throws(ErrorCode) {
                return .string(realm.pathString(try realm.host.files.workingDirectory()))
            } catch {
                throw .thrown(realm.systemError(error, "uv_cwd"))
            }
        }
        method(process, "chdir", length: 1) { realm, _, arguments throws(JSFailure) in
            let path = try realm.toString(arguments[0])
            do throws(ErrorCode) {
                try realm.host.files.changeWorkingDirectory(path.bytes)
            } catch {
                throw .thrown(realm.systemError(error, "chdir", path))
            }
            return .undefined
        }
        method(process, "umask", length: 1) { realm, _, arguments throws(JSFailure) in
            let mask = try arguments[0].isUndefined ? nil : NumberText.uint32(realm.toNumber(arguments[0]))
            return .number(Int(realm.host.files.changeModeMask(to: mask)))
        }
        let path = makeObject()
        global.define(key("path"), .object(path))
        path.define(key("sep"), string("/"))
        method(path, "resolve") { realm, _, arguments throws(JSFailure) in
            var parts: [JSString] = []
            for position in 0..<arguments.count { parts.append(try realm.toString(arguments[position])) }
            try realm.grant(parts.reduce(0) { $0 + $1.byteCount } * 4, "Invalid string length")
            return realm.string(
                PathText.resolve(parts.map(\.text)) {
                    (try? GuestPath.text(realm.host.files.workingDirectory())) ?? "/"
                })
        }
    }

    private func installProcessIdentity(_ process: JSObject) {
        let numbers: [(StaticString, @Sendable () -> UInt32)] = [
            ("getuid", { getuid() }), ("geteuid", { geteuid() }), ("getgid", { getgid() }), ("getegid", { getegid() }),
        ]
        for (name, number) in numbers { method(process, name) { _, _, _ throws(JSFailure) in .number(Int(number())) } }
        method(process, "getgroups") { realm, _, _ throws(JSFailure) in
            var groups = [gid_t](repeating: 0, count: max(1, Int(getgroups(0, nil))))
            let count = getgroups(Int32(groups.count), &groups)
            guard count >= 0 else { throw .thrown(realm.systemError(ErrorCode.last, "getgroups")) }
            var list = groups.prefix(Int(count)).map { Int($0) }
            // Node adds the effective group when the system leaves it out.
            if !list.contains(Int(getegid())) { list.append(Int(getegid())) }
            return .object(realm.makeArray(ContiguousArray(list.map { .number($0) })))
        }
    }
}

/// Paths as text.
enum PathText {
    /// `path.resolve`: joins from the right until the path is absolute, then removes ".", ".." and double slashes.
    static func resolve(_ parts: [String], workingDirectory: () -> String) -> String {
        var whole = ""
        for part in parts.reversed() where !part.isEmpty {
            whole = whole.isEmpty ? part : part + "/" + whole
            if part.hasPrefix("/") { break }
        }
        if !whole.hasPrefix("/") { whole = workingDirectory() + "/" + whole }
        var names: [Substring] = []
        for name in whole.split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        return "/" + names.joined(separator: "/")
    }
}
