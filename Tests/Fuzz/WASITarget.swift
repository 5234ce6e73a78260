import Foundation
import HostSystem
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import WASI

/// An input as calls of WASI's functions, with a folder: its structs, paths and numbers are what the input says.
struct WASITarget: FuzzTarget {
    /// Without those that end the guest.
    nonisolated(unsafe) private static let functions = WASIFunction.all.filter {
        $0.name != "proc_exit" && $0.name != "proc_raise"
    }
    private static let paths = [
        "file", "dir", "dir/new", "../secret", "/secret", "x", "dir/../file", "", ".", "..", "a\0b", "link", "dir/",
    ]
    private let root: String

    init() throws {
        root = NSTemporaryDirectory() + "gowasm-fuzz-\(getpid())"
        try? FileManager.default.removeItem(atPath: root)
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Data("secret".utf8).write(to: URL(fileURLWithPath: root + "/secret"))
        // Files that a guest makes large are refused beyond a mebibyte.
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        Descriptor.silence(0)
        Descriptor.silence(1)
    }

    static func seeds() -> [[UInt8]] {
        var random = SplitMix(seed: 2)
        return (0..<400).map { index in (0..<20 + index).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
    }

    mutating func run(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        try? FileManager.default.removeItem(atPath: root + "/in")
        mkdir(root + "/in", 0o755)
        mkdir(root + "/in/dir", 0o755)
        symlink("file", root + "/in/link")
        close(open(root + "/in/file", O_WRONLY | O_CREAT, 0o644))
        let mount = HostAccess.Mount(host: root + "/in", guest: "/", isReadOnly: input.byte() > 200)
        let network = NetworkAccess(parsing: "127.0.0.1:1") ?? .none
        let guest = try Guest(access: HostAccess(mounts: [mount], network: network))
        for type in [1, 2] as [Int64] where try guest.call("sock_open", 1, type, 2000) == 0 {
            _ = try guest.call("fd_fdstat_set_flags", Int64(guest.get(UInt32.self, at: 2000)), 4)
        }
        for (index, vector) in [(1024, 16), (65530, 6), (65530, 7), (Int(UInt32.max), 1), (0, 0)].enumerated() {
            guest.put(UInt32(vector.0), at: 512 + index * 8)
            guest.put(UInt32(vector.1), at: 516 + index * 8)
        }
        for _ in 0..<100 where !input.isOver {
            let row = input.pick(Self.functions)
            let types = row.type.parameters
            var arguments = types.map { _ in Int64(bitPattern: input.hostileNumber()) }
            let head = input.byte()
            if row.name.hasPrefix("path_"), head < 200 {
                // The path's place is where an address and a length follow each other; both may be of two paths.
                for position in arguments.indices.dropLast() where input.byte() % 2 == 0 {
                    let path = head < 150 ? Array(input.pick(Self.paths).utf8) : Array(input.text())
                    guest.put(path, at: 2048 + position * 64)
                    (arguments[position], arguments[position + 1]) = (Int64(2048 + position * 64), Int64(path.count))
                }
                arguments[0] = Int64(3 + head % 3)
            }
            // Standard error is the fuzzer's.
            if types.first == .i32, row.name.hasPrefix("fd_") || row.name.hasPrefix("sock_"),
                (0...2).contains(UInt32(truncatingIfNeeded: arguments[0]))
            {
                arguments[0] = 3
            }
            if row.name == "fd_renumber", (0...2).contains(UInt32(truncatingIfNeeded: arguments[1])) {
                arguments[1] = 9
            }
            if row.name == "poll_oneoff" {
                // The first subscription is a clock that has run out, so that nothing waits; the others are any.
                let events = 4096 + 48
                for offset in 0..<96 { guest.put(offset < 48 ? 0 : input.byte(), at: 4096 + offset) }
                guest.put(UInt64(1), at: 4096 + 24)
                (arguments[0], arguments[1], arguments[2]) = (4096, Int64(events), 1 + arguments[2] % 2)
            }
            let function = try guest.instance.function(named: row.exportName)
            let values = zip(types, arguments).map { type, number in
                type == .i64 ? Value.i64(UInt64(bitPattern: number)) : .i32(UInt32(truncatingIfNeeded: number))
            }
            FuzzCount.calls += 1
            guard case .i32(let code)? = try function.call(values).first else { continue }
            precondition(code <= 76, "\(row.name) returned \(code)")
        }
        var status = stat()
        precondition(stat(root + "/secret", &status) == 0 && status.st_size == 6, "the folder was left")
    }
}
