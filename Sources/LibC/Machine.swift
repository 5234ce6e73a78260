/// The machine, as a report names it.
public enum Machine {
    /// The processor's name; that of its architecture where the system does not say more.
    public static var processor: String {
        #if canImport(Darwin)
            var name = [CChar](repeating: 0, count: 256)
            var count = name.count
            guard sysctlbyname("machdep.cpu.brand_string", &name, &count, nil, 0) == 0 else { return architecture }
            return text(name)
        #else
            guard let file = fopen("/proc/cpuinfo", "re") else { return architecture }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 1024)
            while fgets(&line, Int32(line.count), file) != nil {
                let parts = text(line).split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].hasPrefix("model name") else { continue }
                return parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ")
            }
            return architecture
        #endif
    }

    /// How many processors run programs.
    public static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// The system's name, version and architecture, such as `Linux 6.12.1 x86_64`.
    public static var system: String {
        var name = utsname()
        guard uname(&name) == 0 else { return platformName }
        return "\(field(&name.sysname)) \(field(&name.release)) \(field(&name.machine))"
    }

    private static var architecture: String {
        var name = utsname()
        return uname(&name) == 0 ? field(&name.machine) : "unknown"
    }

    /// Text that C ends by a zero.
    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Text in an array of C's, which Swift sees as a tuple.
    private static func field<Characters>(_ characters: inout Characters) -> String {
        withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// The file that this process runs; nil where the system does not say.
public var executablePath: String? {
    #if canImport(Darwin)
        var count: UInt32 = 0
        _NSGetExecutablePath(nil, &count)
        var path = [CChar](repeating: 0, count: Int(count))
        guard _NSGetExecutablePath(&path, &count) == 0 else { return nil }
        return String(cString: path)
    #else
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    #endif
}
