internal import CHostSystem

/// What may be done to a property.
struct PropertyAttributes: OptionSet {
    let rawValue: UInt8
    static let writable = PropertyAttributes(rawValue: 1)
    static let enumerable = PropertyAttributes(rawValue: 2)
    static let configurable = PropertyAttributes(rawValue: 4)
    /// The value is a ``JSAccessor``.
    static let accessor = PropertyAttributes(rawValue: 8)

    /// Of a property that was simply assigned.
    static let assigned: PropertyAttributes = [.writable, .enumerable, .configurable]
    /// Of a built-in method.
    static let builtIn: PropertyAttributes = [.writable, .configurable]
}

/// The named properties of one object, in the order of their creation.
///
/// Of a table with an index, what is removed leaves a vacant slot, whose key is ``PropertyKey/vacant`` and no other's;
/// the table closes up when more slots are vacant than not.
///
/// Small tables are searched from front to back; from nine properties on there is an index by key. The memory is
/// managed by hand: an array would pay for reference counts and uniqueness checks at each access. The object that
/// owns the table calls ``close(ownerSize:)`` when it goes.
struct PropertyTable {
    struct Slot {
        var key: PropertyKey
        var attributes: PropertyAttributes
        var value: JSValue
    }

    private(set) var slots: UnsafeMutablePointer<Slot>?
    /// The number of slots, vacant ones included.
    private(set) var count: Int32 = 0
    private var vacantCount: Int32 = 0
    /// The number of properties.
    var propertyCount: Int { Int(count - vacantCount) }
    private var capacity: Int32 = 0
    /// Open addressing: slot number + 1, or 0; nil while the table is small.
    private var index: UnsafeMutablePointer<Int32>?
    private var indexMask: UInt32 = 0
    /// What the object and its table are charged to, and whatever else it has of variable size.
    let account: UnsafeMutablePointer<GWAccount>?

    /// An empty table of an object that takes so many bytes.
    init(ownerSize: Int) { account = gw_account_open(ownerSize) }

    /// The size of the memory behind the table.
    private var byteCount: Int {
        Int(capacity) * MemoryLayout<Slot>.stride
            + (index == nil ? 0 : (Int(indexMask) + 1) * MemoryLayout<Int32>.stride)
    }

    /// Whether there is no room left for another property.
    var isFull: Bool { count == capacity }

    private static let unindexedLimit: Int32 = 8

    /// The number of the slot of a property, or -1.
    @inline(__always)
    func find(_ key: PropertyKey) -> Int {
        guard let slots else { return -1 }
        guard let index else {
            var slot = 0
            while slot < Int(count) {
                if slots[slot].key == key { return slot }
                slot += 1
            }
            return -1
        }
        var place = Self.hash(key) & indexMask
        while true {
            let entry = index[Int(place)]
            if entry == 0 { return -1 }
            if slots[Int(entry) - 1].key == key { return Int(entry) - 1 }
            place = (place + 1) & indexMask
        }
    }

    @inline(__always)
    private static func hash(_ key: PropertyKey) -> UInt32 { key.bits &* 0x9E37_79B1 >> 7 }

    @inline(__always)
    subscript(slot: Int) -> Slot {
        unsafeAddress { UnsafePointer(slots! + slot) }
        nonmutating unsafeMutableAddress { slots! + slot }
    }

    /// Adds a property that is not in the table.
    mutating func append(_ key: PropertyKey, _ value: JSValue, _ attributes: PropertyAttributes) {
        if count == capacity {
            if vacantCount > count / 4 { closeUp() } else { reserve(max(4, capacity * 2)) }
        }
        (slots! + Int(count)).initialize(to: Slot(key: key, attributes: attributes, value: value))
        count += 1
        if index != nil, UInt32(count) * 2 <= indexMask {
            insertIntoIndex(count - 1)
        } else if count > Self.unindexedLimit {
            rebuildIndex()
        }
    }

    /// Makes room for properties.
    mutating func reserve(_ wanted: Int32) {
        guard wanted > capacity else { return }
        gw_account_resize(
            account, Int64(wanted - capacity) * Int64(MemoryLayout<Slot>.stride),
            UInt64(wanted) * UInt64(MemoryLayout<Slot>.stride))
        let wider = UnsafeMutablePointer<Slot>.allocate(capacity: Int(wanted))
        if let slots {
            wider.moveInitialize(from: slots, count: Int(count))
            slots.deallocate()
        }
        slots = wider
        capacity = wanted
    }

    /// Puts properties before all others, but for those that are there already.
    mutating func prepend(_ new: [Slot]) {
        let new = new.filter { find($0.key) < 0 }
        reserve(count + Int32(new.count))
        guard let slots, !new.isEmpty else { return }
        if count > 0 { (slots + new.count).moveInitialize(from: slots, count: Int(count)) }
        for (place, slot) in new.enumerated() { (slots + place).initialize(to: slot) }
        count += Int32(new.count)
        if index != nil || count > Self.unindexedLimit { rebuildIndex() }
    }

    mutating func remove(at slot: Int) {
        guard let slots else { return }
        // Released when the table is in order again: what goes may run code that looks at it.
        let removed = (slots + slot).move()
        defer { withExtendedLifetime(removed) {} }
        if index != nil {
            (slots + slot).initialize(to: Slot(key: .vacant, attributes: [], value: .undefined))
            vacantCount += 1
            if vacantCount > count / 2 { closeUp() }
            return
        }
        let behind = Int(count) - slot - 1
        if behind > 0 { (slots + slot).moveInitialize(from: slots + slot + 1, count: behind) }
        count -= 1
    }

    /// Removes vacant slots.
    private mutating func closeUp() { removeAll { _ in false } }

    /// Removes all properties that are said to go, in one pass.
    mutating func removeAll(where isGoing: (PropertyKey) -> Bool) {
        guard let slots else { return }
        var kept = 0
        for slot in 0..<Int(count) {
            if slots[slot].key == .vacant || isGoing(slots[slot].key) {
                (slots + slot).deinitialize(count: 1)
            } else {
                if kept < slot { (slots + kept).moveInitialize(from: slots + slot, count: 1) }
                kept += 1
            }
        }
        guard kept < Int(count) else { return }
        count = Int32(kept)
        vacantCount = 0
        if index != nil { rebuildIndex() }
    }

    private func insertIntoIndex(_ slot: Int32) {
        guard let index, let slots else { return }
        var place = Self.hash(slots[Int(slot)].key) & indexMask
        while index[Int(place)] != 0 { place = (place + 1) & indexMask }
        index[Int(place)] = slot + 1
    }

    private mutating func rebuildIndex() {
        let before = byteCount
        index?.deallocate()
        index = nil
        guard count > Self.unindexedLimit else { return gw_account_change(account, Int64(byteCount - before)) }
        var size = 32
        while size < Int(count) * 4 { size *= 2 }
        let places = UnsafeMutablePointer<Int32>.allocate(capacity: size)
        places.initialize(repeating: 0, count: size)
        index = places
        indexMask = UInt32(size - 1)
        gw_account_change(account, Int64(byteCount - before))
        guard let slots else { return }
        // Vacant slots would all be looked for at the same place.
        for slot in 0..<count where slots[Int(slot)].key != .vacant { insertIntoIndex(slot) }
    }

    /// Releases everything, and gives back what was charged for the object.
    mutating func close(ownerSize: Int) {
        deallocate()
        gw_account_close(account, ownerSize)
    }

    /// Releases all properties.
    mutating func deallocate() {
        gw_account_change(account, -Int64(byteCount))
        let (old, oldCount) = (slots, Int(count))
        index?.deallocate()
        slots = nil
        index = nil
        count = 0
        vacantCount = 0
        capacity = 0
        // Released when the table is empty: what goes may run code that looks at it.
        if let old {
            old.deinitialize(count: oldCount)
            old.deallocate()
        }
    }
}
