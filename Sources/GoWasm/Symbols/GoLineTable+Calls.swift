/// What Go's table of functions says for walking a goroutine's stack (package runtime's traceback.go).
extension GoLineTable {
    /// The number of the first function of the module in addresses of code (cmd/link/internal/wasm, funcValueOffset).
    private static let firstFunctionNumber: UInt64 = 0x1000
    /// Bits of a function's flags (internal/abi/symtab.go).
    private static let (topFrameFlag, writesStackPointerFlag): (UInt8, UInt8) = (1, 2)
    /// The number of the table of arguments, FUNCDATA_ArgInfo.
    private static let argumentTable: UInt32 = 5

    /// A place in code, as Go writes it: the number of a function, and that of a block in it.
    struct CodeAddress: Hashable, Sendable {
        /// The index of the function in the module.
        var function: Int
        /// The number of the block, up to 65,535.
        var block: Int
    }

    /// What an address of Go's means; nil where it leads to no function of the table.
    func codeAddress(_ pc: UInt64) -> CodeAddress? {
        let number = pc >> 16
        guard number >= Self.firstFunctionNumber, number < Self.firstFunctionNumber + UInt64(descriptions.count) else {
            return nil
        }
        let function = Int(clamping: number - Self.firstFunctionNumber) + importedFunctionCount
        return description(function) == nil ? nil : CodeAddress(function: function, block: Int(pc & 0xFFFF))
    }

    /// How many bytes of its stack a function has taken at a block, without the return address; nil where the table does
    /// not say.
    func stackBytes(_ address: CodeAddress) -> Int? {
        guard let table = sizesTable(ofFunction: address.function),
            let bytes = value(at: address.block, table: table - layout.values), bytes >= 0, bytes % 8 == 0
        else { return nil }
        return bytes
    }

    /// Where in the image it is said how many bytes of stack a function has taken, by block; nil where that is not said.
    func sizesTable(ofFunction function: Int) -> Int? {
        guard let description = description(function), let table = image.word(description + layout.entrySize + 12),
            table != 0
        else { return nil }
        return layout.values + Int(table)
    }

    /// Whether nobody called the function that has a goroutine's outermost frame, or its callers cannot be found, as it
    /// goes over to another stack.
    func endsStack(_ function: Int) -> Bool {
        guard let flags = byte(function, before: 3) else { return true }
        return flags & (Self.topFrameFlag | Self.writesStackPointerFlag) != 0
    }

    /// The number that Go's runtime knows a function by; 0 for ordinary ones.
    func specialNumber(ofFunction function: Int) -> UInt8 { byte(function, before: 4) ?? 0 }

    /// A byte before the numbers of a function's further tables.
    private func byte(_ function: Int, before distance: Int) -> UInt8? {
        guard let description = description(function), let inlining else { return nil }
        let place = inlining.tables(description) - distance
        return image.bytes.indices.contains(place) ? image.bytes[place] : nil
    }

    /// How a function's arguments are printed: bytes up to `endOfArguments` that runtime.printArgs reads; nil where
    /// nothing is said of them.
    func argumentFormat(ofFunction function: Int) -> ArraySlice<UInt8>? {
        guard let description = description(function), let inlining,
            let place = inlining.place(ofData: Self.argumentTable, description, self),
            image.bytes.indices.contains(place)
        else { return nil }
        return image.bytes[place...].prefix(ArgumentFormat.longest)
    }

    /// The table of arguments (internal/abi/type.go, TraceArgs…).
    enum ArgumentFormat {
        static let end: UInt8 = 0xFF
        static let startOfAggregate: UInt8 = 0xFE
        static let endOfAggregate: UInt8 = 0xFD
        static let more: UInt8 = 0xFC
        static let offsetTooLarge: UInt8 = 0xFB
        /// How many bytes one may have: `TraceArgsMaxLen`.
        static let longest = (5 * 3 + 2) * 10 + 1
    }
}
