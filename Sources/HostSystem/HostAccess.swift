/// What a guest may use of the machine, beside standard input and output, arguments, the clock and randomness.
///
/// Nothing is allowed that is not said here.
public struct HostAccess: Sendable {
    /// A folder of the host that the guest may use.
    public struct Mount: Sendable, Hashable {
        /// The folder's path on the host.
        public var host: String
        /// Where the guest finds it; a relative path counts from the working directory.
        public var guest: String
        /// Whether nothing in it may be changed.
        public var isReadOnly: Bool

        /// Makes a mount; without `guest` the folder has the same path as on the host.
        public init(host: String, guest: String? = nil, isReadOnly: Bool = false) {
            self.host = host
            self.guest = guest ?? host
            self.isReadOnly = isReadOnly
        }

        /// Reads `HOST[:GUEST][:ro]`, or `HOST::GUEST[:ro]`, with which HOST and GUEST may have colons; nil where one of
        /// the paths is empty.
        public init?(parsing text: String) {
            let suffix = ":ro"
            let isReadOnly = text.hasSuffix(suffix)
            let paths = isReadOnly ? text.dropLast(suffix.count) : text[...]
            let parts = paths.split(separator: ":", omittingEmptySubsequences: false)
            let host, guest: Substring
            if let empty = parts.dropFirst().firstIndex(where: \.isEmpty), empty < parts.count - 1 {
                // The first two colons beside each other.
                host = paths[..<parts[empty - 1].endIndex]
                guest = paths[parts[empty + 1].startIndex...]
            } else {
                guard parts.count <= 2 else { return nil }
                (host, guest) = (parts[0], parts[parts.count - 1])
            }
            guard !host.isEmpty, !guest.isEmpty else { return nil }
            self.init(host: String(host), guest: String(guest), isReadOnly: isReadOnly)
        }
    }

    /// A file system that is not the system's and that the guest may use.
    public struct VirtualMount: Sendable {
        /// The file system.
        public var fileSystem: any VirtualFileSystem
        /// Where the guest finds its root; a relative path counts from the working directory.
        public var guest: String
        /// Whether nothing in it may be changed: then changes fail with EROFS.
        public var isReadOnly: Bool

        /// Makes a mount.
        public init(_ fileSystem: any VirtualFileSystem, guest: String, isReadOnly: Bool = false) {
            self.fileSystem = fileSystem
            self.guest = guest
            self.isReadOnly = isReadOnly
        }
    }

    /// The folders, in any order: of two that contain a path the inner one counts.
    ///
    /// What is in a folder that is read only cannot be changed through an outer one that is not, by whatever path. One
    /// folder cannot be given in both ways, nor one that is read only beside all files or a root that is not.
    public var mounts: [Mount]
    /// File systems that are not the system's, such as files in memory; see ``mount(_:at:isReadOnly:)``.
    ///
    /// Of two folders that contain a path the inner one counts, as of ``mounts``; of one of each on the same path this
    /// one.
    public var virtualMounts: [VirtualMount] = []
    /// Whether the guest may use all files that this process may use, under their own paths.
    public var allowsAllFiles: Bool
    /// Which hosts and ports the guest may reach, by `fetch` and the sockets that a program for WASI opens.
    public var network: NetworkAccess
    /// Addresses such as `127.0.0.1:8080` to listen on before the guest starts, which gets the listening sockets.
    public var listeners: [String]

    /// Grants what is named.
    public init(
        mounts: [Mount] = [], allowsAllFiles: Bool = false, network: NetworkAccess = .none, listeners: [String] = []
    ) {
        self.mounts = mounts
        self.allowsAllFiles = allowsAllFiles
        self.network = network
        self.listeners = listeners
    }

    /// Whether there are any folders that were given.
    package var hasMounts: Bool { !mounts.isEmpty || !virtualMounts.isEmpty }

    /// Gives the guest a file system: a ``MemoryFileSystem``, an ``OverlayFileSystem``, or one that you wrote.
    ///
    /// - Parameters:
    ///   - fileSystem: What the guest gets.
    ///   - guest: Where the guest finds its root; a relative path counts from the working directory.
    ///   - isReadOnly: Whether nothing in it may be changed: then changes fail with EROFS.
    public mutating func mount(_ fileSystem: any VirtualFileSystem, at guest: String, isReadOnly: Bool = false) {
        virtualMounts.append(VirtualMount(fileSystem, guest: guest, isReadOnly: isReadOnly))
    }

    /// Whether the guest may reach some host: to set it grants all of them, or none.
    ///
    /// See ``network``.
    public var allowsNetwork: Bool {
        get { !network.isNothing }
        set { network = newValue ? .all : .none }
    }

    /// Nothing.
    public static let none = HostAccess()
    /// All that this process may use.
    public static let all = HostAccess(allowsAllFiles: true, network: .all)
}

/// Why a guest could not be given what was granted.
public enum HostAccessError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A folder cannot be opened.
    case folder(path: String, reason: String)
    /// A folder cannot be given only to be read, as something else that is granted lets it be changed.
    case readOnly(path: String, reason: String)
    /// A text names no host that may be reached.
    case host(String)
    /// An address cannot be listened on.
    case listener(address: String, reason: String)

    /// What went wrong, in one sentence.
    public var description: String {
        switch self {
        case .folder(let path, let reason): "the folder \(path.debugDescription) cannot be opened: \(reason)"
        case .readOnly(let path, let reason): "the folder \(path.debugDescription) cannot be given with :ro: \(reason)"
        case .host(let text):
            "\(text.debugDescription) names no host: HOST or HOST:PORT is wanted, HOST being a name, an address, "
                + "addresses such as 10.0.0.0/8 or [fd00::/8], or *, and PORT 1 to 65535"
        case .listener(let address, let reason): "cannot listen on \(address.debugDescription): \(reason)"
        }
    }
}
