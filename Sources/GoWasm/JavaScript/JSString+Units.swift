/// A string as UTF-16 code units, which is how JavaScript counts: found where they are, without going through all before
/// them. In ASCII a unit is a byte; in other text every 128th one is marked when somebody asks.
extension JSString {
    private static let marked = 128
    /// As many units from an end of a string are walked rather than that all of it is marked: programs take strings to
    /// pieces from their ends, and each rest is a new string.
    private static let walked = 2048

    /// The number of UTF-16 code units: JavaScript's `length`.
    var utf16Count: Int {
        if isASCII { return byteCount }
        guard byteCount >= Self.marked else { return countUnits(0..<byteCount) }
        let details = details
        if details.utf16Count < 0 { details.utf16Count = countUnits(0..<byteCount) }
        return details.utf16Count
    }

    /// The number of code units of a part.
    private func countUnits(_ range: Range<Int>) -> Int {
        withBytes { bytes in
            var count = 0
            // Every code point starts with one byte that is no continuation; those of four bytes are two units.
            for byte in bytes[range] where byte & 0xC0 != 0x80 { count += byte >= 0xF0 ? 2 : 1 }
            return count
        }
    }

    /// Where a code unit begins, in bytes; for the second half of a pair, where the pair does.
    ///
    /// - Precondition: There is such a unit, or it is the end.
    private func place(ofUnit unit: Int) -> (offset: Int, isSecondHalf: Bool) {
        if isASCII { return (unit, false) }
        let isMarked = header.details?.marks.isEmpty == false
        if !isMarked, case let rest = utf16Count - unit, rest < min(unit, Self.walked) {
            return place(ofUnitFromEnd: rest)
        }
        var (offset, at) = (0, 0)
        if unit >= (isMarked ? Self.marked : Self.walked) {
            let marks = marks()
            let mark = min(unit / Self.marked, marks.count) - 1
            (offset, at) = (Int(marks[mark] >> 1), (mark + 1) * Self.marked - Int(marks[mark] & 1))
        }
        return withBytes { bytes in
            while at < unit, offset < bytes.count {
                let length = WTF8.length(bytes[offset])
                if length == 4, at + 1 == unit { return (offset, true) }
                at += length == 4 ? 2 : 1
                offset += length
            }
            return (offset, false)
        }
    }

    /// The same for a unit that has so many behind it, itself included.
    private func place(ofUnitFromEnd rest: Int) -> (offset: Int, isSecondHalf: Bool) {
        withBytes { bytes in
            var (offset, at) = (bytes.count, 0)
            while at < rest {
                offset -= 1
                while bytes[offset] & 0xC0 == 0x80 { offset -= 1 }
                at += bytes[offset] >= 0xF0 ? 2 : 1
            }
            return (offset, at > rest)
        }
    }

    /// Where every 128th code unit begins, from the 128th on: twice the byte, and 1 where the unit is the second half of
    /// the pair there.
    private func marks() -> ContiguousArray<UInt32> {
        let details = details
        guard details.marks.isEmpty else { return details.marks }
        var marks: ContiguousArray<UInt32> = []
        marks.reserveCapacity(byteCount / Self.marked)
        withBytes { bytes in
            var (offset, at) = (0, 0)
            while offset < bytes.count {
                let length = WTF8.length(bytes[offset])
                let units = length == 4 ? 2 : 1
                if at > 0, at % Self.marked == 0 || (units == 2 && (at + 1) % Self.marked == 0) {
                    marks.append(UInt32(offset) << 1 | UInt32(at % Self.marked == 0 ? 0 : 1))
                }
                at += units
                offset += length
            }
            if at > 0, at % Self.marked == 0 { marks.append(UInt32(offset) << 1) }
        }
        details.marks = marks
        return marks
    }

    /// The number of the code unit that begins at a byte.
    func unit(beginningAt offset: Int) -> Int {
        if isASCII { return offset }
        let isMarked = header.details?.marks.isEmpty == false
        guard offset >= (isMarked ? Self.marked : Self.walked) else { return countUnits(0..<offset) }
        let marks = marks()
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(marks[middle] >> 1) <= offset { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return countUnits(0..<offset) }
        let mark = marks[low - 1]
        return low * Self.marked - Int(mark & 1) + countUnits(Int(mark >> 1)..<offset)
    }

    /// A code unit; nil where there is none.
    func unit(at index: Int) -> UInt16? {
        guard index >= 0, index < utf16Count else { return nil }
        if isASCII { return UInt16(start[index]) }
        let (offset, isSecondHalf) = place(ofUnit: index)
        let units = WTF8.units(start + offset)
        return isSecondHalf ? units.1 : units.0
    }

    /// A part of the string, by code units.
    ///
    /// - Precondition: The range lies within the string.
    func substring(_ range: Range<Int>) -> JSString {
        if isASCII { return part(range) }
        if range.isEmpty { return JSString.make("") }
        let (first, last) = (place(ofUnit: range.lowerBound), place(ofUnit: range.upperBound))
        guard first.isSecondHalf || last.isSecondHalf else {
            let part = part(first.offset..<last.offset)
            if part.isShared, !part.isASCII { part.details.utf16Count = range.count }
            return part
        }
        // Halves of pairs stand alone from now on: their bytes are others, so the string is copied.
        let text = WTF8.Builder(reserving: last.offset - first.offset + 3)
        if first.isSecondHalf {
            text.append(JSString.make(utf16: CollectionOfOne(WTF8.units(start + first.offset).1)))
        }
        let middle = first.isSecondHalf ? first.offset + 4 : first.offset
        if middle < last.offset {
            text.append(UnsafeRawBufferPointer(start: start + middle, count: last.offset - middle))
        }
        if last.isSecondHalf, !first.isSecondHalf || first.offset < last.offset {
            text.append(JSString.make(utf16: CollectionOfOne(WTF8.units(start + last.offset).0)))
        }
        let result = text.withBytes { JSString.make(wtf8: $0, isASCII: text.isASCII) }
        if result.byteCount >= Self.marked { result.details.utf16Count = range.count }
        return result
    }

    /// Whether the string ends with half of a pair that another one could complete.
    var endsWithHighSurrogate: Bool {
        byteCount >= 3 && start[byteCount - 3] == 0xED && start[byteCount - 2] & 0xF0 == 0xA0
    }
    /// Whether the string begins with half of a pair that completes another one.
    var beginsWithLowSurrogate: Bool { byteCount >= 3 && start[0] == 0xED && start[1] >= 0xB0 }

    /// Whether bytes are found just where code units are: not where half of a pair is looked for.
    private var canBeFoundByBytes: Bool {
        isASCII || withBytes { bytes in !zip(bytes, bytes.dropFirst()).contains { $0 == 0xED && $1 >= 0xA0 } }
    }

    /// Where another string first occurs from a code unit on.
    func firstUnit(of wanted: JSString, from start: Int, _ realm: JSRealm) throws(JSFailure) -> Int? {
        guard wanted.canBeFoundByBytes else {
            return try TextSearch(realm.units(.string(wanted)), realm).first(
                in: realm.units(.string(self)), from: start)
        }
        guard wanted.byteCount > 0 else { return start }
        // (From the second half of a pair on nothing is found in the pair.)
        let place = place(ofUnit: start)
        let from = place.isSecondHalf ? place.offset + 4 : place.offset
        guard wanted.byteCount <= byteCount - from else { return nil }
        return try TextSearch(wanted.bytes, realm)
            .first(in: UnsafeBufferPointer(start: self.start, count: byteCount), from: from)
            .map { unit(beginningAt: $0) }
    }

    /// Whether another string stands at a code unit.
    func has(_ other: JSString, at index: Int) -> Bool {
        let count = other.utf16Count
        guard index >= 0, count <= utf16Count - index else { return false }
        return substring(index..<index + count) == other
    }
}

extension WTF8 {
    /// How many bytes the code point has that begins with a byte.
    @inline(__always)
    static func length(_ first: UInt8) -> Int { first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4 }

    /// The code unit of a code point, or both.
    static func units(_ bytes: UnsafePointer<UInt8>) -> (UInt16, UInt16) {
        let units = utf16(of: UnsafeRawBufferPointer(start: bytes, count: length(bytes[0])))
        return (units[0], units.count > 1 ? units[1] : units[0])
    }
}
