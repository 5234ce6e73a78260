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
        private func run(_ program: Program, _ count: Int) async throws -> Int {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                var right = 0
                for number in 0..<count {
                    if number >= Self.width { right += try await group.next() == true ? 1 : 0 }
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

        @Test("of one module run at the same time, and leave nothing behind", arguments: Fixture.programs)
        func thousand(_ fixture: Fixture) async throws {
            let program = try fixture.program
            // The first ones make the module's bytecode, and the allocator's and tasks' own pools.
            #expect(try await run(program, Self.width * 2) == Self.width * 2)
            let before = try Usage()
            #expect(try await run(program, Self.count) == Self.count)
            // The last threads may still be on their way out, and other suites hold things now and then.
            var after = try Usage()
            for _ in 0..<200 where after.reserved > before.reserved || after.descriptors > before.descriptors {
                try await Task.sleep(for: .milliseconds(20))
                after = try Usage()
            }
            print(
                "\(Self.count) instances of \(fixture.rawValue), \(Self.width) at a time: before \(before); after \(after)"
            )
            // An instance has four descriptors, reserves more than 8 GiB of address space and touches more than 3 MiB.
            #expect(after.descriptors < before.descriptors + Self.count)
            #expect(after.reserved < before.reserved + (Self.count << 30))
            #expect(after.resident < before.resident + (Self.count << 20))
        }
    }
}
