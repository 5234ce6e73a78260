import Foundation
import GoWasm
import Testing

extension LibraryTests {
    @Suite("Many instances", .enabled(if: Fixture.areThere, Fixture.missing))
    struct ConcurrencyTests {
        /// What this process holds.
        struct Usage: CustomStringConvertible {
            let resident: Int
            let reserved: Int
            let descriptors: Int
            let threads: Int

            init() throws {
                let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
                func number(_ name: String) -> Int {
                    let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
                    return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
                }
                resident = number("VmRSS") << 10
                reserved = number("VmSize") << 10
                threads = number("Threads")
                descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            }

            var description: String {
                "\(resident >> 20) MiB resident, \(reserved >> 30) GiB reserved, \(descriptors) descriptors, \(threads) threads"
            }
        }

        #if DEBUG
            // The loop of a debug build is slow; `make test` runs the tests with the release build, too.
            static let count = 60
        #else
            static let count = 1000
        #endif
        static let width = 16

        /// Runs so many instances on a pool of tasks; returns how many outputs were right.
        private static func run(_ program: Program, _ count: Int) async throws -> Int {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                var right = 0
                for number in 0..<count {
                    if number >= width { right += try await group.next() == true ? 1 : 0 }
                    group.addTask {
                        let output = Output()
                        let status = try await program.run(output.configuration("sum", "n\(number)"))
                        return status.isSuccess && output.out.text == "n\(number) 100 19140\n"
                            && output.err.bytes.isEmpty
                    }
                }
                for try await result in group where result { right += 1 }
                return right
            }
        }

        /// Runs instances, and compares what the process holds with what it held before.
        private static func measure(_ fixture: Fixture) async throws {
            let program = try fixture.program
            // The first ones make the module's bytecode, and the pools of the allocator and of tasks; sleeping makes
            // its timer.
            #expect(try await run(program, width * 4) == width * 4)
            try await Task.sleep(for: .milliseconds(20))
            let before = try Usage()
            #expect(try await run(program, count) == count)
            // The last threads may still be on their way out; those of the pool come and go.
            let threads = before.threads + width
            var after = try Usage()
            for _ in 0..<500 where after.threads > threads || after.descriptors > before.descriptors {
                try await Task.sleep(for: .milliseconds(20))
                after = try Usage()
            }
            print("\(count) instances of \(fixture.rawValue), \(width) at a time: before \(before); after \(after)")
            #expect(after.descriptors <= before.descriptors)
            #expect(after.threads <= threads)
            // An instance reserves more than 8 GiB of address space and touches more than 3 MiB; the allocator's
            // arenas, of 64 MiB of address space each, come and go with threads.
            #expect(after.reserved < before.reserved + 8 << 30)
            #expect(after.resident < before.resident + 24 << 20)
        }

        private var observed: [any PartialKeyPath<ExitTest.Result> & Sendable] {
            [\.standardOutputContent, \.standardErrorContent]
        }

        /// In a process of its own, where nothing else allocates; its figures are repeated here, and a sanitizer's report.
        private func show(_ result: ExitTest.Result?) {
            guard let result else { return }
            print(String(decoding: result.standardOutputContent, as: UTF8.self), terminator: "")
            FileHandle.standardError.write(Data(result.standardErrorContent))
        }

        @Test("of one js module run at the same time, and leave nothing behind")
        func thousandJS() async {
            show(
                await #expect(processExitsWith: .success, observing: observed) {
                    try await ConcurrencyTests.measure(.js)
                })
        }

        @Test("of one WASI module run at the same time, and leave nothing behind")
        func thousandWASI() async {
            show(
                await #expect(processExitsWith: .success, observing: observed) {
                    try await ConcurrencyTests.measure(.wasi)
                })
        }

        #if canImport(Glibc)
            @Test("are refused with an error where the process has no descriptors left, and run when it has again")
            func descriptors() async {
                await #expect(processExitsWith: .success) {
                    let program = try Fixture.wasi.program
                    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
                    var limit = rlimit()
                    try #require(getrlimit(resource, &limit) == 0)
                    let usual = limit.rlim_cur
                    // The first three are taken; what has a higher number already stays open.
                    limit.rlim_cur = 3
                    try #require(setrlimit(resource, &limit) == 0)
                    await #expect {
                        try await program.run(Output().configuration("sum", "x"))
                    } throws: {
                        if case ProgramError.exhausted(.pipe, EMFILE) = $0 { true } else { false }
                    }
                    limit.rlim_cur = usual
                    try #require(setrlimit(resource, &limit) == 0)
                    #expect(try await program.run(Output().configuration("sum", "x")).isSuccess)
                }
            }
        #endif
    }
}
