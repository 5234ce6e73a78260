import Foundation
import GoWasm
import GoWasmFoundation
import Testing
import _TestSupport

extension LibraryTests {
    @Suite("A program's files", .enabled(if: Fixture.areThere, Fixture.missing))
    struct FileTests {
        /// The program `files` for both kinds of hosts: its first arguments say what it does in a folder.
        static let modules = ["files.wasm", "wasip1/files.wasm"]

        private func run(
            _ module: String, _ arguments: [String], limits: Program.Limits = Program.Limits(),
            _ access: (inout HostAccess) -> Void
        ) async throws -> String {
            let path = try #require(Checkout.newestPrograms).appendingPathComponent(module)
            let output = OutputBuffer()
            var configuration = Program.Configuration(
                arguments: arguments, standardInput: .empty, standardOutput: .buffer(output),
                standardError: .buffer(output), limits: limits)
            access(&configuration.access)
            configuration.reportHint = { _ in }
            _ = try await Program(contentsOf: path).run(configuration)
            return output.text
        }

        @Test("all operations of package os do the same in memory as in a folder of the host", arguments: modules)
        func operations(_ module: String) async throws {
            let (folder, below) = (try TemporaryFolder(), try TemporaryFolder())
            let arguments = [
                "work", "/w", "read", "/w/none", "write", "/w/new", "append", "/w/new", "mkdir", "/w/new", "rename",
                "/w/d",
                "list", "/w", "remove", "/w/d.renamed", "stat", "/w/l", "lstat", "/w/l", "chdir", "/w/new", "read",
                "/w/../x",
            ]
            let expected = try await run(module, arguments) {
                $0.mounts = [.init(host: folder.url.path, guest: "/w")]
            }
            #expect(expected.contains("helXY"))
            let memory = MemoryFileSystem()
            let overlay = try OverlayFileSystem(HostFolder(below.url))
            for files in [memory, overlay] as [any VirtualFileSystem] {
                let output = try await run(module, arguments) { $0.mount(files, at: "/w") }
                #expect(output == expected)
                #expect(try files.text(of: "h") == String(contentsOfFile: folder.path("h"), encoding: .utf8))
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
                #expect(try files.entries().map { "\($0.name)" } == names.sorted())
            }
            #expect(try overlay.changes.allSatisfy { $0.kind == .added })
            #expect(try FileManager.default.contentsOfDirectory(atPath: below.url.path).isEmpty)
        }

        @Test("files in memory count towards the run's limit, and go on to be there", arguments: modules)
        func limit(_ module: String) async throws {
            let files = MemoryFileSystem()
            // The program writes up to 27 MB.
            let output = try await run(module, ["fill", "/w/file"], limits: .init(memory: 32 << 20)) {
                $0.mount(files, at: "/w")
            }
            let size = try files.status(of: "file").size
            #expect(
                output.hasPrefix("\(size) ") && output.lowercased().contains("no space left on device"), "\(output)")
            #expect((1 << 20..<32 << 20).contains(size) && files.byteCount >= size)
            // A run that writes nothing is not charged for what another one wrote.
            #expect(
                try await run(module, ["read", "/w/file"], limits: .init(memory: 1 << 30)) {
                    $0.mount(files, at: "/w", isReadOnly: true)
                }.hasPrefix("read"))
        }

        @Test("several runs share files in memory")
        func sharing() async throws {
            let files = MemoryFileSystem()
            try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<4 {
                    try files.makeFolder("\(number)")
                    group.addTask {
                        try await run(Self.modules[number % 2], ["work", "/w/\(number)", "write", "/w/last"]) {
                            $0.mount(files, at: "/w")
                        }
                    }
                }
                for try await output in group { #expect(output.contains("helXY")) }
            }
            #expect(try files.entries().count == 5 && files.text(of: "last") == "x")
        }
    }
}
