import Foundation
import WasmFrontend
import _TestSupport

@testable import GoWasm

/// What modules say of functions, files and lines, which is read for stack traces, profiles and `inspect`: DWARF, and
/// Go's table of functions.
///
/// The first byte says what the rest is: sections of DWARF, a program's data, or changes of the example program's data.
struct SymbolTarget: FuzzTarget {
    private static let functionCount = 40
    /// The example program's data, with its table.
    private let image: DataImage
    private let table: GoLineTable
    /// Where its functions are described.
    private let descriptions: [Int]

    init() throws {
        let module = try Module(
            ModuleBytes(Data(contentsOf: URL(fileURLWithPath: "main.wasm"))), codeValidation: .onFirstCall)
        guard let image = DataImage(module), let table = GoLineTable(module) else {
            throw CocoaError(.fileReadCorruptFile)
        }
        self.image = image
        self.table = table
        descriptions = table.descriptions.filter { $0 != 0 }
    }

    /// Units of line numbers in two versions, beginnings of Go's tables of all versions, changes of each kind.
    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for version in [4, 5] as [UInt8] {
            let tables = version == 5 ? LineTableBytes.tables() : LineTableBytes.oldTables()
            let lines = LineTableBytes.unit(version: version, tables: tables)
            seeds.append([0, UInt8(lines.count)] + lines + LineTableBytes.strings)
        }
        for magic in [0xFB, 0xFA, 0xF0, 0xF1] as [UInt8] {
            var data: [UInt8] = [magic, 0xFF, 0xFF, 0xFF, 0, 0, 1, 8]
            // Two functions; the parts of the table overlap.
            for offset in [2, 1, 64, 64, 64, 64, 64, 64] { data += word(offset) + word(0) }
            for number in 0..<60 { data += word(number) }
            seeds.append([1] + data)
        }
        seeds += (0..<8 as Range<UInt8>).map { [2, $0 % 4, 4 * $0, $0, 200 + $0, $0 % 4, 3, 0, 17] }
        return seeds
    }

    mutating func run(_ input: UnsafeRawBufferPointer) throws {
        guard let kind = input.first else { return }
        var rest = FuzzInput(UnsafeRawBufferPointer(rebasing: input.dropFirst()))
        switch kind % 3 {
        case 0: try dwarf(input.dropFirst())
        case 1:
            let module = try module(data: Array(input.dropFirst()), at: 4096)
            _ = GoBuildInfo(module)
            look(module)
        default: try look(module(data: changed(&rest), at: image.start))
        }
    }

    private func dwarf(_ input: Slice<UnsafeRawBufferPointer>) throws {
        let lines = input.dropFirst().prefix(Int(input.first ?? 0))
        let strings = input.dropFirst(1 + lines.count)
        let module = try ModuleBuilder.module(lines: Array(lines), strings: Array(strings))
        guard let table = DWARFLineTable(module) else { return }
        for offset in 0..<200 { _ = table.line(at: offset) }
    }

    private func module(data: [UInt8], at address: Int) throws -> Module {
        try ModuleBuilder.module(data: data, at: address, functions: Self.functionCount)
    }

    /// The example's data with other words in the table's head, among its functions, in what describes them, anywhere.
    private func changed(_ input: inout FuzzInput) -> [UInt8] {
        var data = image.bytes
        while !input.isOver {
            let kind = input.byte()
            let place = Int(input.number(UInt16.self))
            let base: Int
            switch kind % 4 {
            case 0: base = table.layout.start + place % 80
            case 1: base = table.layout.functions + place % 400
            case 2: base = descriptions[place / 64 % Self.functionCount] + place % 64
            default: base = place << 4
            }
            guard base + 4 <= data.count else { continue }
            let value = UInt32(truncatingIfNeeded: input.hostileNumber())
            for byte in 0..<4 { data[base + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
        }
        return data
    }

    /// Asks for everything that is asked for in a stack trace.
    private func look(_ module: Module) {
        guard let table = GoLineTable(module) else { return }
        for function in 0..<Self.functionCount {
            _ = table.name(ofFunction: function)
            for address in [nil, 0, 1, 2, 9, 0xFFFF, .max] {
                _ = table.line(inFunction: function, returnAddress: address)
                _ = table.frames(inFunction: function, returnAddress: address)
                _ = table.frames(inFunction: function, returnAddress: nil, previous: 1, next: address)
            }
        }
    }
}
