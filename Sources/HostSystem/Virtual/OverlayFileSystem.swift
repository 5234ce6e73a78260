/// A file system that seems to be changed and is not: what programs change is kept in memory, above a layer that is only
/// read.
///
/// ```swift
/// let files = try OverlayFileSystem(HostFolder("/srv/template"))
/// configuration.access.mount(files, at: "/work")
/// try await program.run(configuration)
/// for change in try files.changes { print(change.kind, change.path) }
/// ```
///
/// Memory counts as with ``MemoryFileSystem``: of a file of which a part is changed, 64 KiB around that. Who changes the
/// lower layer meanwhile must expect that programs see a part of the change. Another name that a file has in the lower
/// layer stays what it is when the file is changed.
public final class OverlayFileSystem: VirtualFileSystem {
    private let tree: MemoryTree
    private let top: MemoryNode

    /// Puts a layer above a file system, such as a ``HostFolder``, which is never changed.
    ///
    /// - Parameters:
    ///   - lower: What is beneath; it is only read.
    ///   - capacity: How many bytes the changes may take.
    /// - Throws: What the lower layer says of its root.
    public init(_ lower: any VirtualFileSystem, capacity: Int = .max) throws(FileError) {
        // Beyond the numbers that systems give, and exact in JavaScript.
        tree = MemoryTree(capacity: capacity, firstNumber: 1 << 52)
        top = try MemoryNode(tree, above: lower.root)
    }

    /// The folder that everything else is in.
    public var root: any FileNode { top }

    /// How many bytes the changes take.
    public var byteCount: Int { tree.byteCount }

    /// A file that is not what it is in the lower layer.
    public struct Change: Sendable, Hashable {
        /// What became of a file.
        public enum Kind: Sendable, Hashable {
            /// There is none in the lower layer.
            case added
            /// It has other contents or properties.
            case modified
            /// There is one in the lower layer only; of a folder, all that is in it is gone as well.
            case removed
        }

        /// The path, from the root on.
        public var path: String
        /// What became of it.
        public var kind: Kind
    }

    /// All changes, sorted by path; a file in the place of a folder, and the other way round, is removed and then added.
    ///
    /// What lies so deep that no path can name it (4095 bytes) is left out.
    public var changes: [Change] {
        get throws(FileError) {
            var changes: [Change] = []
            var pending: [(path: [UInt8], node: MemoryNode, below: (any FileNode)?)] = [([], top, top.lower)]
            while let (path, node, below) = pending.popLast() {
                for (name, child) in try tree.locked({ () throws(FileError) in node.children }) {
                    let path = path.isEmpty ? name.bytes : GuestPath.joined(path, name.bytes)
                    guard path.count < Self.longestPath else { continue }
                    let old = try below?.child(named: name)
                    let oldKind = try old?.status().kind
                    let text = GuestPath.text(path)
                    guard let now = child.node else {
                        if old != nil { changes.append(Change(path: text, kind: .removed)) }
                        continue
                    }
                    let isSame = now.lower.map { $0 === old || Self.isSame($0, old) } ?? false
                    if let oldKind, oldKind == now.kind, isSame || now.kind != .directory {
                        if try tree.locked({ () throws(FileError) in now.differs }) {
                            changes.append(Change(path: text, kind: .modified))
                        }
                    } else {
                        if old != nil { changes.append(Change(path: text, kind: .removed)) }
                        changes.append(Change(path: text, kind: .added))
                    }
                    if now.kind == .directory { pending.append((path, now, isSame ? old : nil)) }
                }
            }
            return changes.sorted { ($0.path, $0.kind == .removed ? 0 : 1) < ($1.path, $1.kind == .removed ? 0 : 1) }
        }
    }

    private static let longestPath = 4096

    /// Whether two nodes of the lower layer are the same folder: it need not give the same object each time.
    private static func isSame(_ a: any FileNode, _ b: (any FileNode)?) -> Bool {
        guard let b, let number = try? a.status().number else { return false }
        return (try? b.status().number) == number
    }
}
