import Foundation
import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasm

/// Tables of symbols that nobody's compiler wrote: they are read when a program traps.
@Suite("Hostile symbols")
struct HostileSymbolTests {
    // MARK: - DWARF

    /// A module with this section, a function at whose first byte line tables begin, and strings.
    private func module(lines: [UInt8], strings: [UInt8] = []) throws -> Module {
        var builder = ModuleBuilder()
        builder.addFunction()
        builder.customSections = [(".debug_line", lines), (".debug_line_str", strings)]
        return try Module(ModuleBytes(builder.bytes))
    }

    private func word(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    /// A unit with these tables of folders and files, and a program, both in version 4 and 5.
    private func unit(version: UInt8, tables: [UInt8], program: [UInt8]) -> [UInt8] {
        // Each instruction is a byte; lines begin at -5, have a range of 14; opcodes from 13 on are special.
        let header: [UInt8] = [1, 1, 1, 0xFB, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1] + tables
        let start = [version, 0] + (version == 5 ? [4, 0] : []) + word(header.count)
        return word(start.count + header.count + program.count) + start + header + program
    }

    /// Sets the address 0 and the line 7, adds a row, advances by 100 bytes and ends the sequence.
    private static let program: [UInt8] = [0, 5, 2, 0, 0, 0, 0, 3, 6, 1, 2, 100, 0, 1, 1]

    private func oldTables(folder: [UInt8], files: Int = 1) -> [UInt8] {
        let file = name("a.c").dropFirst() + [0, 1, 0, 0]
        return folder + [0, 0] + repeatElement(file, count: files).joined() + [0]
    }

    /// A folder and a file whose names are in `.debug_line_str`, where they begin at 0 and 4.
    private func tables(entries: [UInt8] = [1, 1, 0x1F]) -> [UInt8] {
        // The file 1 is the one that rows begin with.
        entries + unsigned(1) + word(0) + [2, 1, 0x1F, 2, 0x0B] + unsigned(2) + word(4) + [0] + word(4) + [0]
    }
    private let strings = Array("/d\0\0a.c\0".utf8)

    private func line(_ module: Module) -> GoLineTable.Line? {
        guard let code = module.sections.first(where: { $0.kind == "code" }) else { return nil }
        return DWARFLineTable(module)?.line(at: code.bytes.lowerBound + 10)
    }

    @Test("lines are found in tables that are right")
    func valid() throws {
        let old = unit(version: 4, tables: oldTables(folder: Array("/d".utf8)), program: Self.program)
        let new = unit(version: 5, tables: tables(), program: Self.program)
        for lines in [old, new, old + new, new + old] {
            #expect(line(try module(lines: lines, strings: strings)) == .init(file: "/d/a.c", number: 7))
        }
    }

    @Test("lengths that no section has end a unit")
    func lengths() throws {
        let largest = [UInt8](repeating: 0xFF, count: 8) + [0x7F]
        let program: [UInt8] = Array(Self.program.prefix(10)) + [0] + largest + [2, 1, 1]
        let lines = unit(version: 5, tables: tables(), program: program)
        // The row is there; the sequence is not ended.
        #expect(line(try module(lines: lines, strings: strings)) == .init(file: "/d/a.c", number: 7))
    }

    @Test("numbers of entries that are negative, or of entries without fields, are none")
    func entries() throws {
        let negative = [UInt8](repeating: 0xFF, count: 9) + [0x01]
        for entries in [[1, 1, 0x1F] + negative, [0] + unsigned(100_000), [0] + negative] {
            let lines = unit(version: 5, tables: entries, program: Self.program)
            let many = Array(repeatElement(lines, count: 1000).joined())
            #expect(line(try module(lines: many, strings: strings)) == nil)
        }
    }

    @Test("a name of any length is taken once, and not for each file")
    func amplification() throws {
        let folder = [UInt8](repeating: UInt8(ascii: "d"), count: 60_000)
        let lines = unit(version: 4, tables: oldTables(folder: folder, files: 100_000), program: Self.program)
        #expect(line(try module(lines: lines)) == .init(file: "a.c", number: 7))
    }

    @Test("damage anywhere is survived", arguments: [4, 5] as [UInt8])
    func mutations(version: UInt8) throws {
        var random = SplitMix(seed: UInt64(version))
        let tables = version == 5 ? tables() : oldTables(folder: Array("/d".utf8))
        let right = unit(version: version, tables: tables, program: Self.program)
        let values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
        for _ in 0..<3000 {
            var lines = right + right
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                let place = Int.random(in: 0..<lines.count, using: &random)
                lines[place] = values.randomElement(using: &random)!
            }
            if Bool.random(using: &random) {
                let largest = [UInt8](repeating: 0xFF, count: 8) + [0x7F]
                lines.insert(contentsOf: largest, at: Int.random(in: 0..<lines.count, using: &random))
            }
            lines.removeLast(Int.random(in: 0..<20, using: &random))
            _ = line(try module(lines: lines, strings: strings))
        }
    }

    // MARK: - Go's table

    /// A module of so many functions with one run of data.
    private func module(data: [UInt8], at address: Int, functions: Int) throws -> Module {
        var builder = ModuleBuilder()
        for _ in 0..<functions { builder.addFunction() }
        builder.memories = [[0x00] + unsigned(1024)]
        builder.data = [[0x00, 0x41] + signed(Int64(address)) + [0x0B] + sized(data)]
        return try Module(ModuleBytes(builder.bytes), codeValidation: .onFirstCall)
    }

    private func long(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    @Test("addresses of functions that no program has are none")
    func addresses() throws {
        var data: [UInt8] = [0xFB, 0xFF, 0xFF, 0xFF, 0, 0, 1, 8] + long(3)
        for entry in [0, 1, UInt64.max] { data += long(entry) + long(0) }
        data += [UInt8](repeating: 0, count: 128)
        let table = try #require(GoLineTable(module(data: data, at: 4096, functions: 3)))
        #expect(table.name(ofFunction: 2) == nil)
    }

    @Test("names of inlined functions may lie behind all data")
    func names() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("main.wasm")
        let original = try Module(ModuleBytes(Data(contentsOf: path)), codeValidation: .onFirstCall)
        let image = try #require(DataImage(original))
        let layout = try #require(GoLineTable(original)).layout
        var data = image.bytes + [UInt8](repeating: 0, count: (8 - image.bytes.count % 8) % 8)
        // What seem to be trees of inlined functions are only numbers of names that lie behind the data.
        let trees = data.count
        let count = trees + 1 << 20
        data += Array(repeatElement(word(count + 16 - layout.names), count: (1 << 20) / 4).joined())
        func replace(_ place: Int, _ number: Int) {
            data.replaceSubrange(place..<place + 8, with: long(UInt64(number)))
        }
        // Names are said to end there, too.
        replace(layout.start + 8 + 8 * 4, count - 1)
        let pattern = long(UInt64(image.start + layout.start)) + long(UInt64(image.start + layout.names))
        let description = try #require(image.firstIndex(of: pattern, from: 0))
        replace(description + 8 * 22, image.start + trees)
        let table = GoLineTable(try module(data: data, at: image.start, functions: original.bodies.count))
        #expect(table != nil)
    }
}
