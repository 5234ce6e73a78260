import Testing
import WasmFrontend
import _TestSupport

@Suite struct MalformedTests {
    private let header = ModuleBuilder.header

    private func withSections(_ sections: [UInt8]...) -> [UInt8] { header + sections.joined() }

    @Test func preamble() {
        expectMalformed([], .unexpectedEnd, at: 0)
        expectMalformed(Array("#!/bin/sh".utf8), .magicHeader, at: 0)
        expectMalformed([0, 0x61, 0x73, 0x6D, 2, 0, 0, 0], .version, at: 4)
        #expect(throws: Never.self) { try Module(header) }
    }

    @Test func sections() {
        expectMalformed(header + [0x0D, 0x00], .sectionID(13), at: 8)
        expectMalformed(header + [0x01, 0x05, 0x00], .lengthOutOfBounds, at: 9)
        expectMalformed(withSections([0x01, 0x01, 0x00], [0x01, 0x01, 0x00]), .sectionOrder, at: 11)
        expectMalformed(withSections([0x03, 0x01, 0x00], [0x01, 0x01, 0x00]), .sectionOrder, at: 11)
        // The data count comes before the code.
        expectMalformed(withSections([0x0A, 0x01, 0x00], [0x0C, 0x01, 0x00]), .sectionOrder, at: 11)
        expectMalformed(withSections([0x01, 0x02, 0x00, 0x00]), .sectionSize, at: 11)
        expectMalformed(withSections([0x00, 0x02, 0x01, 0xFF]), .utf8, at: 11)
    }

    @Test func integers() {
        // The number of types: u32.
        expectMalformed(withSections([0x01, 0x06, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), .integerTooLong, at: 10)
        expectMalformed(withSections([0x01, 0x05, 0x80, 0x80, 0x80, 0x80, 0x10]), .integerTooLarge, at: 10)
        #expect(throws: Never.self) { try Module(withSections([0x01, 0x05, 0x80, 0x80, 0x80, 0x80, 0x00])) }
    }

    /// Numbers in code, also where so many bytes follow that they are skipped by words.
    @Test(arguments: [0, 16])
    func integersInCode(padding: Int) throws {
        func code(_ constant: [UInt8]) -> [UInt8] {
            oneFunction(code: constant + [0x1A] + [UInt8](repeating: 0x01, count: padding))
        }
        // i32.const: s32.
        expectMalformed(code([0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), .integerTooLong, at: 24)
        expectMalformed(code([0x41, 0x80, 0x80, 0x80, 0x80, 0x08]), .integerTooLarge, at: 24)
        expectMalformed(code([0x41, 0xFF, 0xFF, 0xFF, 0xFF, 0x4F]), .integerTooLarge, at: 24)
        _ = try Module(code([0x41, 0x80, 0x80, 0x80, 0x80, 0x78]))
        _ = try Module(code([0x41, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]))
        // i64.const: s64.
        let nine = [UInt8](repeating: 0x80, count: 9)
        expectMalformed(code([0x42] + nine + [0x80, 0x00]), .integerTooLong, at: 24)
        expectMalformed(code([0x42] + nine + [0x01]), .integerTooLarge, at: 24)
        for length in 0...9 { _ = try Module(code([0x42] + nine[..<length] + [length == 9 ? 0x7F : 0x3F])) }
        // The offset of i32.load: u32.
        var builder = ModuleBuilder()
        builder.memories = [[0x00, 0x01]]
        func load(_ offset: [UInt8]) -> [UInt8] {
            var load = builder
            let rest = [0x1A] + [UInt8](repeating: 0x01, count: padding)
            load.addFunction(code: [0x41, 0x00, 0x28, 0x02] + offset + rest)
            return load.bytes
        }
        expectMalformed(load([0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), .integerTooLong)
        expectMalformed(load([0xFF, 0xFF, 0xFF, 0xFF, 0x1F]), .integerTooLarge)
        for length in 0...4 { _ = try Module(load(nine[..<length] + [0x0F])) }
    }

    @Test func constantsKeepTheirValue() throws {
        let i32: [Int32] = [0, 1, -1, 63, 64, -64, -65, .max, .min, 0x12345678]
        let i64: [Int64] = [0, -1, 127, 128, .max, .min, -0x1234_5678_9ABC]
        var builder = ModuleBuilder()
        builder.globals =
            i32.map { [0x7F, 0x00, 0x41] + signed($0) + [0x0B] } + i64.map { [0x7E, 0x00, 0x42] + signed($0) + [0x0B] }
        #expect(
            try Module(builder.bytes).globals.map(\.initializer)
                == i32.map { .value(UInt64(UInt32(bitPattern: $0))) } + i64.map { .value(UInt64(bitPattern: $0)) })
    }

    @Test func types() {
        expectMalformed(withSections([0x01, 0x04, 0x01, 0x5F, 0x00, 0x00]), .functionType(0x5F), at: 11)
        expectMalformed(withSections([0x01, 0x05, 0x01, 0x60, 0x01, 0x6E, 0x00]), .valueType(0x6E), at: 13)
        expectMalformed(withSections([0x04, 0x04, 0x01, 0x7F, 0x00, 0x00]), .referenceType(0x7F), at: 11)
        expectMalformed(withSections([0x05, 0x03, 0x01, 0x02, 0x00]), .limitsFlags(2), at: 11)
        expectMalformed(withSections([0x06, 0x06, 0x01, 0x7F, 0x02, 0x41, 0x00, 0x0B]), .mutability(2), at: 12)
        expectMalformed(withSections([0x02, 0x05, 0x01, 0x00, 0x00, 0x04, 0x00]), .importKind(4), at: 13)
        expectMalformed(withSections([0x07, 0x04, 0x01, 0x00, 0x05, 0x00]), .exportKind(5), at: 12)
        expectMalformed(oneFunction(code: [0x02, 0x50, 0x0B]), .blockType(0x50), at: 24)
        expectMalformed(oneFunction(code: [0x02, 0xFF, 0x7F, 0x0B]), .blockType(nil), at: 24)
    }

    @Test func segments() {
        expectMalformed(withSections([0x09, 0x02, 0x01, 0x08]), .elementSegmentKind(8), at: 11)
        expectMalformed(withSections([0x09, 0x04, 0x01, 0x01, 0x01, 0x00]), .elementKind(1), at: 12)
        expectMalformed(withSections([0x0B, 0x03, 0x01, 0x03, 0x00]), .dataSegmentKind(3), at: 11)
        var builder = ModuleBuilder()
        builder.data = [[0x01, 0x00]]
        builder.dataCount = 2
        expectMalformed(builder.bytes, .dataCount)
        builder.dataCount = nil
        builder.addFunction(code: [0xFC, 0x09, 0x00])
        expectMalformed(builder.bytes, .dataCountRequired)
    }

    @Test func code() {
        expectMalformed(oneFunction(code: [0x06]), .opcode(prefix: 0, code: 6), at: 23)
        expectMalformed(oneFunction(code: [0xFF]), .opcode(prefix: 0, code: 0xFF), at: 23)
        expectMalformed(oneFunction(code: [0xFC, 0x12]), .opcode(prefix: 0xFC, code: 0x12), at: 23)
        expectMalformed(oneFunction(code: [0x02, 0x40]), .endExpected, at: 26)
        expectMalformed(oneFunction(code: [0x0B]), .sectionSize, at: 24)
        expectMalformed(oneFunction(code: [0x05]), .endExpected, at: 23)
        expectMalformed(oneFunction(code: [0x41]), .endExpected, at: 25)
        expectMalformed(oneFunction(code: [0x44, 0, 0]), .unexpectedEnd, at: 24)
        var builder = ModuleBuilder()
        builder.memories = [[0x00, 0x01]]
        builder.addFunction(code: [0x3F, 0x01, 0x1A])
        expectMalformed(builder.bytes, .zeroByte(1))
        builder.bodies = [[0x00, 0x41, 0x00, 0x28, 0x20, 0x00, 0x1A, 0x0B]]
        expectMalformed(builder.bytes, .memoryFlags(32))
        builder.bodies = []
        expectMalformed(builder.bytes, .functionCount)
        builder.bodies = [[0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 0x01, 0x7F, 0x0B]]
        expectMalformed(builder.bytes, .tooManyLocals)
    }

    /// Counts that the bytes left cannot hold are refused before anything is allocated for them.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 9, 10, 11] as [UInt8])
    func enormousCounts(section: UInt8) {
        let contents: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]
        expectMalformed(withSections([section] + sized(contents)), .unexpectedEnd, at: 10)
    }

    @Test func enormousCountsInCode() {
        expectMalformed(
            oneFunction(code: [0x41, 0x00, 0x0E, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00]), .unexpectedEnd, at: 26)
        expectMalformed(oneFunction(code: [0x1C, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), .unexpectedEnd, at: 24)
    }

    @Test func opcodesOfTheTableAreAllDecoded() {
        // An instruction that has a row but no rule would stop the program, not refuse the module.
        for code in 0...0xFF as ClosedRange<UInt8> where code != 0xFC {
            _ = try? Module(oneFunction(code: [0x00, code, 0, 0, 0, 0, 0, 0, 0, 0]))
        }
        for code in 0..<0x20 as Range<UInt8> {
            var builder = ModuleBuilder()
            builder.memories = [[0x00, 0x01]]
            builder.tables = [[0x70, 0x00, 0x01]]
            builder.elements = [[0x01, 0x00, 0x00]]
            builder.dataCount = 1
            builder.data = [[0x01, 0x00]]
            builder.addFunction(code: [0x00, 0xFC, code, 0, 0])
            _ = try? Module(builder.bytes)
        }
    }
}
