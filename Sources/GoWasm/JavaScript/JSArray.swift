internal import CHostSystem

/// An array.
///
/// Elements that were never assigned, or were deleted, are holes: they read as `undefined`, as far as no prototype has
/// such an element, and most methods pass over them.
///
/// Both ends of an array grow and shrink at a cost that does not depend on its length, as queues need it: what is taken
/// from the front leaves room there, and where there is none, room for half as many elements again is made.
final class JSArray: JSObject {
    /// Room at the front, and the elements from index 0 on, ``JSSymbol/hole`` for holes.
    private var storage: ContiguousArray<JSValue>
    /// Where index 0 is in ``storage``; before it there is nothing but `undefined`.
    private var head = 0
    /// Whether an element has ever been a hole: nearly no array needs to look.
    private var mayHaveHoles = false
    /// The property `length`.
    private(set) var length: Int
    /// Whether elements may be changed; false once the array is frozen.
    private(set) var isFrozen = false

    /// The largest `length`.
    static let maximumLength = 4_294_967_295
    /// Assigning farther behind the last element than this leaves a hole that takes no memory.
    private static let denseGap = 1 << 16
    /// Where more elements are not there than this, methods that would have to make them throw a RangeError.
    private static let longestGap = 1 << 24

    /// How many elements the memory that is charged has room for.
    private var chargedCapacity = 0

    init(_ elements: ContiguousArray<JSValue>, prototype: JSObject?) {
        storage = elements
        length = elements.count
        chargedCapacity = elements.capacity
        super.init(kind: .array, prototype: prototype, isExotic: true)
        gw_account_change(properties.account, Int64(chargedCapacity * MemoryLayout<JSValue>.stride))
    }

    init(length: Int, prototype: JSObject?) {
        storage = []
        self.length = length
        super.init(kind: .array, prototype: prototype, isExotic: true)
    }

    deinit {
        ending { $0.take(&storage, leaving: []) }
        gw_account_change(properties.account, -Int64(chargedCapacity * MemoryLayout<JSValue>.stride))
    }

    /// The elements from index 0 on that lie one after the other; may be fewer than ``length``.
    @inline(__always)
    var denseCount: Int { storage.count - head }

    /// One of the first ``denseCount`` elements; `undefined` for a hole.
    @inline(__always)
    func dense(_ index: Int) -> JSValue {
        let value = storage[head + index]
        return mayHaveHoles && value.isHole ? .undefined : value
    }

    /// The first ``denseCount`` elements, `undefined` for holes.
    var denseElements: ContiguousArray<JSValue> {
        if head == 0, !mayHaveHoles { return storage }
        return ContiguousArray(storage.dropFirst(head).map { $0.isHole ? .undefined : $0 })
    }

    /// Charges the memory of the elements.
    @inline(__always)
    private func noteCapacity() {
        let capacity = storage.capacity
        guard capacity != chargedCapacity else { return }
        gw_account_change(properties.account, Int64((capacity - chargedCapacity) * MemoryLayout<JSValue>.stride))
        chargedCapacity = capacity
    }

    /// Makes sure that there is memory for more elements.
    @inline(__always)
    private func makeRoom(for count: Int, _ realm: JSRealm) throws(JSFailure) {
        guard head + count > storage.capacity else { return }
        try realm.grant(max(head + count, storage.capacity * 2) * MemoryLayout<JSValue>.stride, "Invalid array length")
    }

    /// Adds an element behind the last one.
    func append(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) {
        if denseCount == length {
            try makeRoom(for: length + 1, realm)
            storage.append(value)
            length += 1
            noteCapacity()
        } else {
            try store(value, at: length, realm)
        }
    }

    /// Adds the elements of another array, also those that it does not have: nothing is made for them.
    func append(contentsOf other: JSArray, _ realm: JSRealm) throws(JSFailure) {
        let (start, added) = (length, other.length)
        guard start + added <= Self.maximumLength else { throw realm.rangeError("Invalid array length") }
        if denseCount == length {
            try makeRoom(for: length + other.denseCount, realm)
            storage.append(contentsOf: other.storage[other.head...])
            mayHaveHoles = mayHaveHoles || other.mayHaveHoles
            noteCapacity()
        } else {
            for index in 0..<other.denseCount where !other.isHole(index) {
                try store(other.dense(index), at: start + index, realm)
            }
        }
        for index in other.sparseIndices(in: 0..<added) { try store(other[index], at: start + index, realm) }
        length = start + added
    }

    /// A new array with the elements of a range, also those that are not there.
    func slice(_ range: Range<Int>, _ realm: JSRealm) throws(JSFailure) -> JSArray {
        let dense = range.clamped(to: 0..<denseCount)
        try realm.grant(dense.count * MemoryLayout<JSValue>.stride, "Invalid array length")
        let part = ContiguousArray(storage[head + dense.lowerBound..<head + dense.upperBound])
        let result = JSArray(part, prototype: realm.prototypes.array)
        result.mayHaveHoles = mayHaveHoles
        for index in sparseIndices(in: range) { try result.store(self[index], at: index - range.lowerBound, realm) }
        result.length = range.count
        return result
    }

    /// All elements, those that are not there as `undefined`.
    ///
    /// - Throws: A RangeError where too many are not there.
    func allElements(_ realm: JSRealm) throws(JSFailure) -> ContiguousArray<JSValue> {
        guard denseCount < length else { return denseElements }
        try checkGap(realm)
        var all = denseElements
        all.reserveCapacity(length)
        all.append(contentsOf: repeatElement(.undefined, count: length - all.count))
        for index in sparseIndices(in: 0..<length) { all[index] = self[index] }
        return all
    }

    /// All elements, those that are not there as nil: what methods that move elements work on.
    ///
    /// - Throws: A RangeError where too many are not there.
    func allPlaces(_ realm: JSRealm) throws(JSFailure) -> ContiguousArray<JSValue?> {
        try checkGap(realm)
        var all = ContiguousArray<JSValue?>(repeating: nil, count: length)
        for index in 0..<min(denseCount, length) where !isHole(index) { all[index] = storage[head + index] }
        for index in sparseIndices(in: 0..<length) { all[index] = self[index] }
        return all
    }

    /// Throws where all elements, those included that are not there, are too many to be worked on.
    private func checkGap(_ realm: JSRealm) throws(JSFailure) {
        guard length - denseCount <= Self.longestGap else { throw realm.rangeError("Invalid array length") }
        try realm.grant(length * MemoryLayout<JSValue?>.stride, "Invalid array length")
    }

    /// Whether one of the first ``denseCount`` elements is not there.
    @inline(__always)
    func isHole(_ index: Int) -> Bool { mayHaveHoles && storage[head + index].isHole }

    /// Whether an element is there.
    func isThere(_ index: Int) -> Bool {
        if index < denseCount { return !isHole(index) }
        return index < PropertyKey.indexLimit && properties.find(PropertyKey(index: index)) >= 0
    }

    /// Whether elements are not there.
    var hasHoles: Bool { denseCount < length || mayHaveHoles && storage[head...].contains { $0.isHole } }

    // MARK: Both ends, and what lies between

    /// Puts other elements in the place of some; the shorter of both ends moves.
    ///
    /// - Precondition: The range lies within the array.
    func replace(_ range: Range<Int>, with new: ContiguousArray<JSValue>, _ realm: JSRealm) throws(JSFailure) {
        guard length - range.count + new.count <= Self.maximumLength else {
            throw realm.rangeError("Invalid array length")
        }
        if denseCount < length { replace(with: try allPlaces(realm)) }
        let (before, after) = (range.lowerBound, length - range.upperBound)
        if before < after {
            try resizeFront(of: before, by: new.count - range.count, realm)
        } else if new.count != range.count {
            try makeRoom(for: length - range.count + new.count, realm)
            let gap = head + range.lowerBound..<head + range.upperBound
            storage.replaceSubrange(gap, with: repeatElement(.undefined, count: new.count))
        }
        for (place, value) in new.enumerated() { storage[head + before + place] = value }
        length = denseCount
        noteCapacity()
    }

    /// Moves some of the first elements so that there are more or fewer behind them. (What is in between is replaced.)
    private func resizeFront(of count: Int, by growth: Int, _ realm: JSRealm) throws(JSFailure) {
        if growth > head {
            // Room in proportion to the elements, so that each of the next ones costs nothing.
            let room = (denseCount + growth) / 2 + Self.leastRoom
            try realm.grant((room + growth + denseCount) * MemoryLayout<JSValue>.stride, "Invalid array length")
            var wider = ContiguousArray<JSValue>()
            wider.reserveCapacity(room + growth + denseCount)
            wider.append(contentsOf: repeatElement(.undefined, count: room + growth))
            wider.append(contentsOf: storage[head...])
            storage = wider
            head = room + growth
        }
        let start = head - growth
        if growth > 0 {
            for index in 0..<count { storage[start + index] = storage[head + index] }
        } else if growth < 0 {
            for index in (0..<count).reversed() { storage[start + index] = storage[head + index] }
            for place in head..<start { storage[place] = .undefined }
        }
        head = start
        // Room is given back when it is far more than what is left.
        if growth < 0, head > Self.leastRoom, head / 2 > denseCount {
            storage = ContiguousArray(storage[head...])
            head = 0
        }
    }
    /// How little room at the front is left alone.
    private static let leastRoom = 16

    /// The indices in a range, in their order, of elements that lie far behind the others.
    func sparseIndices(in range: Range<Int>) -> [Int] {
        guard properties.count > 0, denseCount < range.upperBound else { return [] }
        var indices: [Int] = []
        for slot in 0..<Int(properties.count) {
            if let index = properties[slot].key.index, range.contains(index) { indices.append(index) }
        }
        return indices.sorted()
    }

    /// Replaces all elements; behind them come holes, if the array is to be longer.
    func replace(with values: ContiguousArray<JSValue>, length: Int? = nil) {
        setLength(0)
        storage = values
        self.length = max(values.count, length ?? 0)
        noteCapacity()
    }

    /// Replaces all elements: nil becomes a hole.
    func replace(with places: ContiguousArray<JSValue?>) {
        replace(with: ContiguousArray(places.map { $0 ?? .symbol(.hole) }))
        mayHaveHoles = places.contains { $0 == nil }
    }

    /// An element.
    @inline(__always)
    subscript(index: Int) -> JSValue {
        if index < denseCount { return dense(index) }
        // Indices beyond are no elements here, but properties that are named by numbers.
        guard index < PropertyKey.indexLimit else { return .undefined }
        let slot = properties.find(PropertyKey(index: index))
        return slot >= 0 ? properties[slot].value : .undefined
    }

    /// Assigns to an element, whether it is there or not.
    func store(_ value: JSValue, at index: Int, _ realm: JSRealm) throws(JSFailure) {
        if index < denseCount {
            storage[head + index] = value
        } else if index - denseCount <= Self.denseGap {
            try makeRoom(for: index + 1, realm)
            let firstNew = denseCount
            if firstNew < index {
                storage.append(contentsOf: repeatElement(.symbol(.hole), count: index - firstNew))
                mayHaveHoles = true
            }
            storage.append(value)
            noteCapacity()
            if properties.count > 0 { moveSparseElements(from: firstNew, upTo: index) }
        } else {
            guard index < PropertyKey.indexLimit else { throw realm.rangeError("Invalid array length") }
            try realm.makeRoom(in: self)
            define(PropertyKey(index: index), value)
        }
        length = max(length, index + 1)
    }

    /// Elements that were stored as properties move into the array when it has grown over them.
    private func moveSparseElements(from first: Int, upTo last: Int) {
        for index in first..<last {
            let slot = properties.find(PropertyKey(index: index))
            guard slot >= 0 else { continue }
            storage[head + index] = properties[slot].value
        }
        properties.removeAll { $0.index.map { (first...last).contains($0) } ?? false }
    }

    /// Changes the length: elements beyond are gone.
    func setLength(_ new: Int) {
        if new == 0 {
            storage.removeAll(keepingCapacity: true)
            (head, mayHaveHoles) = (0, false)
        } else if new < denseCount {
            storage.removeLast(denseCount - new)
        }
        if new < length {
            if properties.count > 0 { properties.removeAll { $0.index.map { $0 >= new } ?? false } }
        }
        length = new
    }

    override func freeze() {
        isFrozen = true
        super.freeze()
    }

    override func exoticGet(_ key: PropertyKey, _ realm: JSRealm) -> JSValue? {
        if let index = key.index { return index < denseCount && !isHole(index) ? storage[head + index] : nil }
        return key == realm.keys.length ? .number(length) : nil
    }

    override func exoticSet(_ key: PropertyKey, _ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Bool? {
        if let index = key.index {
            guard !isFrozen, isExtensible || index < length else { return false }
            try store(value, at: index, realm)
            return true
        }
        guard key == realm.keys.length else {
            // Elements that far away are properties as others are, but for the length.
            if let index = realm.strings.arrayIndex(key), isExtensible { length = max(length, index + 1) }
            return nil
        }
        guard !isFrozen else { return false }
        let number = try realm.toNumber(value)
        guard number >= 0, number <= Double(Self.maximumLength), number == number.rounded(.towardZero) else {
            throw realm.rangeError("Invalid array length")
        }
        let old = length
        setLength(Int(number))
        if old > PropertyKey.indexLimit, length < old, properties.count > 0 {
            let rest = length
            properties.removeAll { key in realm.strings.arrayIndex(key).map { $0 >= rest } ?? false }
        }
        return true
    }

    override func exoticDelete(_ key: PropertyKey, _ realm: JSRealm) -> Bool? {
        if let index = key.index, index < denseCount {
            guard !isFrozen else { return false }
            storage[head + index] = .symbol(.hole)
            mayHaveHoles = true
            return true
        }
        return key == realm.keys.length ? false : nil
    }

    override func exoticKeys(_ realm: JSRealm) -> [PropertyKey] {
        (0..<denseCount).filter { !isHole($0) }.map { PropertyKey(index: $0) }
    }
}

extension JSSymbol {
    /// What an array has where it has no element; no program ever sees it.
    // Sendable: nothing of it changes but its count of references, which is atomic.
    nonisolated(unsafe) static let hole = JSSymbol(description: nil, key: PropertyKey(symbol: 0))
}

extension JSValue {
    @inline(__always)
    fileprivate var isHole: Bool {
        if case .symbol(let symbol) = self { symbol === JSSymbol.hole } else { false }
    }
}
