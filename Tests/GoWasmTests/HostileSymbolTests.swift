import Foundation
import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasm

/// Tables of symbols that nobody's compiler wrote: they are read when a program traps.
@Suite("Hostile symbols")
struct HostileSymbolTests {
    // MARK: - DWARF

    private func line(_ module: Module) -> GoLineTable.Line? {
        guard let code = module.sections.first(where: { $0.kind == "code" }) else { return nil }
        return DWARFLineTable(module)?.line(at: code.bytes.lowerBound + 10)
    }

    @Test("lines are found in tables that are right")
    func valid() throws {
        let old = LineTableBytes.unit(version: 4, tables: LineTableBytes.oldTables())
        let new = LineTableBytes.unit(version: 5, tables: LineTableBytes.tables())
        for lines in [old, new, old + new, new + old] {
            let module = try ModuleBuilder.module(lines: lines, strings: LineTableBytes.strings)
            #expect(line(module) == .init(file: "/d/a.c", number: 7))
        }
    }

    @Test("lengths that no section has end a unit")
    func lengths() throws {
        let largest = [UInt8](repeating: 0xFF, count: 8) + [0x7F]
        let program: [UInt8] = Array(LineTableBytes.program.prefix(10)) + [0] + largest + [2, 1, 1]
        let lines = LineTableBytes.unit(version: 5, tables: LineTableBytes.tables(), program: program)
        // The row is there; the sequence is not ended.
        let module = try ModuleBuilder.module(lines: lines, strings: LineTableBytes.strings)
        #expect(line(module) == .init(file: "/d/a.c", number: 7))
    }

    @Test("numbers of entries that are negative, or of entries without fields, are none")
    func entries() throws {
        let negative = [UInt8](repeating: 0xFF, count: 9) + [0x01]
        for entries in [[1, 1, 0x1F] + negative, [0] + unsigned(100_000), [0] + negative] {
            let lines = LineTableBytes.unit(version: 5, tables: entries)
            let many = Array(repeatElement(lines, count: 1000).joined())
            #expect(line(try ModuleBuilder.module(lines: many, strings: LineTableBytes.strings)) == nil)
        }
    }

    @Test("a name of any length is taken once, and not for each file")
    func amplification() throws {
        let folder = [UInt8](repeating: UInt8(ascii: "d"), count: 60_000)
        let lines = LineTableBytes.unit(version: 4, tables: LineTableBytes.oldTables(folder: folder, files: 100_000))
        #expect(line(try ModuleBuilder.module(lines: lines)) == .init(file: "a.c", number: 7))
    }

    @Test("damage anywhere is survived", arguments: [4, 5] as [UInt8])
    func mutations(version: UInt8) throws {
        var random = SplitMix(seed: UInt64(version))
        let tables = version == 5 ? LineTableBytes.tables() : LineTableBytes.oldTables()
        let right = LineTableBytes.unit(version: version, tables: tables)
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
            _ = line(try ModuleBuilder.module(lines: lines, strings: LineTableBytes.strings))
        }
    }

    // MARK: - Go's table

    private func long(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    @Test("addresses of functions that no program has are none")
    func addresses() throws {
        var data: [UInt8] = [0xFB, 0xFF, 0xFF, 0xFF, 0, 0, 1, 8] + long(3)
        for entry in [0, 1, UInt64.max] { data += long(entry) + long(0) }
        data += [UInt8](repeating: 0, count: 128)
        let table = try #require(GoLineTable(ModuleBuilder.module(data: data, at: 4096, functions: 3)))
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
        let table = GoLineTable(try ModuleBuilder.module(data: data, at: image.start, functions: original.bodies.count))
        #expect(table != nil)
    }
}
