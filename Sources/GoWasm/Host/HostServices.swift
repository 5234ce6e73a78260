internal import HostSystem
internal import LibC

/// What a program gets of the machine that it runs on.
final class HostServices {
    let files: FileSystem
    let clock: Clock
    let random: RandomSource
    /// The program's environment, sorted by key: `process.env`.
    let environment: [(key: String, value: String)]
    /// The memory of the guest; set when the instance exists.
    var guestMemory: () -> GuestMemory = { .empty }

    /// Gets each operation on files; nil where these are not traced.
    var fileTrace: HostCallTrace?
    /// Which hosts and ports the program may reach.
    let network: NetworkAccess
    /// What `process.argv0` names.
    ///
    /// From Go 1.21 on, net/http uses a network within the program where it begins with "node", and otherwise `fetch`.
    let argv0: StaticString
    /// How many bytes the body of an answer may have.
    let maximumBodySize: UInt64
    private var hasHintedAtNetwork = false

    init(
        environment: [(key: String, value: String)] = [], files: FileSystem = FileSystem(),
        network: NetworkAccess = .none, maximumBodySize: UInt64 = .max, argv0: StaticString = "node",
        clock: Clock = Clock(), random: RandomSource = RandomSource()
    ) {
        self.clock = clock
        self.random = random
        self.environment = environment
        self.files = files
        self.network = network
        self.maximumBodySize = maximumBodySize
        self.argv0 = argv0
    }

    /// Tells the user, once, how to allow what was just refused.
    func hintAtNetwork(_ url: String) {
        guard !hasHintedAtNetwork else { return }
        hasHintedAtNetwork = true
        files.report(network.hint(about: url))
    }

    /// What the program has missed of JavaScript.
    private var missing = MissingGlobals()

    /// Notes that the program has read a property of the global object that is not there.
    func noteMissingGlobal(_ name: UnsafeRawBufferPointer) { missing.note(String(decoding: name, as: UTF8.self)) }

    /// Tells the user, once for each name, that the program uses the global that it has missed last.
    func hintAtMissingGlobal() {
        guard let name = missing.takeForHint() else { return }
        files.report("\(name), which JavaScript has elsewhere, is not provided here")
    }

    /// The open file that a number of JavaScript means.
    func file(_ number: Double) throws(ErrorCode) -> OpenFile {
        guard let number = Int(exactly: number) else { throw ErrorCode(EBADF) }
        return try files.file(number)
    }

    /// What `process.version` says: that of the Node whose behaviour is the model here.
    static let nodeVersion: StaticString = "v24.0.0"
}
