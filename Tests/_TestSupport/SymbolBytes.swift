public import WasmFrontend

/// A number of 32 bits, the lowest byte first.
public func word(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

/// Line tables of DWARF: right ones, which tests damage, of one row, the line 7 of `/d/a.c`.
public enum LineTableBytes {
    /// Sets the address 0 and the line 7, adds a row, advances by 100 bytes and ends the sequence.
    public static let program: [UInt8] = [0, 5, 2, 0, 0, 0, 0, 3, 6, 1, 2, 100, 0, 1, 1]

    /// What `.debug_line_str` has.
    public static let strings = Array("/d\0\0a.c\0".utf8)

    /// A unit with these tables of folders and files, and a program, in version 4 or 5.
    public static func unit(version: UInt8, tables: [UInt8], program: [UInt8] = program) -> [UInt8] {
        // Each instruction is a byte; lines begin at -5, have a range of 14; opcodes from 13 on are special.
        let header: [UInt8] = [1, 1, 1, 0xFB, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1] + tables
        let start = [version, 0] + (version == 5 ? [4, 0] : []) + word(header.count)
        return word(start.count + header.count + program.count) + start + header + program
    }

    /// The tables of version 4: a folder, and so many times a file in it.
    public static func oldTables(folder: [UInt8] = Array("/d".utf8), files: Int = 1) -> [UInt8] {
        let file = name("a.c").dropFirst() + [0, 1, 0, 0]
        return folder + [0, 0] + repeatElement(file, count: files).joined() + [0]
    }

    /// The tables of version 5: a folder and a file whose names are in ``strings``, where they begin at 0 and 4.
    public static func tables(entries: [UInt8] = [1, 1, 0x1F]) -> [UInt8] {
        // The file 1 is the one that rows begin with.
        entries + unsigned(1) + word(0) + [2, 1, 0x1F, 2, 0x0B] + unsigned(2) + word(4) + [0] + word(4) + [0]
    }
}

extension ModuleBuilder {
    /// A module with a function and line tables in `.debug_line`, whose strings are in `.debug_line_str`.
    public static func module(lines: [UInt8], strings: [UInt8] = []) throws -> Module {
        var builder = ModuleBuilder()
        builder.addFunction()
        builder.customSections = [(".debug_line", lines), (".debug_line_str", strings)]
        return try Module(ModuleBytes(builder.bytes))
    }

    /// A module of so many functions with one run of data, as Go's programs have their tables in.
    public static func module(data: [UInt8], at address: Int, functions: Int) throws -> Module {
        var builder = ModuleBuilder()
        for _ in 0..<functions { builder.addFunction() }
        builder.memories = [[0x00] + unsigned(1024)]
        builder.data = [[0x00, 0x41] + signed(Int64(address)) + [0x0B] + sized(data)]
        return try Module(ModuleBytes(builder.bytes), codeValidation: .onFirstCall)
    }
}
