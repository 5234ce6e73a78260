internal import CHostSystem
package import LibC

/// A file or folder itself, whatever names lead to it.
package struct FileIdentity: Hashable, Sendable {
    /// The number of its file system.
    package let device: UInt64
    /// Its number in that.
    package let inode: UInt64

    /// What stat(2) says of it.
    package init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
    }

    /// That of an open file, or of the working directory for `AT_FDCWD`; nil where the system says nothing of it.
    package init?(of descriptor: Int32) {
        var status = stat()
        guard descriptor == AT_FDCWD ? stat(".", &status) == 0 : fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// That of a name in an open folder, and what it is; a link is not followed.
    init?(_ name: [UInt8], in folder: Int32, kind: inout OpenFile.Kind) {
        var status = stat()
        guard GuestPath.withCString(name, { fstatat(folder, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            return nil
        }
        kind = OpenFile.Kind(mode: status.st_mode)
        self.init(status)
    }

    /// The number of the mount through which a file was opened; 0 where the system does not say (before Linux 5.8).
    static func mount(of descriptor: Int32) -> UInt64 { gw_mount_number(descriptor) }
}
