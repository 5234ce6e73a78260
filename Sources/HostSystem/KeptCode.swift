internal import LibC

/// Where the bytecode of programs is kept from one run to the next.
///
/// Later runs believe what they find there, so no guest may change it, whatever it was given.
package enum KeptCode {
    /// The variable that names the folder, or says `off`.
    package static let variable = "GOWASM_CACHE"
    private static let name = "/gowasm-fast"

    /// The folder that the environment names: `GOWASM_CACHE`, which may be `off`, or one among the user's caches; nil
    /// for none.
    ///
    /// A path that is not absolute is ignored in `XDG_CACHE_HOME`, as the XDG base directory specification says, and in
    /// `HOME`; in `GOWASM_CACHE` it begins at the working directory.
    package static var folder: String? {
        guard let named = value(variable) else { return userFolder }
        return named == "off" ? nil : absolute(named)
    }

    /// All folders that runs of this user may take code from, as far as the environment tells.
    static var folders: [[UInt8]] {
        var paths: [String] = []
        if let named = value(variable), named != "off", let path = absolute(named) { paths.append(path) }
        if let caches = absoluteValue("XDG_CACHE_HOME") { paths.append(caches + name) }
        if let home = home ?? registeredHome { paths.append(home + SystemFile.caches + name) }
        return paths.map { Array($0.utf8) }
    }

    private static var userFolder: String? {
        if let caches = absoluteValue("XDG_CACHE_HOME") { return caches + name }
        return home.map { $0 + SystemFile.caches + name }
    }

    private static var home: String? { absoluteValue("HOME") }

    /// The home that a later run may have in its environment where this one has none.
    private static var registeredHome: String? {
        guard let entry = getpwuid(geteuid()), let path = entry.pointee.pw_dir, path.pointee != 0 else { return nil }
        return String(cString: path)
    }

    private static func value(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    private static func absoluteValue(_ name: String) -> String? {
        value(name).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    private static func absolute(_ path: String) -> String? {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else { return nil }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }
}
