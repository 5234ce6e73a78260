import Foundation
import HostSystem
import Testing
import WasmFrontend
import WasmRuntime
import _TestSupport

@testable import WASI

@Suite("Calls of WASI with any arguments")
struct RandomCallTests {
    @Test("end with an errno or an exit, with every number at an edge in every position")
    func everyPosition() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(Data("text".utf8), to: "file")
        let access = HostAccess(mounts: [.init(host: folder.url.path, guest: "/w", isReadOnly: true)])
        var calls = try HostileWASICalls(seed: 1, access: access)
        try calls.sweep()
        #expect(calls.count > 5000)
        var others = try HostileWASICalls(seed: 2, access: access)
        try others.run(calls: 10_000)
    }

    /// Those that may take a while or much of the disk, or end the guest.
    private static let left: Set = ["poll_oneoff", "fd_allocate", "proc_exit", "proc_raise"]

    /// Those that would soon leave nothing to work with.
    private static let giving: Set = ["fd_close", "fd_renumber", "fd_fdstat_set_rights"]

    @Test("end with an errno, whatever the guest passes", arguments: [1, 2, 3, 4] as [UInt64])
    func randomCalls(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("in/dir"), withIntermediateDirectories: true)
        let secret = try folder.write(Data("secret".utf8), to: "secret")
        _ = try folder.write(Data("text".utf8), to: "in/file")
        let mount = HostAccess.Mount(host: folder.path("in"), guest: "/")
        // Only what answers at once: nobody listens there.
        let network = try #require(NetworkAccess(parsing: "127.0.0.1:1"))
        let access = HostAccess(mounts: [mount], network: network)
        let guest = try Guest(arguments: ["a", "b"], environment: ["X": "1"], access: access)

        // Texts that paths may begin at, vectors that point at some bytes and at none; and files to do something with.
        let paths = ["file", "dir", "dir/new", "../secret", "/secret", "x", "dir/../file", "", ".", "..", "a\0b"]
        let texts = paths.enumerated().map { (address: Int64(64 + $0 * 16), count: Int64($1.utf8.count)) }
        func prepare() throws {
            for (path, text) in zip(paths, texts) { guest.put(Array(path.utf8), at: Int(text.address)) }
            for (index, vector) in [(1024, 16), (65530, 6), (65530, 7), (Int(UInt32.max), 1), (0, 0)].enumerated() {
                guest.put(UInt32(vector.0), at: 512 + index * 8)
                guest.put(UInt32(vector.1), at: 516 + index * 8)
            }
            _ = try guest.call("path_open", 3, 1, 64, 4, 1, -1, -1, 0, 2000)
            _ = try guest.call("path_open", 3, 1, 64 + 8 * 16, 1, 0, 1 << 14, -1, 0, 2000)
            // Sockets that do not wait, and an address.
            for type in [1, 2] as [Int64] where try guest.call("sock_open", 1, type, 2000) == 0 {
                _ = try guest.call("fd_fdstat_set_flags", Int64(guest.get(UInt32.self, at: 2000)), 4)
            }
            guest.put([127, 0, 0, 1], at: 1024)
            guest.put(UInt32(1024), at: 8)
            guest.put(UInt32(4), at: 12)
        }
        let functions = try WASIFunction.all.filter { !Self.left.contains($0.name) }.map {
            (row: $0, function: try guest.instance.function(named: $0.exportName))
        }
        let interesting: [Int64] = [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 512, 520, 1024, 65528, 65529, 65535, 65536, -1, -8, 1 << 31, 1 << 32, .max,
            .min,
        ]
        var random = SplitMix(seed: seed)
        func pick<Element>(_ list: [Element]) -> Element { list[Int(random.next() % UInt64(list.count))] }
        var endings: [String: Set<UInt32>] = [:]
        for round in 0..<20_000 {
            if round % 20 == 0 { try prepare() }
            let (row, function) = pick(functions)
            var arguments = row.type.parameters.map { _ in pick(interesting) }
            // Mostly not the standard files, which are those of the tests.
            if !arguments.isEmpty, (0...2).contains(arguments[0]),
                row.name.hasPrefix("fd_") || row.name.hasPrefix("sock_")
            {
                arguments[0] += 3
            }
            // The granted folder stays.
            if Self.giving.contains(row.name) { arguments = arguments.map { (0...3).contains($0) ? $0 + 4 : $0 } }
            // Often a path that is one.
            for position in arguments.indices.dropLast() where row.name.hasPrefix("path_") && random.next() % 2 == 0 {
                (arguments[position], arguments[position + 1]) = pick(texts)
            }
            let values = zip(row.type.parameters, arguments).map { type, number in
                type == .i64 ? Value.i64(UInt64(bitPattern: number)) : .i32(UInt32(truncatingIfNeeded: number))
            }
            guard case .i32(let code)? = try function.call(values).first else { continue }
            #expect(code <= 76)
            endings[row.name, default: []].insert(code)
        }
        // What was tried was not only refused.
        // Paths are seldom right by chance.
        for name in functions.map(\.row.name) where name.hasPrefix("fd_") || name.hasPrefix("clock_") {
            #expect(endings[name, default: []].contains(0), "\(name): \(endings[name, default: []])")
        }
        #expect(try String(contentsOfFile: secret, encoding: .utf8) == "secret")
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.url.path)) == ["in", "secret"])
    }
}
