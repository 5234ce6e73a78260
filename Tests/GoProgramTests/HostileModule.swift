import Testing
import WasmFrontend
import _TestSupport

/// A module that only an attacker writes, and what has to become of it.
struct HostileModule: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// Its function `run` returns.
        case runs
        /// One line says this.
        case refused(String)
    }

    var testDescription: String
    /// How many of whatever it has many of; nil for a module of one size.
    var count: Int?
    var outcome = Outcome.runs
    /// The most memory in MiB that the process may take for it.
    var memory = 64
    /// The module with so many.
    var bytes: @Sendable (Int) -> [UInt8]

    // MARK: - Writing

    /// A pattern, so many times: quicker than a sequence that is joined, in a debug build.
    private static func repeated(_ pattern: [UInt8], _ count: Int) -> [UInt8] {
        Array(unsafeUninitializedCapacity: pattern.count * count) { buffer, filled in
            let whole = pattern.count * count
            while filled < whole {
                let more = filled == 0 ? min(pattern.count, whole) : min(filled, whole - filled)
                let target = UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: buffer[filled..<filled + more]))
                if filled == 0 {
                    target.copyBytes(from: pattern)
                } else {
                    target.copyMemory(from: UnsafeRawBufferPointer(start: buffer.baseAddress, count: more))
                }
                filled += more
            }
        }
    }

    /// A vector of equal entries.
    private static func vector(_ count: Int, of entry: [UInt8]) -> [UInt8] { unsigned(count) + repeated(entry, count) }

    /// Numbers with four letters each, as names.
    private static func letters(_ index: Int) -> [UInt8] { (0..<4).map { UInt8(0x30 + index >> ($0 * 6) & 63) } }

    private static let runExport: [UInt8] = [1] + name("run") + [0, 0]
    private static let noType: [UInt8] = [1, 0x60, 0, 0]

    /// A module of sections by their numbers; types, functions, exports and code are those of an empty function `run`
    /// where nothing else is said.
    private static func module(_ sections: [UInt8: [UInt8]]) -> [UInt8] {
        let standard: [UInt8: [UInt8]] = [1: noType, 3: [1, 0], 7: runExport, 10: [1, 2, 0, 0x0B]]
        let all = standard.merging(sections) { $1 }
        // The data count comes before the code.
        let order: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11]
        return order.reduce(ModuleBuilder.header) { bytes, number in
            bytes + (all[number].map { ModuleBuilder.section(number, $0) } ?? [])
        }
    }

    /// A function `run` with this code in such a module.
    private static func code(
        _ code: [UInt8], locals: [UInt8] = [0], _ sections: [UInt8: [UInt8]] = [:]
    ) -> [UInt8] {
        module(sections.merging([10: [1] + sized(locals + code + [0x0B])]) { $1 })
    }

    // MARK: - The list

    private static let most = Int(UInt32.max)
    private static let million = 1_000_000

    /// All of them, with the limits of ``ImplementationLimit``.
    static let all: [HostileModule] = counts + limits + numbers + code + wide

    /// Counts that promise more than there is.
    private static let counts: [HostileModule] =
        [1, 2, 3, 4, 5, 6, 7, 9, 10, 11].map { section in
            HostileModule(
                testDescription: "a section \(section) with 4294967295 entries", outcome: .refused("unexpected end"),
                memory: 32
            ) { _ in ModuleBuilder.header + ModuleBuilder.section(section, unsigned(most) + [0x60, 0, 0]) }
        } + [
            HostileModule(
                testDescription: "a type with 4294967295 parameters", outcome: .refused("unexpected end"), memory: 32
            ) { _ in module([1: [1, 0x60] + unsigned(most) + [0x7F]]) },
            HostileModule(
                testDescription: "4294967295 locals", outcome: .refused("4294967295 locals"), memory: 32
            ) { _ in code([], locals: [1] + unsigned(most) + [0x7F]) },
            HostileModule(
                testDescription: "a br_table with 4294967295 targets", outcome: .refused("unexpected end"), memory: 32
            ) { _ in code([0x41, 0, 0x0E] + unsigned(most) + [0, 0]) },
            HostileModule(
                testDescription: "a data segment of 4294967295 bytes", outcome: .refused("unexpected end"), memory: 32
            ) { _ in module([5: [1, 0, 1], 11: [1, 0, 0x41, 0, 0x0B] + unsigned(most) + [0]]) },
            HostileModule(
                testDescription: "names of functions beyond the end, which nobody needs", memory: 32
            ) { _ in module([:]) + ModuleBuilder.section(0, name("name") + [1] + sized(unsigned(most) + [0])) },
        ]

    /// Traps where the number on the stack is not -1.
    private static let minusOneOrTrap: [UInt8] = [0x41] + signed(-1) + [0x47, 0x04, 0x40, 0x00, 0x0B]

    /// What stands at a limit, and what is beyond it.
    private static let limits: [HostileModule] = [
        HostileModule(testDescription: "a memory of 4 GiB", memory: 32) { _ in
            // The last byte is written.
            code([0x41] + signed(-4) + [0x41, 1, 0x36, 2, 0], [5: [1, 1] + unsigned(65536) + unsigned(65536)])
        },
        HostileModule(
            testDescription: "a memory of a page more", outcome: .refused("at most 65536 pages"), memory: 32
        ) { _ in module([5: [1, 0] + unsigned(65537)]) },
        HostileModule(testDescription: "a memory that grows to 4 GiB and no further", memory: 32) { _ in
            // Unreachable where the first growth does not return 1, or the second not -1.
            var text: [UInt8] = [0x41] + signed(65535) + [0x40, 0]
            text += [0x41, 1, 0x47, 0x04, 0x40, 0x00, 0x0B]
            text += [0x41, 1, 0x40, 0] + minusOneOrTrap
            return code(text, [5: [1, 0, 1]])
        },
        HostileModule(testDescription: "a table of 10 million elements", memory: 32) { _ in
            module([4: [1, 0x70, 0] + unsigned(ImplementationLimit.tableElements)])
        },
        HostileModule(
            testDescription: "a table of one more", outcome: .refused("10000000 elements at most"), memory: 32
        ) { _ in module([4: [1, 0x70, 0] + unsigned(ImplementationLimit.tableElements + 1)]) },
        HostileModule(
            testDescription: "a table of 4294967295 elements", outcome: .refused("10000000 elements at most"),
            memory: 32
        ) { _ in module([4: [1, 0x70, 0] + unsigned(most)]) },
        HostileModule(testDescription: "a table that grows to 10 million elements and no further", memory: 256) { _ in
            func grow(_ count: Int) -> [UInt8] { [0xD0, 0x70, 0x41] + signed(count) + [0xFC, 0x0F, 0] }
            var text = grow(ImplementationLimit.tableElements - 1)
            text += [0x41, 1, 0x47, 0x04, 0x40, 0x00, 0x0B]
            text += grow(1) + minusOneOrTrap
            return code(text, [4: [1, 0x70, 0, 1]])
        },
        HostileModule(
            testDescription: "an alignment beyond the natural one", outcome: .refused("alignment must not be larger"),
            memory: 32
        ) { _ in code([0x41, 0, 0x28, 3, 0, 0x1A], [5: [1, 0, 1]]) },
        HostileModule(
            testDescription: "an alignment of 2 to the power of 2147483648", outcome: .refused("memop"), memory: 32
        ) { _ in code([0x41, 0, 0x28] + unsigned(1 << 31) + [0, 0x1A], [5: [1, 0, 1]]) },
        HostileModule(testDescription: "50,000 locals", memory: 32) { _ in
            code([], locals: [1] + unsigned(ImplementationLimit.locals) + [0x7F])
        },
        HostileModule(testDescription: "50,001 locals", outcome: .refused("50001 locals"), memory: 32) { _ in
            code([], locals: [1] + unsigned(ImplementationLimit.locals + 1) + [0x7F])
        },
    ]

    /// A million of each thing that a module can have.
    private static let numbers: [HostileModule] = [
        HostileModule(testDescription: "functions", count: million, memory: 160) {
            module([3: vector($0, of: [0]), 10: vector($0, of: [2, 0, 0x0B])])
        },
        HostileModule(testDescription: "types", count: million, memory: 128) {
            module([1: vector($0, of: [0x60, 0, 0])])
        },
        HostileModule(testDescription: "types, all different", count: million / 16, memory: 64) { count in
            var types = unsigned(count + 1) + [0x60, 0, 0]
            for index in 0..<count {
                types += [0x60, 8]
                for place in 0..<8 { types.append(UInt8(0x7F - (index >> (place * 2) & 3))) }
                types.append(0)
            }
            return module([1: types])
        },
        HostileModule(
            testDescription: "imports that nobody provides", count: million, outcome: .refused("and 999999 more"),
            memory: 400
        ) {
            let export: [UInt8] = [1] + name("run") + [0] + unsigned($0)
            return module([2: vector($0, of: name("a") + name("b") + [0, 0]), 7: export])
        },
        HostileModule(testDescription: "exports", count: million, memory: 200) { count in
            var exports = unsigned(count) + runExport.dropFirst()
            for index in 0..<count - 1 {
                exports.append(4)
                exports += letters(index)
                exports += [0, 0]
            }
            return module([7: exports])
        },
        HostileModule(testDescription: "globals", count: million, memory: 128) {
            module([6: vector($0, of: [0x7F, 1, 0x41, 0, 0x0B])])
        },
        HostileModule(testDescription: "element segments", count: million, memory: 200) {
            module([4: [1, 0x70, 0, 1], 9: vector($0, of: [0, 0x41, 0, 0x0B, 1, 0])])
        },
        HostileModule(testDescription: "data segments", count: million, memory: 64) {
            module([5: [1, 0, 1], 11: vector($0, of: [0, 0x41, 0, 0x0B, 1, 0x61])])
        },
        HostileModule(testDescription: "custom sections", count: million, memory: 80) {
            module([:]) + repeated(ModuleBuilder.section(0, name("a")), $0)
        },
        HostileModule(testDescription: "names of one function", count: million, memory: 32) {
            module([:]) + ModuleBuilder.section(0, name("name") + [1] + sized(vector($0, of: [0, 1, 0x61])))
        },
    ]

    /// Code of which there is much.
    private static let code: [HostileModule] = [
        HostileModule(testDescription: "blocks within each other", count: million, memory: 256) {
            code(repeated([0x02, 0x40], $0) + repeated([0x0B], $0))
        },
        HostileModule(testDescription: "loops within each other", count: million, memory: 256) {
            code(repeated([0x03, 0x40], $0) + repeated([0x0B], $0))
        },
        HostileModule(testDescription: "ifs within each other", count: million, memory: 320) {
            code(repeated([0x41, 1, 0x04, 0x40], $0) + repeated([0x0B], $0))
        },
        HostileModule(testDescription: "targets of a br_table", count: million, memory: 80) {
            let table: [UInt8] = vector($0, of: [0]) + [0]
            return code([0x02, 0x40, 0x41, 0, 0x0E] + table + [0x0B])
        },
        HostileModule(testDescription: "br_tables of 16 targets", count: million / 16, memory: 128) {
            let table: [UInt8] = [0x02, 0x40, 0x41, 0, 0x0E, 16] + repeated([0], 17) + [0x0B]
            return code(repeated(table, $0))
        },
        HostileModule(testDescription: "instructions that do nothing", count: million, memory: 48) {
            code(repeated([0x01], $0))
        },
        HostileModule(testDescription: "constants that are dropped", count: million, memory: 80) {
            code(repeated([0x41, 0, 0x1A], $0))
        },
        HostileModule(testDescription: "declarations of no locals", count: million, memory: 32) {
            code([], locals: vector($0, of: [0, 0x7F]))
        },
        // 8 bytes declare 50,000 locals: writing them out for each function would take 5 GB of memory traffic.
        HostileModule(testDescription: "functions with 50,000 locals", count: million / 10, memory: 48) {
            module([3: vector($0, of: [0]), 10: vector($0, of: sized([1] + unsigned(50_000) + [0x7F, 0x0B]))])
        },
    ]

    /// Instructions of two bytes that move a thousand values: a thousand times as much work as others, and no more.
    private static let wide: [HostileModule] = {
        let thousand = ImplementationLimit.parameters
        let values = vector(thousand, of: [0x7F])
        let types: [UInt8] = [2, 0x60] + values + values + [0x60, 0, 0]
        let constants = repeated([0x41, 0], thousand)
        @Sendable func module(_ step: [UInt8], _ count: Int) -> [UInt8] {
            let body: [UInt8] = [0] + constants + repeated(step, count) + repeated([0x1A], thousand) + [0x0B]
            let callee: [UInt8] = [0] + constants + [0x0B]
            return Self.module([1: types, 3: [2, 1, 0], 10: [2] + sized(body) + sized(callee)])
        }
        return [
            HostileModule(testDescription: "blocks of a thousand values", count: 20_000, memory: 48) {
                module([0x02, 0, 0x41, 0, 0x0D, 0, 0x0B], $0)
            },
            HostileModule(
                testDescription: "calls with a thousand values", count: 20_000,
                outcome: .refused("space for lowered code exhausted"), memory: 64
            ) { module([0x10, 1], $0) },
        ]
    }()
}
