internal import HostSystem
internal import WasmFrontend
internal import WasmRuntime

/// The arguments of a call, as libffi hands them over: one C value a parameter.
///
/// Nothing here knows the types of the values: the linker has compared those of the import with the function's, and the
/// function may read what its own parameters say.
struct CallArguments {
    let values: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// How many values there are.
    let count: Int

    @inline(__always)
    private func value(_ index: Int) -> UnsafeMutableRawPointer {
        assert(index >= 0 && index < count, "an argument that the function has no parameter for")
        return values[index].unsafelyUnwrapped
    }

    /// A parameter of type i32: a number, a descriptor, flags or an address.
    @inline(__always)
    subscript(_ index: Int) -> UInt32 { value(index).load(as: UInt32.self) }

    /// A parameter of type i64.
    @inline(__always)
    func long(_ index: Int) -> UInt64 { value(index).load(as: UInt64.self) }
}

/// A function of WASI preview 1: its name, its parameters and what it does.
///
/// All return an errno, but for `proc_exit`, which does not return.
struct WASIFunction {
    /// What a parameter means: its WebAssembly types follow from it, and how traces show it.
    enum Parameter {
        /// A number, a descriptor or flags.
        case i32, i64
        /// Address and length of text that is read.
        case text
        /// Address and length of bytes that the function writes.
        case filled
        /// Address of so many buffers (types `ciovec_array` and `iovec_array`), and their number.
        case written, read
        /// Address of so many subscriptions, and, elsewhere among the parameters, their number.
        case subscriptions
        /// Where a number goes.
        case result32, result64
        /// Where a structure goes, or several.
        case place

        var types: [ValueType] {
            switch self {
            case .i64: [.i64]
            case .i32, .subscriptions, .result32, .result64, .place: [.i32]
            case .text, .filled, .written, .read: [.i32, .i32]
            }
        }
    }

    let name: String
    let parameters: KeyValuePairs<StaticString, Parameter>
    let returns: Bool
    let body: (WASIHost, CallArguments) throws -> Void

    var type: FunctionType { FunctionType(parameters.flatMap(\.value.types), returns ? [.i32] : []) }

    /// Whether it moves bytes out of the guest.
    var sends: Bool { name == "fd_write" || name.hasPrefix("sock_send") }

    init(
        _ name: String, _ parameters: KeyValuePairs<StaticString, Parameter>, returns: Bool = true,
        _ body: @escaping (WASIHost, CallArguments) throws -> Void
    ) {
        self.name = name
        self.parameters = parameters
        self.returns = returns
        self.body = body
    }

    /// The name of the module that they are imported from.
    static let module = "wasi_snapshot_preview1"

    /// The function that a module imports: some have several forms, which their types tell apart.
    static func matching(_ wanted: Import, of module: Module) -> WASIFunction? {
        var forms = all.filter { $0.name == wanted.name }
        if forms.isEmpty { forms = all.filter { $0.hasName(wanted.name) } }
        guard forms.count > 1, case .function(let index) = wanted.kind else { return forms.first }
        return forms.first { $0.type == module.types[Int(index)] } ?? forms.first
    }

    /// All of them: those of the specification, in its order, and behind them those of its extension.
    nonisolated(unsafe) static let all: [WASIFunction] = specified + connections

    private nonisolated(unsafe) static let specified: [WASIFunction] = [
        .init("args_get", ["argv": .place, "texts": .place]) { try $0.argsGet($1[0], $1[1]) },
        .init("args_sizes_get", ["count": .result32, "size": .result32]) { try $0.argsSizesGet($1[0], $1[1]) },
        .init("environ_get", ["environ": .place, "texts": .place]) { try $0.environGet($1[0], $1[1]) },
        .init("environ_sizes_get", ["count": .result32, "size": .result32]) { try $0.environSizesGet($1[0], $1[1]) },
        .init("clock_res_get", ["clock": .i32, "ns": .result64]) { try $0.clockResGet($1[0], $1[1]) },
        .init("clock_time_get", ["clock": .i32, "precision": .i64, "ns": .result64]) {
            try $0.clockTimeGet($1[0], $1[2])
        },
        .init("fd_advise", ["fd": .i32, "offset": .i64, "length": .i64, "advice": .i32]) {
            try $0.fdAdvise($1[0], $1.long(1), $1.long(2), $1[3])
        },
        .init("fd_allocate", ["fd": .i32, "offset": .i64, "length": .i64]) {
            try $0.fdAllocate($1[0], $1.long(1), $1.long(2))
        },
        .init("fd_close", ["fd": .i32]) { try $0.fdClose($1[0]) },
        .init("fd_datasync", ["fd": .i32]) { try $0.fdDatasync($1[0]) },
        .init("fd_fdstat_get", ["fd": .i32, "stat": .place]) { try $0.fdFdstatGet($1[0], $1[1]) },
        .init("fd_fdstat_set_flags", ["fd": .i32, "flags": .i32]) { try $0.fdFdstatSetFlags($1[0], $1[1]) },
        .init("fd_fdstat_set_rights", ["fd": .i32, "base": .i64, "inheriting": .i64]) {
            try $0.fdFdstatSetRights($1[0], $1.long(1), $1.long(2))
        },
        .init("fd_filestat_get", ["fd": .i32, "stat": .place]) { try $0.fdFilestatGet($1[0], $1[1]) },
        .init("fd_filestat_set_size", ["fd": .i32, "size": .i64]) { try $0.fdFilestatSetSize($1[0], $1.long(1)) },
        .init("fd_filestat_set_times", ["fd": .i32, "accessed": .i64, "modified": .i64, "which": .i32]) {
            try $0.fdFilestatSetTimes($1[0], $1.long(1), $1.long(2), $1[3])
        },
        .init("fd_pread", ["fd": .i32, "data": .read, "offset": .i64, "size": .result32]) {
            try $0.fdPread($1[0], $1[1], $1[2], $1.long(3), $1[4])
        },
        .init("fd_prestat_get", ["fd": .i32, "stat": .place]) { try $0.fdPrestatGet($1[0], $1[1]) },
        .init("fd_prestat_dir_name", ["fd": .i32, "path": .filled]) { try $0.fdPrestatDirName($1[0], $1[1], $1[2]) },
        .init("fd_pwrite", ["fd": .i32, "data": .written, "offset": .i64, "size": .result32]) {
            try $0.fdPwrite($1[0], $1[1], $1[2], $1.long(3), $1[4])
        },
        .init("fd_read", ["fd": .i32, "data": .read, "size": .result32]) { try $0.fdRead($1[0], $1[1], $1[2], $1[3]) },
        .init("fd_readdir", ["fd": .i32, "buffer": .i32, "length": .i32, "cookie": .i64, "size": .result32]) {
            try $0.fdReaddir($1[0], $1[1], $1[2], $1.long(3), $1[4])
        },
        .init("fd_renumber", ["fd": .i32, "to": .i32]) { try $0.fdRenumber($1[0], $1[1]) },
        .init("fd_seek", ["fd": .i32, "offset": .i64, "whence": .i32, "position": .result64]) {
            try $0.fdSeek($1[0], $1.long(1), $1[2], $1[3])
        },
        .init("fd_sync", ["fd": .i32]) { try $0.fdSync($1[0]) },
        .init("fd_tell", ["fd": .i32, "position": .result64]) { try $0.fdTell($1[0], $1[1]) },
        .init("fd_write", ["fd": .i32, "data": .written, "size": .result32]) {
            try $0.fdWrite($1[0], $1[1], $1[2], $1[3])
        },
        .init("path_create_directory", ["fd": .i32, "path": .text]) { try $0.pathCreateDirectory($1[0], $1[1], $1[2]) },
        .init("path_filestat_get", ["fd": .i32, "flags": .i32, "path": .text, "stat": .place]) {
            try $0.pathFilestatGet($1[0], $1[1], $1[2], $1[3], $1[4])
        },
        .init(
            "path_filestat_set_times",
            ["fd": .i32, "flags": .i32, "path": .text, "accessed": .i64, "modified": .i64, "which": .i32]
        ) {
            try $0.pathFilestatSetTimes($1[0], $1[1], $1[2], $1[3], $1.long(4), $1.long(5), $1[6])
        },
        .init("path_link", ["fd": .i32, "flags": .i32, "old": .text, "newFD": .i32, "new": .text]) {
            try $0.pathLink($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $1[6])
        },
        .init(
            "path_open",
            [
                "fd": .i32, "lookup": .i32, "path": .text, "flags": .i32, "rights": .i64, "inheriting": .i64,
                "fdFlags": .i32, "opened": .result32,
            ]
        ) {
            try $0.pathOpen($1[0], $1[1], $1[2], $1[3], $1[4], $1.long(5), $1.long(6), $1[7], $1[8])
        },
        .init("path_readlink", ["fd": .i32, "path": .text, "target": .filled, "size": .result32]) {
            try $0.pathReadlink($1[0], $1[1], $1[2], $1[3], $1[4], $1[5])
        },
        .init("path_remove_directory", ["fd": .i32, "path": .text]) { try $0.pathRemoveDirectory($1[0], $1[1], $1[2]) },
        .init("path_rename", ["fd": .i32, "old": .text, "newFD": .i32, "new": .text]) {
            try $0.pathRename($1[0], $1[1], $1[2], $1[3], $1[4], $1[5])
        },
        .init("path_symlink", ["target": .text, "fd": .i32, "path": .text]) {
            try $0.pathSymlink($1[0], $1[1], $1[2], $1[3], $1[4])
        },
        .init("path_unlink_file", ["fd": .i32, "path": .text]) { try $0.pathUnlinkFile($1[0], $1[1], $1[2]) },
        .init("poll_oneoff", ["in": .subscriptions, "out": .place, "count": .i32, "ready": .result32]) {
            try $0.pollOneoff($1[0], $1[1], $1[2], $1[3])
        },
        .init("proc_exit", ["code": .i32], returns: false) { try $0.procExit($1[0]) },
        .init("proc_raise", ["signal": .i32]) { try $0.procRaise($1[0]) },
        .init("sched_yield", [:]) { host, _ in host.schedYield() },
        .init("random_get", ["buffer": .place, "length": .i32]) { try $0.randomGet($1[0], $1[1]) },
        .init("sock_accept", ["fd": .i32, "flags": .i32, "accepted": .result32]) {
            try $0.sockAccept($1[0], $1[1], $1[2])
        },
        .init("sock_recv", ["fd": .i32, "data": .read, "flags": .i32, "size": .result32, "roFlags": .place]) {
            try $0.sockRecv($1[0], $1[1], $1[2], $1[3], $1[4], $1[5])
        },
        .init("sock_send", ["fd": .i32, "data": .written, "flags": .i32, "size": .result32]) {
            try $0.sockSend($1[0], $1[1], $1[2], $1[3], $1[4])
        },
        .init("sock_shutdown", ["fd": .i32, "how": .i32]) { try $0.sockShutdown($1[0], $1[1]) },
    ]
}
