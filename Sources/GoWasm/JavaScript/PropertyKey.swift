internal import HostSystem
internal import LibC

/// The key of a property, in one word: comparing keys compares words.
///
/// ```
/// 00 atom    the number of an interned string
/// 01 index   an array index below 2^30: "7" and 7 are the same key
/// 1  symbol  the number of a symbol
/// ```
struct PropertyKey: Hashable {
    var bits: UInt32

    private static let symbolBit: UInt32 = 1 << 31
    private static let indexBit: UInt32 = 1 << 30
    /// Integers below this are indices.
    static let indexLimit = 1 << 30

    init(atom: UInt32) { bits = atom }
    init(symbol: UInt32) { bits = symbol | Self.symbolBit }
    init(index: Int) { bits = UInt32(truncatingIfNeeded: index) | Self.indexBit }

    /// No property's key, as there are fewer symbols.
    static let vacant = PropertyKey(bits: .max)

    private init(bits: UInt32) { self.bits = bits }

    @inline(__always)
    var isSymbol: Bool { bits & Self.symbolBit != 0 }
    /// The array index that this key is.
    @inline(__always)
    var index: Int? { bits & (Self.symbolBit | Self.indexBit) == Self.indexBit ? Int(bits & ~Self.indexBit) : nil }
    /// The number of the symbol.
    var symbolNumber: Int? { isSymbol ? Int(bits & ~Self.symbolBit) : nil }
    /// The number of the interned string.
    var atom: Int? { bits & (Self.symbolBit | Self.indexBit) == 0 ? Int(bits) : nil }
}

/// The strings that are property keys, each once.
///
/// Looking up the guest's bytes makes no string: a key that nobody ever set names no property. The tables are managed
/// by hand, because every property that Go reads is looked for here: arrays would pay for reference counts and checks
/// of exclusive access.
final class InternTable {
    /// The bytes of an interned string; ``strings`` keeps them.
    private struct Entry {
        var bytes: UnsafePointer<UInt8>
        var count: Int
        var hash: UInt64
    }

    private struct Tables {
        /// By atom.
        var entries: UnsafeMutablePointer<Entry>
        var count = 0
        var capacity = 512
        /// Open addressing: atom + 1, or 0 for an empty place.
        var places: UnsafeMutablePointer<UInt32>
        var mask = 2047
    }

    /// The strings by their atoms.
    private(set) var strings: ContiguousArray<JSString> = []
    private let tables: UnsafeMutablePointer<Tables>
    private var nextSymbol: UInt32 = 0
    private var charge = Charge()

    init() {
        tables = .allocate(capacity: 1)
        tables.initialize(to: Tables(entries: .allocate(capacity: 512), places: .allocate(capacity: 2048)))
        tables.pointee.places.initialize(repeating: 0, count: 2048)
    }

    deinit {
        charge.close()
        tables.pointee.entries.deallocate()
        tables.pointee.places.deallocate()
        tables.deallocate()
    }

    /// The key for the property named by ASCII or WTF-8 bytes, if any string equal to it has been interned.
    func lookUp(_ bytes: UnsafeRawBufferPointer) -> PropertyKey? {
        if let index = Self.arrayIndex(bytes) { return PropertyKey(index: index) }
        return find(bytes, hash: ByteHash.hash(bytes)).atom.map { PropertyKey(atom: $0) }
    }

    /// The key for the property named by bytes that are WTF-8; interns them when they are new.
    func intern(_ bytes: UnsafeRawBufferPointer, isASCII: Bool) -> PropertyKey {
        if let index = Self.arrayIndex(bytes) { return PropertyKey(index: index) }
        let hash = ByteHash.hash(bytes)
        let (atom, place) = find(bytes, hash: hash)
        if let atom { return PropertyKey(atom: atom) }
        return insert(JSString.make(wtf8: bytes, isASCII: isASCII), hash: hash, place: place)
    }

    func intern(_ string: JSString) -> PropertyKey {
        if let index = string.withBytes({ Self.arrayIndex($0) }) { return PropertyKey(index: index) }
        let hash = string.contentHash
        let (atom, place) = string.withBytes { find($0, hash: hash) }
        if let atom { return PropertyKey(atom: atom) }
        // What is kept for ever keeps no longer string.
        let own = string.isShared ? string.withBytes { JSString.make(wtf8: $0, isASCII: string.isASCII) } : string
        return insert(own, hash: hash, place: place)
    }

    func intern(_ text: StaticString) -> PropertyKey {
        intern(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), isASCII: text.isASCII)
    }

    /// A key for a new symbol.
    func makeSymbolKey() -> PropertyKey {
        nextSymbol += 1
        return PropertyKey(symbol: nextSymbol)
    }

    /// The string that a key stands for; nil for symbols.
    func string(_ key: PropertyKey) -> JSString? {
        if let atom = key.atom { return strings[atom] }
        return key.index.map { JSString.make(String($0)) }
    }

    /// The array index that a key is (ECMA-262, 6.1.7), which may be one above ``PropertyKey/indexLimit``: up to 2^32 - 2.
    func arrayIndex(_ key: PropertyKey) -> Int? {
        guard let atom = key.atom else { return key.index }
        let entry = tables.pointee.entries[atom]
        // Lesser ones are no atoms.
        guard entry.count == 10, let index = Self.number(UnsafeRawBufferPointer(start: entry.bytes, count: 10)) else {
            return nil
        }
        return index < Self.arrayIndexLimit ? index : nil
    }

    /// Array indices are below this.
    private static let arrayIndexLimit = Int(UInt32.max)

    @inline(__always)
    private func find(_ bytes: UnsafeRawBufferPointer, hash: UInt64) -> (atom: UInt32?, place: Int) {
        let mask = tables.pointee.mask
        let places = tables.pointee.places
        let entries = tables.pointee.entries
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let atom = places[place] &- 1
            if atom == .max { return (nil, place) }
            let entry = entries + Int(atom)
            if entry.pointee.hash == hash, entry.pointee.count == bytes.count,
                bytes.count == 0 || memcmp(entry.pointee.bytes, bytes.baseAddress.unsafelyUnwrapped, bytes.count) == 0
            {
                return (atom, place)
            }
            place = (place &+ 1) & mask
        }
    }

    private func insert(_ string: JSString, hash: UInt64, place: Int) -> PropertyKey {
        let atom = tables.pointee.count
        if atom == tables.pointee.capacity { growEntries() }
        strings.append(string)
        (tables.pointee.entries + atom).initialize(to: Entry(bytes: string.start, count: string.byteCount, hash: hash))
        tables.pointee.count += 1
        tables.pointee.places[place] = UInt32(atom) + 1
        if tables.pointee.count * 2 > tables.pointee.mask { growPlaces() }
        return PropertyKey(atom: UInt32(atom))
    }

    private func growEntries() {
        let wider = UnsafeMutablePointer<Entry>.allocate(capacity: tables.pointee.capacity * 2)
        wider.moveInitialize(from: tables.pointee.entries, count: tables.pointee.count)
        tables.pointee.entries.deallocate()
        tables.pointee.entries = wider
        tables.pointee.capacity *= 2
        noteSize()
    }

    /// Charges the tables.
    private func noteSize() {
        charge.resize(
            to: tables.pointee.capacity * (MemoryLayout<Entry>.stride + MemoryLayout<JSString>.stride)
                + (tables.pointee.mask + 1) * MemoryLayout<UInt32>.stride)
    }

    private func growPlaces() {
        let size = (tables.pointee.mask + 1) * 4
        let wider = UnsafeMutablePointer<UInt32>.allocate(capacity: size)
        wider.initialize(repeating: 0, count: size)
        for atom in 0..<tables.pointee.count {
            var place = Int(truncatingIfNeeded: tables.pointee.entries[atom].hash) & (size - 1)
            while wider[place] != 0 { place = (place + 1) & (size - 1) }
            wider[place] = UInt32(atom) + 1
        }
        tables.pointee.places.deallocate()
        tables.pointee.places = wider
        tables.pointee.mask = size - 1
        noteSize()
    }

    /// The array index that bytes spell: decimal, without leading zeros, below 2^30.
    @inline(__always)
    static func arrayIndex(_ bytes: UnsafeRawBufferPointer) -> Int? {
        number(bytes).flatMap { $0 < PropertyKey.indexLimit ? $0 : nil }
    }

    /// The number that up to ten digits spell: without leading zeros.
    @inline(__always)
    private static func number(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count > 0, bytes.count <= 10, bytes[0] >= 0x30, bytes[0] <= 0x39 else { return nil }
        if bytes[0] == 0x30 { return bytes.count == 1 ? 0 : nil }
        var value = 0
        for byte in bytes {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
