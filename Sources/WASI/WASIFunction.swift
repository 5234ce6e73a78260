internal import HostSystem
import WasmFrontend
import WasmRuntime

/// The arguments of a call, as libffi hands them over: one C value a parameter.
struct CallArguments {
    let values: UnsafeMutablePointer<UnsafeMutableRawPointer?>

    /// A parameter of type i32: a number, a descriptor, flags or an address.
    @inline(__always)
    subscript(_ index: Int) -> UInt32 { values[index].unsafelyUnwrapped.load(as: UInt32.self) }

    /// A parameter of type i64.
    @inline(__always)
    func long(_ index: Int) -> UInt64 { values[index].unsafelyUnwrapped.load(as: UInt64.self) }
}

/// A function of WASI preview 1: its name, its WebAssembly parameters and what it does.
///
/// All return an errno, but for `proc_exit`, which does not return.
struct WASIFunction {
    let name: String
    let parameters: [ValueType]
    let returns: Bool
    let body: (WASIHost, CallArguments) throws -> Void

    var type: FunctionType { FunctionType(parameters, returns ? [.i32] : []) }

    private init(
        _ name: String, _ parameters: [ValueType], returns: Bool = true,
        _ body: @escaping (WASIHost, CallArguments) throws -> Void
    ) {
        self.name = name
        self.parameters = parameters
        self.returns = returns
        self.body = body
    }

    /// The name of the module that they are imported from.
    static let module = "wasi_snapshot_preview1"

    /// The function of a name.
    static func named(_ name: String) -> WASIFunction? { all.first { $0.name == name } }

    /// All of them, in the order of the specification.
    nonisolated(unsafe) static let all: [WASIFunction] = [
        .init("args_get", [.i32, .i32]) { try $0.argsGet($1[0], $1[1]) },
        .init("args_sizes_get", [.i32, .i32]) { try $0.argsSizesGet($1[0], $1[1]) },
        .init("environ_get", [.i32, .i32]) { try $0.environGet($1[0], $1[1]) },
        .init("environ_sizes_get", [.i32, .i32]) { try $0.environSizesGet($1[0], $1[1]) },
        .init("clock_res_get", [.i32, .i32]) { try $0.clockResGet($1[0], $1[1]) },
        .init("clock_time_get", [.i32, .i64, .i32]) { try $0.clockTimeGet($1[0], $1[2]) },
        .init("fd_advise", [.i32, .i64, .i64, .i32]) { try $0.fdAdvise($1[0], $1.long(1), $1.long(2), $1[3]) },
        .init("fd_allocate", [.i32, .i64, .i64]) { try $0.fdAllocate($1[0], $1.long(1), $1.long(2)) },
        .init("fd_close", [.i32]) { try $0.fdClose($1[0]) },
        .init("fd_datasync", [.i32]) { try $0.fdDatasync($1[0]) },
        .init("fd_fdstat_get", [.i32, .i32]) { try $0.fdFdstatGet($1[0], $1[1]) },
        .init("fd_fdstat_set_flags", [.i32, .i32]) { try $0.fdFdstatSetFlags($1[0], $1[1]) },
        .init("fd_fdstat_set_rights", [.i32, .i64, .i64]) {
            try $0.fdFdstatSetRights($1[0], $1.long(1), $1.long(2))
        },
        .init("fd_filestat_get", [.i32, .i32]) { try $0.fdFilestatGet($1[0], $1[1]) },
        .init("fd_filestat_set_size", [.i32, .i64]) { try $0.fdFilestatSetSize($1[0], $1.long(1)) },
        .init("fd_filestat_set_times", [.i32, .i64, .i64, .i32]) {
            try $0.fdFilestatSetTimes($1[0], $1.long(1), $1.long(2), $1[3])
        },
        .init("fd_pread", [.i32, .i32, .i32, .i64, .i32]) {
            try $0.fdPread($1[0], $1[1], $1[2], $1.long(3), $1[4])
        },
        .init("fd_prestat_get", [.i32, .i32]) { try $0.fdPrestatGet($1[0], $1[1]) },
        .init("fd_prestat_dir_name", [.i32, .i32, .i32]) { try $0.fdPrestatDirName($1[0], $1[1], $1[2]) },
        .init("fd_pwrite", [.i32, .i32, .i32, .i64, .i32]) {
            try $0.fdPwrite($1[0], $1[1], $1[2], $1.long(3), $1[4])
        },
        .init("fd_read", [.i32, .i32, .i32, .i32]) { try $0.fdRead($1[0], $1[1], $1[2], $1[3]) },
        .init("fd_readdir", [.i32, .i32, .i32, .i64, .i32]) {
            try $0.fdReaddir($1[0], $1[1], $1[2], $1.long(3), $1[4])
        },
        .init("fd_renumber", [.i32, .i32]) { try $0.fdRenumber($1[0], $1[1]) },
        .init("fd_seek", [.i32, .i64, .i32, .i32]) { try $0.fdSeek($1[0], $1.long(1), $1[2], $1[3]) },
        .init("fd_sync", [.i32]) { try $0.fdSync($1[0]) },
        .init("fd_tell", [.i32, .i32]) { try $0.fdTell($1[0], $1[1]) },
        .init("fd_write", [.i32, .i32, .i32, .i32]) { try $0.fdWrite($1[0], $1[1], $1[2], $1[3]) },
        .init("path_create_directory", [.i32, .i32, .i32]) { try $0.pathCreateDirectory($1[0], $1[1], $1[2]) },
        .init("path_filestat_get", [.i32, .i32, .i32, .i32, .i32]) {
            try $0.pathFilestatGet($1[0], $1[1], $1[2], $1[3], $1[4])
        },
        .init("path_filestat_set_times", [.i32, .i32, .i32, .i32, .i64, .i64, .i32]) {
            try $0.pathFilestatSetTimes($1[0], $1[1], $1[2], $1[3], $1.long(4), $1.long(5), $1[6])
        },
        .init("path_link", [.i32, .i32, .i32, .i32, .i32, .i32, .i32]) {
            try $0.pathLink($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $1[6])
        },
        .init("path_open", [.i32, .i32, .i32, .i32, .i32, .i64, .i64, .i32, .i32]) {
            try $0.pathOpen($1[0], $1[1], $1[2], $1[3], $1[4], $1.long(5), $1.long(6), $1[7], $1[8])
        },
        .init("path_readlink", [.i32, .i32, .i32, .i32, .i32, .i32]) {
            try $0.pathReadlink($1[0], $1[1], $1[2], $1[3], $1[4], $1[5])
        },
        .init("path_remove_directory", [.i32, .i32, .i32]) { try $0.pathRemoveDirectory($1[0], $1[1], $1[2]) },
        .init("path_rename", [.i32, .i32, .i32, .i32, .i32, .i32]) {
            try $0.pathRename($1[0], $1[1], $1[2], $1[3], $1[4], $1[5])
        },
        .init("path_symlink", [.i32, .i32, .i32, .i32, .i32]) {
            try $0.pathSymlink($1[0], $1[1], $1[2], $1[3], $1[4])
        },
        .init("path_unlink_file", [.i32, .i32, .i32]) { try $0.pathUnlinkFile($1[0], $1[1], $1[2]) },
        .init("poll_oneoff", [.i32, .i32, .i32, .i32]) { try $0.pollOneoff($1[0], $1[1], $1[2], $1[3]) },
        .init("proc_exit", [.i32], returns: false) { try $0.procExit($1[0]) },
        .init("proc_raise", [.i32]) { _, _ in throw ErrorCode.notSupported },
        .init("sched_yield", []) { host, _ in host.schedYield() },
        .init("random_get", [.i32, .i32]) { try $0.randomGet($1[0], $1[1]) },
        .init("sock_accept", [.i32, .i32, .i32]) { try $0.sockAccept($1[0], $1[1], $1[2]) },
        .init("sock_recv", [.i32, .i32, .i32, .i32, .i32, .i32]) {
            try $0.sockRecv($1[0], $1[1], $1[2], $1[3], $1[4], $1[5])
        },
        .init("sock_send", [.i32, .i32, .i32, .i32, .i32]) {
            try $0.sockSend($1[0], $1[1], $1[2], $1[3], $1[4])
        },
        .init("sock_shutdown", [.i32, .i32]) { try $0.sockShutdown($1[0], $1[1]) },
    ]
}
