internal import LibC

/// A file, folder or link in memory, or one of a lower layer as long as it is the same there.
///
/// What was only looked up in a lower layer is kept by nobody but who uses it. When it is going to differ, it is kept by
/// its folder, and its folder by that one's folder, and so on (``keep()``).
final class MemoryNode: FileNode, @unchecked Sendable {
    /// What a name in a folder has become.
    enum Child {
        /// It stands for a node.
        case node(MemoryNode, FileCharge)
        /// It stands for nothing, though it does in the lower layer.
        case removed(FileCharge)

        var node: MemoryNode? { if case .node(let node, _) = self { node } else { nil } }
    }

    private struct WeakNode { weak var node: MemoryNode? }

    let tree: MemoryTree
    let kind: FileKind
    private let number: UInt64
    private(set) var permissions: UInt32
    private var user: UInt32
    private var group: UInt32
    private var accessed: FileStatus.Time
    private var modified: FileStatus.Time
    private var changed: FileStatus.Time
    /// How many names it has; 0 when it was removed, and goes on for who has it open.
    private var linkCount: UInt64
    private(set) var contents = MemoryContents()
    private let text: [UInt8]
    /// Of a folder: what became of the names in it, if they do not stand for what they do in the lower layer.
    private(set) var children: [FileName: Child] = [:]
    /// The folder of the lower layer of which other names come; nil if there is none.
    let lower: (any FileNode)?
    /// What was looked up in the lower layer and may still be in use.
    private var found: [FileName: WeakNode] = [:]
    private var foundLimit = 64
    /// Where it was looked up, if it is what the lower layer has there.
    private var origin: (folder: MemoryNode, name: FileName)?
    /// How many folders of the lower layer were followed to it.
    private let depth: Int
    /// The folder that a folder is in.
    private weak var parent: MemoryNode?
    /// Whether a file differs from the lower layer, or a folder otherwise than in what it contains.
    var differs: Bool { isChanged || kind == .regular && contents.isChanged }
    /// Whether anything but the contents or the children differs from the lower layer.
    private(set) var isChanged: Bool

    /// How deep folders of a lower layer may lie.
    private static let deepest = 512
    /// About how many bytes a node takes with a name.
    private static let size = 384

    /// A new file.
    init(_ tree: MemoryTree, _ file: NewFile) {
        let now = FileStatus.Time.now
        self.tree = tree
        (accessed, modified, changed) = (now, now, now)
        (user, group) = (geteuid(), getegid())
        (depth, lower, isChanged) = (0, nil, true)
        number = tree.makeNumber()
        switch file {
        case .regular(let permissions):
            (kind, self.permissions, text, linkCount) = (.regular, permissions & 0o7777, [], 1)
        case .directory(let permissions):
            (kind, self.permissions, text, linkCount) = (.directory, permissions & 0o7777, [], 2)
        case .symbolicLink(let target):
            (kind, permissions, text, linkCount) = (.symbolicLink, 0o777, target, 1)
        }
    }

    /// What a lower layer has.
    init(
        _ tree: MemoryTree, above file: any FileNode, origin: (folder: MemoryNode, name: FileName)? = nil
    ) throws(FileError) {
        let status = try file.status()
        self.tree = tree
        self.origin = origin
        parent = origin?.folder
        depth = (origin?.folder.depth ?? 0) + 1
        guard depth <= Self.deepest else { throw .nameTooLong }
        (kind, number, permissions) = (status.kind, status.number, status.permissions & 0o7777)
        (user, group, linkCount) = (status.user, status.group, max(1, status.linkCount))
        (accessed, modified, changed) = (status.accessed, status.modified, status.changed)
        text = kind == .symbolicLink ? try file.target() : []
        if kind == .regular { contents = MemoryContents(of: file, size: status.size) }
        lower = kind == .directory ? file : nil
        isChanged = false
    }

    deinit {
        // One after another: a guest makes folders in folders as deep as it likes.
        var pending = takeChildren()
        while var node = pending.popLast() {
            if isKnownUniquelyReferenced(&node) { pending += node.takeChildren() }
        }
    }

    private func takeChildren() -> [MemoryNode] {
        defer { children = [:] }
        return children.values.compactMap(\.node)
    }

    // MARK: - Reading

    func status() throws(FileError) -> FileStatus {
        try tree.locked { () throws(FileError) in
            var status = FileStatus(kind: kind, number: number, permissions: permissions)
            (status.user, status.group, status.linkCount) = (user, group, linkCount)
            (status.accessed, status.modified, status.changed) = (accessed, modified, changed)
            status.size = kind == .regular ? contents.size : Int64(kind == .directory ? 4096 : text.count)
            return status
        }
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        guard kind == .regular else { throw kind == .directory ? .isDirectory : .invalid }
        return try tree.locked { () throws(FileError) in try contents.read(into: bytes, at: offset) }
    }

    func target() throws(FileError) -> [UInt8] {
        guard kind == .symbolicLink else { throw .invalid }
        return text
    }

    func child(named name: FileName) throws(FileError) -> (any FileNode)? {
        try tree.locked { () throws(FileError) -> MemoryNode? in try find(name) }
    }

    func entries() throws(FileError) -> [FileEntry] {
        try tree.locked { () throws(FileError) in
            guard kind == .directory else { throw .notDirectory }
            var entries: [FileEntry] = []
            for (name, child) in children {
                guard let node = child.node else { continue }
                entries.append(FileEntry(name: name, number: node.number, kind: node.kind))
            }
            return entries + (try lowerEntries())
        }
    }

    /// The names that come of the lower layer.
    private func lowerEntries() throws(FileError) -> [FileEntry] {
        try lower?.entries().filter { children[$0.name] == nil } ?? []
    }

    /// The file with a name, while the lock is held.
    private func find(_ name: FileName) throws(FileError) -> MemoryNode? {
        guard kind == .directory else { throw .notDirectory }
        if let child = children[name] { return child.node }
        guard let lower else { return nil }
        if let node = found[name]?.node { return node }
        guard let file = try lower.child(named: name) else { return nil }
        let node = try MemoryNode(tree, above: file, origin: (self, name))
        if found.count >= foundLimit {
            found = found.filter { $0.value.node != nil }
            foundLimit = max(64, found.count &* 2)
        }
        found[name] = WeakNode(node: node)
        return node
    }

    // MARK: - Changing a file

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64?) throws(FileError) -> Int {
        guard kind == .regular else { throw kind == .directory ? .isDirectory : .invalid }
        guard !bytes.isEmpty else { return 0 }
        return try tree.locked { () throws(FileError) in
            let count = try contents.write(bytes, at: offset ?? contents.size, tree)
            noteChange()
            return count
        }
    }

    func resize(to size: Int64) throws(FileError) {
        guard kind == .regular else { throw kind == .directory ? .isDirectory : .invalid }
        try tree.locked { () throws(FileError) in
            try contents.resize(to: size)
            noteChange()
        }
    }

    /// Looks whether there is room, but does not take it: what is never written takes none.
    func reserve(to size: Int64) throws(FileError) {
        guard kind == .regular else { throw kind == .directory ? .isDirectory : .invalid }
        try tree.locked { () throws(FileError) in
            guard size > contents.size else { return }
            guard size <= MemoryContents.largest else { throw .tooLarge }
            try tree.grant(Int(size &- contents.size))
            try contents.resize(to: size)
            noteChange()
        }
    }

    private func noteChange() {
        keep()
        modified = .now
        changed = modified
    }

    func set(_ attributes: FileAttributes) throws(FileError) {
        try tree.locked { () throws(FileError) in
            keep()
            isChanged = true
            if let permissions = attributes.permissions { self.permissions = permissions & 0o7777 }
            user = attributes.user ?? user
            group = attributes.group ?? group
            accessed = attributes.accessed ?? accessed
            modified = attributes.modified ?? modified
            changed = .now
        }
    }

    // MARK: - Changing a folder

    func addChild(_ file: NewFile, named name: FileName) throws(FileError) -> any FileNode {
        try tree.locked { () throws(FileError) -> MemoryNode in
            try checkFree(name)
            var size = Self.size + name.bytes.count
            if case .symbolicLink(let target) = file { size += target.count }
            try tree.grant(size)
            let node = MemoryNode(tree, file)
            list(node, name, FileCharge(tree, size))
            return node
        }
    }

    func addLink(to node: any FileNode, named name: FileName) throws(FileError) {
        guard let node = node as? MemoryNode, node.tree === tree else { throw .differentFileSystem }
        try tree.locked { () throws(FileError) in
            try checkFree(name)
            guard node.kind != .directory else { throw .notPermitted }
            guard node.linkCount > 0 else { throw .notFound }
            let size = Self.size + name.bytes.count
            try tree.grant(size)
            node.keep()
            list(node, name, FileCharge(tree, size))
            node.linkCount &+= 1
            node.changed = .now
        }
    }

    func removeChild(named name: FileName, isDirectory: Bool) throws(FileError) {
        try tree.locked { () throws(FileError) in
            guard let node = try find(name) else { throw .notFound }
            try node.checkReplaceable(byDirectory: isDirectory)
            keep()
            unlist(name, node)
            node.noteRemoval()
        }
    }

    func moveChild(named name: FileName, to folder: any FileNode, as newName: FileName) throws(FileError) {
        guard let folder = folder as? MemoryNode, folder.tree === tree else { throw .differentFileSystem }
        try tree.locked { () throws(FileError) in
            guard let node = try find(name) else { throw .notFound }
            let replaced = try folder.find(newName)
            if node.kind == .directory, folder.lies(in: node) { throw .invalid }
            if let replaced, replaced !== node, lies(in: replaced) { throw .notEmpty }
            guard replaced !== node else { return }
            guard folder.linkCount > 0 else { throw .notFound }
            if let replaced { try replaced.checkReplaceable(byDirectory: node.kind == .directory) }
            let size = Self.size + newName.bytes.count
            try tree.grant(size)
            keep()
            folder.keep()
            node.keep()
            if let replaced {
                folder.unlist(newName, replaced)
                replaced.noteRemoval()
            }
            unlist(name, node)
            folder.list(node, newName, FileCharge(tree, size))
            if node.kind != .directory { node.isChanged = true }
            node.changed = .now
        }
    }

    /// Throws where a name cannot be made in this folder.
    private func checkFree(_ name: FileName) throws(FileError) {
        guard try find(name) == nil else { throw .exists }
        guard linkCount > 0 else { throw .notFound }
    }

    /// Throws where this is no empty folder, or is one, though a file is to be removed.
    private func checkReplaceable(byDirectory isDirectory: Bool) throws(FileError) {
        guard isDirectory else {
            if kind == .directory { throw .isDirectory }
            return
        }
        guard kind == .directory else { throw .notDirectory }
        let isUsed = children.values.contains { $0.node != nil }
        guard !isUsed, try lowerEntries().isEmpty else { throw .notEmpty }
    }

    /// Whether this folder is another one or lies in it.
    private func lies(in folder: MemoryNode) -> Bool {
        var next: MemoryNode? = self
        while let here = next {
            if here === folder { return true }
            next = here.parent
        }
        return false
    }

    /// Lets a name stand for a node.
    private func list(_ node: MemoryNode, _ name: FileName, _ charge: FileCharge) {
        keep()
        children[name] = .node(node, charge)
        found[name] = nil
        if node.kind == .directory {
            node.parent = self
            linkCount &+= 1
        }
        modified = .now
        changed = modified
    }

    /// Lets a name stand for nothing.
    private func unlist(_ name: FileName, _ node: MemoryNode) {
        // Where the lower layer does not say, it may have the name.
        let isBelow: Bool
        do throws(FileError) { isBelow = try lower?.child(named: name) != nil } catch { isBelow = true }
        children[name] = isBelow ? .removed(FileCharge(tree, Self.size / 2 + name.bytes.count)) : nil
        found[name] = nil
        node.origin = nil
        if node.kind == .directory {
            node.parent = nil
            linkCount = max(2, linkCount) &- 1
        }
        modified = .now
        changed = modified
    }

    /// Takes note that one of the names is gone.
    private func noteRemoval() {
        linkCount = kind == .directory ? 0 : max(1, linkCount) &- 1
        changed = .now
    }

    /// Keeps what is going to differ from the lower layer, and the folders that lead to it.
    private func keep() {
        var node = self
        while let (folder, name) = node.origin {
            folder.children[name] = .node(node, FileCharge(tree, Self.size + name.bytes.count))
            folder.found[name] = nil
            node.origin = nil
            node = folder
        }
    }
}
