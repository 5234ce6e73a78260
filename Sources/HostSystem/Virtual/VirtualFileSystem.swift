/// A file system that guests may be given and that is not the system's: in memory, an overlay, an archive.
///
/// ``MemoryFileSystem``, ``OverlayFileSystem`` and ``HostFolder`` are there; others are written by implementing this and
/// ``FileNode``. ``HostAccess/mount(_:at:isReadOnly:)`` gives one to a guest.
///
/// Paths are no matter of a file system: they are taken apart beforehand, links are followed, and `..` never leads out.
/// What a guest has open goes on to exist as long as somebody holds the node.
public protocol VirtualFileSystem: Sendable {
    /// The folder that everything else is in.
    var root: any FileNode { get }
}

/// A file, folder or symbolic link of a ``VirtualFileSystem``.
///
/// Instances of a program on several threads may use a node at the same time. A file system that can only be read
/// implements ``status()``, and of ``read(into:at:)``, ``target()``, ``child(named:)`` and ``entries()`` what its kinds of
/// files need; everything else has an implementation that throws ``FileError/readOnly``.
///
/// Whatever a guest asks for, nodes get names as ``FileName`` says, and offsets, lengths and their sums from 0 to
/// `Int64.max`. Whether the permissions allow an operation was looked at before.
public protocol FileNode: AnyObject, Sendable {
    /// What there is to say about it.
    func status() throws(FileError) -> FileStatus

    /// Reads bytes of a file.
    ///
    /// - Returns: How many were read: 0 at the end and behind it.
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int
    /// The text of a symbolic link.
    func target() throws(FileError) -> [UInt8]
    /// The file with a name in a folder; nil if there is none.
    func child(named name: FileName) throws(FileError) -> (any FileNode)?
    /// The names in a folder, in any order.
    func entries() throws(FileError) -> [FileEntry]

    /// Writes bytes of a file, which grows if need be: from an offset on, or at its end for nil.
    ///
    /// - Returns: How many were written; less than all where there is no room for the rest.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64?) throws(FileError) -> Int
    /// Gives a file a length: what is added reads as zeros.
    func resize(to size: Int64) throws(FileError)
    /// Makes sure that there is room for the contents of a file up to an offset, and gives it at least that length.
    func reserve(to size: Int64) throws(FileError)
    /// Sets what is not nil.
    func set(_ attributes: FileAttributes) throws(FileError)
    /// Makes a file in a folder.
    ///
    /// - Throws: ``FileError/exists`` where the name is taken.
    func addChild(_ file: NewFile, named name: FileName) throws(FileError) -> any FileNode
    /// Gives a file, which is no folder, a name in a folder beside those that it has.
    ///
    /// - Throws: ``FileError/exists`` where the name is taken, ``FileError/differentFileSystem`` for a stranger.
    func addLink(to node: any FileNode, named name: FileName) throws(FileError)
    /// Removes a name in a folder.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - isDirectory: Whether it is that of an empty folder.
    /// - Throws: ``FileError/notDirectory``, ``FileError/isDirectory`` where it is not; ``FileError/notEmpty``.
    func removeChild(named name: FileName, isDirectory: Bool) throws(FileError)
    /// Gives what has a name in a folder another name there or in another folder, and removes what had that: a file for a
    /// file, an empty folder for a folder. Two names of one file stay.
    ///
    /// - Throws: ``FileError/invalid`` for a folder that would be in itself; as
    ///   ``removeChild(named:isDirectory:)`` where what has the name cannot be replaced.
    func moveChild(named name: FileName, to folder: any FileNode, as newName: FileName) throws(FileError)
    /// Brings what was written to where it stays.
    func synchronize() throws(FileError)
}

extension FileNode {
    /// Throws ``FileError/invalid``: not a file.
    public func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        throw .invalid
    }
    /// Throws ``FileError/invalid``: not a link.
    public func target() throws(FileError) -> [UInt8] { throw .invalid }
    /// Throws ``FileError/notDirectory``.
    public func child(named name: FileName) throws(FileError) -> (any FileNode)? { throw .notDirectory }
    /// Throws ``FileError/notDirectory``.
    public func entries() throws(FileError) -> [FileEntry] { throw .notDirectory }
    /// Throws ``FileError/readOnly``.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64?) throws(FileError) -> Int { throw .readOnly }
    /// Throws ``FileError/readOnly``.
    public func resize(to size: Int64) throws(FileError) { throw .readOnly }
    /// Throws ``FileError/readOnly``.
    public func reserve(to size: Int64) throws(FileError) { throw .readOnly }
    /// Throws ``FileError/readOnly``.
    public func set(_ attributes: FileAttributes) throws(FileError) { throw .readOnly }
    /// Throws ``FileError/readOnly``.
    public func addChild(_ file: NewFile, named name: FileName) throws(FileError) -> any FileNode { throw .readOnly }
    /// Throws ``FileError/readOnly``.
    public func addLink(to node: any FileNode, named name: FileName) throws(FileError) { throw .readOnly }
    /// Throws ``FileError/readOnly``.
    public func removeChild(named name: FileName, isDirectory: Bool) throws(FileError) { throw .readOnly }
    /// Throws ``FileError/readOnly``.
    public func moveChild(
        named name: FileName, to folder: any FileNode, as newName: FileName
    ) throws(FileError) { throw .readOnly }
    /// Does nothing.
    public func synchronize() throws(FileError) {}
}
