/// Files in memory.
///
/// ```swift
/// let files = MemoryFileSystem()
/// try files.write("{}", to: "config/app.json")
/// configuration.access.mount(files, at: "/data")
/// try await program.run(configuration)
/// print(try files.text(of: "report.txt"))
/// ```
///
/// Several instances of programs may use one at the same time, on different threads. What a program writes counts towards
/// the limit of memory of its run; beyond that, and beyond the capacity, there is no space left (ENOSPC). A file has at
/// most 2^40 bytes (EFBIG), of which those take memory that were written.
public final class MemoryFileSystem: VirtualFileSystem {
    private let tree: MemoryTree
    private let top: MemoryNode

    /// Makes an empty file system.
    ///
    /// - Parameter capacity: How many bytes all files may take together, with what is kept about them.
    public init(capacity: Int = .max) {
        tree = MemoryTree(capacity: capacity, firstNumber: 1)
        top = MemoryNode(tree, .directory(permissions: 0o755))
    }

    /// The folder that everything else is in.
    public var root: any FileNode { top }

    /// How many bytes all files take together, with what is kept about them.
    public var byteCount: Int { tree.byteCount }
}
