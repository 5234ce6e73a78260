extension MalformedModule {
    /// A rule of the binary format (chapter 5); `description` is the wording of the specification's tests.
    public enum Reason: Hashable, Sendable {
        /// The module, a section or a function ends before what it must contain.
        case unexpectedEnd
        /// The first four bytes are not `\0asm`.
        case magicHeader
        /// The version is not 1.
        case version
        /// No section has this number.
        case sectionID(UInt8)
        /// A section comes twice or after one that must follow it.
        case sectionOrder
        /// A section's contents are shorter than its declared size.
        case sectionSize
        /// A declared length exceeds the bytes that are left.
        case lengthOutOfBounds
        /// An integer has more bytes than its type can need (section 5.2.2).
        case integerTooLong
        /// An integer has bits beyond its type.
        case integerTooLarge
        /// A name is not UTF-8.
        case utf8
        /// The function section and the code section disagree on the number of functions.
        case functionCount
        /// The data count section and the data section disagree on the number of segments.
        case dataCount
        /// Code names data segments, but the module has no data count section.
        case dataCountRequired
        /// No instruction has this code; prefixed ones have the prefix above the sub-opcode's 32 bits.
        case opcode(prefix: UInt8, code: UInt32)
        /// A reserved byte is not zero.
        case zeroByte(UInt8)
        /// A type doesn't start with the byte of function types.
        case functionType(UInt8)
        /// No value type has this byte.
        case valueType(UInt8)
        /// No reference type has this byte.
        case referenceType(UInt8)
        /// A block type is neither empty nor a value type nor an index.
        ///
        /// The byte where it is one.
        case blockType(UInt8?)
        /// The flags of a table's or memory's limits are neither 0 nor 1.
        case limitsFlags(UInt8)
        /// A mutability is neither 0 nor 1.
        case mutability(UInt8)
        /// No kind of import has this byte.
        case importKind(UInt8)
        /// No kind of export has this byte.
        case exportKind(UInt8)
        /// No form of element segment has this number.
        case elementSegmentKind(UInt32)
        /// The elements of a segment are of an unknown kind.
        case elementKind(UInt8)
        /// No form of data segment has this number.
        case dataSegmentKind(UInt32)
        /// The alignment of a memory access has reserved bits.
        case memoryFlags(UInt32)
        /// A function declares more than 2^32 - 1 locals.
        case tooManyLocals
        /// A function's code doesn't stop with the `end` that closes it.
        case endExpected
    }
}

extension MalformedModule.Reason: CustomStringConvertible {
    /// The specification's words, with the byte at fault.
    public var description: String {
        switch self {
        case .unexpectedEnd: "unexpected end of section or function"
        case .magicHeader: "magic header not detected"
        case .version: "unknown binary version"
        case .sectionID(let byte): "malformed section id \(byte)"
        case .sectionOrder: "unexpected content after last section"
        case .sectionSize: "section size mismatch"
        case .lengthOutOfBounds: "length out of bounds"
        case .integerTooLong: "integer representation too long"
        case .integerTooLarge: "integer too large"
        case .utf8: "malformed UTF-8 encoding"
        case .functionCount: "function and code section have inconsistent lengths"
        case .dataCount: "data count and data section have inconsistent lengths"
        case .dataCountRequired: "data count section required"
        case .opcode(0, let code): "illegal opcode \(hexadecimal(code))"
        case .opcode(let prefix, let code): "illegal opcode \(hexadecimal(UInt32(prefix))) \(hexadecimal(code))"
        case .zeroByte: "zero byte expected"
        case .functionType(let byte): "malformed function type \(hexadecimal(UInt32(byte)))"
        case .valueType(let byte): "malformed value type \(hexadecimal(UInt32(byte)))"
        case .referenceType(let byte): "malformed reference type \(hexadecimal(UInt32(byte)))"
        case .blockType: "malformed block type"
        case .limitsFlags: "integer too large"
        case .mutability(let byte): "malformed mutability \(byte)"
        case .importKind(let byte): "malformed import kind \(byte)"
        case .exportKind(let byte): "malformed export kind \(byte)"
        case .elementSegmentKind(let kind): "malformed elements segment kind \(kind)"
        case .elementKind(let byte): "malformed element kind \(byte)"
        case .dataSegmentKind(let kind): "malformed data segment kind \(kind)"
        case .memoryFlags: "malformed memop flags"
        case .tooManyLocals: "too many locals"
        case .endExpected: "END opcode expected"
        }
    }
}

/// A code of the binary format as the specification writes it, such as `0x0b`.
func hexadecimal(_ code: UInt32) -> String {
    let digits = String(code, radix: 16)
    return digits.count < 2 ? "0x0\(digits)" : "0x\(digits)"
}
