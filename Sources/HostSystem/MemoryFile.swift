internal import CHostSystem
internal import LibC

/// Files that are memory: that of a process, this one among them, or that of the machine.
///
/// A guest gets none of them, whatever it was given: with them it could read and change the program that runs it.
enum MemoryFile {
    /// `/proc/PID/mem`, also of a thread, and `/proc/kcore`.
    private static let names = ["mem", "kcore"]
    /// The numbers of the devices that are memory.
    static let devices = SystemFile.memoryDevices
    /// What a link of procfs says of a file behind its name when that is gone, as with a thread that has ended.
    private static let mark = " (deleted)"

    /// Whether an open file is one; `status` is what fstat(2) says of it.
    ///
    /// The file that was found is looked at and not the path, which may lead to it through any links.
    static func isOne(_ descriptor: Int32, _ kind: OpenFile.Kind, _ status: stat) -> Bool {
        if kind == .characterDevice { return devices.contains(status.st_rdev) }
        guard kind == .regular, gw_is_in_procfs(descriptor) else { return false }
        guard let path = Folder.linkTarget(AT_FDCWD, Array(Folder.path(of: descriptor).utf8)) else { return true }
        let name = GuestPath.text(path).split(separator: "/").last ?? ""
        return names.contains(String(name.hasSuffix(mark) ? name.dropLast(mark.count) : name))
    }
}
