internal import HostSystem
internal import LibC

/// The values that Go holds, and the 64-bit references by which it names them.
///
/// A reference that is a number is that number. Others are NaNs with an id in the low half and a type flag in the high
/// one. Equal values have equal references for as long as Go holds one: objects and symbols note their id themselves,
/// strings are found by their contents.
final class ReferenceTable {
    private let abi: GoABI
    private var slots: UnsafeMutablePointer<Slot>
    private var capacity: UInt32 = 1024
    private(set) var count: UInt32
    /// The ids that are free, the last freed one last.
    @exclusivity(unchecked)
    private var freeIDs: ContiguousArray<UInt32> = []
    @exclusivity(unchecked)
    private var stringIDs = StringIDTable()
    private var charge = Charge()

    private struct Slot {
        var value: JSValue
        var count: UInt32
    }

    /// The high half of references that are no numbers.
    private static let nanHead: UInt64 = 0x7FF8_0000 << 32
    /// The count of references that are never freed.
    private static let forever = UInt32.max

    /// Ids that mean the same in all versions.
    enum PredefinedID {
        static let nan: UInt32 = 0
        /// `undefined` in 1.11, the number 0 from then on.
        static let zero: UInt32 = 1
        static let null: UInt32 = 2
        static let `true`: UInt32 = 3
        static let `false`: UInt32 = 4
        static let global: UInt32 = 5
    }

    /// Makes the table that a new Go instance has: `memory` is what 1.11 and 1.12 know as the exported memory.
    init(_ abi: GoABI, global: JSObject, memory: JSObject, goInstance: JSObject) {
        self.abi = abi
        slots = UnsafeMutablePointer<Slot>.allocate(capacity: Int(capacity))
        var predefined: [JSValue] = [
            .number(.nan), abi.zeroIsUndefined ? .number(0.0) : .undefined, .null, .boolean(true), .boolean(false),
            .object(global),
        ]
        if abi.hasMemoryReference { predefined.append(.object(memory)) }
        predefined.append(.object(goInstance))
        if abi.predefinedObjectsKeepTheirIDs {
            global.referenceID = PredefinedID.global
            goInstance.referenceID = UInt32(predefined.count - 1)
        }
        count = UInt32(predefined.count)
        for (id, value) in predefined.enumerated() {
            (slots + id).initialize(to: Slot(value: value, count: Self.forever))
        }
    }

    deinit {
        slots.deinitialize(count: Int(count))
        slots.deallocate()
        charge.close()
    }

    /// The value that a reference names; `undefined` for ids that nobody has given out.
    @inline(__always)
    func load(_ reference: UInt64) -> JSValue {
        let number = Double(bitPattern: reference)
        if number == 0, abi.zeroIsUndefined { return .undefined }
        if !number.isNaN { return .number(number) }
        let id = UInt32(truncatingIfNeeded: reference)
        return id < count ? slots[Int(id)].value : .undefined
    }

    /// The reference for a value; counts as one more that Go holds.
    @inline(__always)
    func store(_ value: JSValue) -> UInt64 {
        switch value {
        case .number(let number):
            if number.isNaN { return Self.nanHead | UInt64(PredefinedID.nan) }
            if number == 0, abi.zeroIsUndefined { return Self.nanHead | UInt64(PredefinedID.zero) }
            return number.bitPattern
        case .undefined: return abi.zeroIsUndefined ? 0 : Self.nanHead | UInt64(PredefinedID.zero)
        case .null: return Self.nanHead | UInt64(PredefinedID.null)
        case .boolean(let flag): return Self.nanHead | UInt64(flag ? PredefinedID.true : PredefinedID.false)
        case .object(let object):
            if object.referenceID == 0 { object.referenceID = add(value) } else { retain(object.referenceID) }
            let flag = abi.objectTypeFlag + (object.kind == .function ? 3 : 0)
            return Self.reference(object.referenceID, flag: flag)
        case .string(let string): return Self.reference(id(of: string), flag: abi.objectTypeFlag + 1)
        case .symbol(let symbol):
            if symbol.referenceID == 0 { symbol.referenceID = add(value) } else { retain(symbol.referenceID) }
            return Self.reference(symbol.referenceID, flag: abi.objectTypeFlag + 2)
        }
    }

    @inline(__always)
    private static func reference(_ id: UInt32, flag: UInt32) -> UInt64 { nanHead | UInt64(flag) << 32 | UInt64(id) }

    /// Gives up one reference that Go held; the last one frees the id.
    func release(_ reference: UInt64) {
        let id = UInt32(truncatingIfNeeded: reference)
        guard abi.countsReferences, id < count, slots[Int(id)].count != 0, slots[Int(id)].count != Self.forever else {
            return
        }
        slots[Int(id)].count -= 1
        guard slots[Int(id)].count == 0 else { return }
        switch slots[Int(id)].value {
        case .object(let object): object.referenceID = 0
        case .symbol(let symbol): symbol.referenceID = 0
        case .string(let string):
            stringIDs.remove(string, id: id)
            string.referenceID = 0
        default: break
        }
        slots[Int(id)].value = .null
        freeIDs.append(id)
    }

    @inline(__always)
    private func retain(_ id: UInt32) {
        if slots[Int(id)].count < Self.forever - 1 { slots[Int(id)].count += 1 }
    }

    private func id(of string: JSString) -> UInt32 {
        if string.referenceID != 0 {
            retain(string.referenceID)
            return string.referenceID
        }
        if let id = stringIDs.find(string, valueAt: { self.slots[Int($0)].value }) {
            retain(id)
            return id
        }
        let id = add(.string(string))
        string.referenceID = id
        stringIDs.insert(string, id: id)
        return id
    }

    private func add(_ value: JSValue) -> UInt32 {
        let initial: UInt32 = 1
        if let id = freeIDs.popLast() {
            slots[Int(id)] = Slot(value: value, count: initial)
            return id
        }
        if count == capacity { grow() }
        (slots + Int(count)).initialize(to: Slot(value: value, count: initial))
        count += 1
        return count - 1
    }

    private func grow() {
        let wider = UnsafeMutablePointer<Slot>.allocate(capacity: Int(capacity) * 2)
        wider.moveInitialize(from: slots, count: Int(count))
        slots.deallocate()
        slots = wider
        capacity *= 2
        // With the tables of free ids and of strings.
        charge.resize(to: Int(capacity) * (MemoryLayout<Slot>.stride + 24))
    }

    /// How many ids there are that are not free, the predefined ones included.
    var heldCount: Int { Int(count) - freeIDs.count }

    /// How many ids Go holds besides the predefined ones; for tests.
    var liveCount: Int { (0..<Int(count)).count { slots[$0].count != 0 && slots[$0].count != Self.forever } }
}

/// The ids of strings by their contents: open addressing, with the hash beside the id.
struct StringIDTable {
    private struct Place {
        var hash: UInt32
        /// 0 for an empty place, ``removed`` for one that was used.
        var id: UInt32
    }

    private static let removed = UInt32.max
    private var places = ContiguousArray(repeating: Place(hash: 0, id: 0), count: 256)
    private var used = 0
    private var live = 0

    private static func hash(_ string: JSString) -> UInt32 { UInt32(truncatingIfNeeded: string.contentHash) }

    func find(_ string: JSString, valueAt: (UInt32) -> JSValue) -> UInt32? {
        let hash = Self.hash(string)
        var at = Int(hash) & (places.count - 1)
        while places[at].id != 0 {
            if places[at].hash == hash, places[at].id != Self.removed, case .string(let known) = valueAt(places[at].id),
                known == string
            {
                return places[at].id
            }
            at = (at + 1) & (places.count - 1)
        }
        return nil
    }

    mutating func insert(_ string: JSString, id: UInt32) {
        if (used + 1) * 2 > places.count { rebuild() }
        put(Place(hash: Self.hash(string), id: id))
        live += 1
    }

    private mutating func put(_ place: Place) {
        var at = Int(place.hash) & (places.count - 1)
        while places[at].id != 0 { at = (at + 1) & (places.count - 1) }
        places[at] = place
        used += 1
    }

    mutating func remove(_ string: JSString, id: UInt32) {
        var at = Int(Self.hash(string)) & (places.count - 1)
        while places[at].id != 0 {
            if places[at].id == id {
                places[at].id = Self.removed
                live -= 1
                return
            }
            at = (at + 1) & (places.count - 1)
        }
    }

    private mutating func rebuild() {
        let old = places
        var size = 256
        while size < live * 4 { size *= 2 }
        places = ContiguousArray(repeating: Place(hash: 0, id: 0), count: size)
        used = 0
        for place in old where place.id != 0 && place.id != Self.removed { put(place) }
    }
}
