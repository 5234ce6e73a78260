// The primitives of the binary format (specification, chapter 5), as tests write them.

/// An unsigned number (LEB128).
public func unsigned(_ value: some BinaryInteger) -> [UInt8] {
    var rest = UInt64(value)
    var bytes: [UInt8] = []
    repeat {
        let byte = UInt8(rest & 0x7F)
        rest >>= 7
        bytes.append(rest == 0 ? byte : byte | 0x80)
    } while rest != 0
    return bytes
}

/// A signed number (LEB128).
public func signed(_ value: some BinaryInteger) -> [UInt8] {
    var rest = Int64(value)
    var bytes: [UInt8] = []
    while true {
        let byte = UInt8(truncatingIfNeeded: rest & 0x7F)
        rest >>= 7
        if (rest == 0 && byte & 0x40 == 0) || (rest == -1 && byte & 0x40 != 0) { return bytes + [byte] }
        bytes.append(byte | 0x80)
    }
}

/// A name.
public func name(_ text: String) -> [UInt8] { unsigned(text.utf8.count) + text.utf8 }

/// Entries behind their number.
public func vector(_ entries: [[UInt8]]) -> [UInt8] { unsigned(entries.count) + entries.joined() }

/// Bytes behind their number.
public func sized(_ bytes: [UInt8]) -> [UInt8] { unsigned(bytes.count) + bytes }
