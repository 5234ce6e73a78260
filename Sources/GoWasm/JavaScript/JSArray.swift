internal import CHostSystem

/// An array.
///
/// Elements that were never assigned, or were deleted, are holes: they read as `undefined`, as far as no prototype has
/// such an element, and most methods pass over them.
final class JSArray: JSObject {
    /// The elements from index 0 on, `undefined` for holes; may be fewer than ``length``.
    private(set) var elements: ContiguousArray<JSValue>
    /// The holes among ``elements``; nil for none, as in nearly all arrays.
    private var holes: Holes?
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
        self.elements = elements
        length = elements.count
        chargedCapacity = elements.capacity
        super.init(kind: .array, prototype: prototype, isExotic: true)
        gw_account_change(properties.account, Int64(chargedCapacity * MemoryLayout<JSValue>.stride))
    }

    init(length: Int, prototype: JSObject?) {
        elements = []
        self.length = length
        super.init(kind: .array, prototype: prototype, isExotic: true)
    }

    deinit {
        ending { $0.take(&elements, leaving: []) }
        gw_account_change(properties.account, -Int64(chargedCapacity * MemoryLayout<JSValue>.stride))
    }

    /// Charges the memory of the elements.
    @inline(__always)
    private func noteCapacity() {
        let capacity = elements.capacity
        guard capacity != chargedCapacity else { return }
        gw_account_change(properties.account, Int64((capacity - chargedCapacity) * MemoryLayout<JSValue>.stride))
        chargedCapacity = capacity
    }

    /// Makes sure that there is memory for more elements.
    @inline(__always)
    private func makeRoom(for count: Int, _ realm: JSRealm) throws(JSFailure) {
        guard count > elements.capacity else { return }
        try realm.grant(max(count, elements.capacity * 2) * MemoryLayout<JSValue>.stride, "Invalid array length")
    }

    /// Adds an element behind the last one.
    func append(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) {
        if elements.count == length {
            try makeRoom(for: length + 1, realm)
            elements.append(value)
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
        if elements.count == length {
            try makeRoom(for: length + other.elements.count, realm)
            elements.append(contentsOf: other.elements)
            if let holes = other.holes {
                for index in other.elements.indices where holes.contains(index) {
                    noteHoles(start + index..<start + index + 1)
                }
            }
            noteCapacity()
        } else {
            for index in 0..<other.elements.count where !other.isHole(index) {
                try store(other.elements[index], at: start + index, realm)
            }
        }
        for index in other.sparseIndices(in: 0..<added) { try store(other[index], at: start + index, realm) }
        length = start + added
    }

    /// A new array with the elements of a range, also those that are not there.
    func slice(_ range: Range<Int>, _ realm: JSRealm) throws(JSFailure) -> JSArray {
        let dense = range.clamped(to: 0..<elements.count)
        try realm.grant(dense.count * MemoryLayout<JSValue>.stride, "Invalid array length")
        let result = JSArray(ContiguousArray(elements[dense]), prototype: realm.prototypes.array)
        if let holes {
            for index in dense where holes.contains(index) {
                result.noteHoles(index - dense.lowerBound..<index - dense.lowerBound + 1)
            }
        }
        for index in sparseIndices(in: range) { try result.store(self[index], at: index - range.lowerBound, realm) }
        result.length = range.count
        return result
    }

    /// All elements, those that are not there as `undefined`.
    ///
    /// - Throws: A RangeError where too many are not there.
    func allElements(_ realm: JSRealm) throws(JSFailure) -> ContiguousArray<JSValue> {
        guard elements.count < length else { return elements }
        try checkGap(realm)
        var all = elements
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
        for index in 0..<min(elements.count, length) where !isHole(index) { all[index] = elements[index] }
        for index in sparseIndices(in: 0..<length) { all[index] = self[index] }
        return all
    }

    /// Throws where all elements, those included that are not there, are too many to be worked on.
    private func checkGap(_ realm: JSRealm) throws(JSFailure) {
        guard length - elements.count <= Self.longestGap else { throw realm.rangeError("Invalid array length") }
        try realm.grant(length * MemoryLayout<JSValue?>.stride, "Invalid array length")
    }

    /// Whether an element below ``elements``' count is not there.
    @inline(__always)
    func isHole(_ index: Int) -> Bool { holes?.contains(index) ?? false }

    /// Whether an element is there.
    func isThere(_ index: Int) -> Bool {
        if index < elements.count { return !isHole(index) }
        return index < PropertyKey.indexLimit && properties.find(PropertyKey(index: index)) >= 0
    }

    /// Whether elements are not there.
    var hasHoles: Bool { elements.count < length || holes?.isEmpty == false }

    /// Takes note that elements are not there.
    private func noteHoles(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        var holes = self.holes ?? Holes()
        holes.insert(range)
        self.holes = holes
    }

    /// The indices in a range, in their order, of elements that lie far behind the others.
    func sparseIndices(in range: Range<Int>) -> [Int] {
        guard properties.count > 0, elements.count < range.upperBound else { return [] }
        var indices: [Int] = []
        for slot in 0..<Int(properties.count) {
            if let index = properties[slot].key.index, range.contains(index) { indices.append(index) }
        }
        return indices.sorted()
    }

    /// Replaces all elements; behind them come holes, if the array is to be longer.
    func replace(with values: ContiguousArray<JSValue>, length: Int? = nil) {
        setLength(0)
        elements = values
        self.length = max(values.count, length ?? 0)
        noteCapacity()
    }

    /// Replaces all elements: nil becomes a hole.
    func replace(with places: ContiguousArray<JSValue?>) {
        replace(with: ContiguousArray(places.map { $0 ?? .undefined }))
        for index in places.indices where places[index] == nil { noteHoles(index..<index + 1) }
    }

    /// An element.
    @inline(__always)
    subscript(index: Int) -> JSValue {
        if index < elements.count { return elements[index] }
        // Indices beyond are no elements here, but properties that are named by numbers.
        guard index < PropertyKey.indexLimit else { return .undefined }
        let slot = properties.find(PropertyKey(index: index))
        return slot >= 0 ? properties[slot].value : .undefined
    }

    /// Assigns to an element, whether it is there or not.
    func store(_ value: JSValue, at index: Int, _ realm: JSRealm) throws(JSFailure) {
        if index < elements.count {
            elements[index] = value
            holes?.remove(index)
        } else if index - elements.count <= Self.denseGap {
            try makeRoom(for: index + 1, realm)
            let firstNew = elements.count
            elements.append(contentsOf: repeatElement(.undefined, count: index - elements.count))
            elements.append(value)
            noteHoles(firstNew..<index)
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
            elements[index] = properties[slot].value
            holes?.remove(index)
        }
        properties.removeAll { $0.index.map { (first...last).contains($0) } ?? false }
    }

    /// Changes the length: elements beyond are gone.
    func setLength(_ new: Int) {
        if new < elements.count {
            elements.removeLast(elements.count - new)
            holes?.removeAll(from: new)
            if new == 0 { holes = nil }
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
        if let index = key.index { return index < elements.count && !isHole(index) ? elements[index] : nil }
        return key == realm.keys.length ? .number(length) : nil
    }

    override func exoticSet(_ key: PropertyKey, _ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Bool? {
        if let index = key.index {
            guard !isFrozen, isExtensible || index < length else { return false }
            try store(value, at: index, realm)
            return true
        }
        guard key == realm.keys.length else { return nil }
        guard !isFrozen else { return false }
        let number = try realm.toNumber(value)
        guard number >= 0, number <= Double(Self.maximumLength), number == number.rounded(.towardZero) else {
            throw realm.rangeError("Invalid array length")
        }
        setLength(Int(number))
        return true
    }

    override func exoticDelete(_ key: PropertyKey, _ realm: JSRealm) -> Bool? {
        if let index = key.index, index < elements.count {
            guard !isFrozen else { return false }
            elements[index] = .undefined
            noteHoles(index..<index + 1)
            return true
        }
        return key == realm.keys.length ? false : nil
    }

    override func exoticKeys(_ realm: JSRealm) -> [PropertyKey] {
        elements.indices.filter { !isHole($0) }.map { PropertyKey(index: $0) }
    }
}

extension JSArray {
    /// Numbers of elements, as bits: an eighth of a byte for each.
    struct Holes {
        private var words: ContiguousArray<UInt64> = []

        @inline(__always)
        func contains(_ index: Int) -> Bool {
            index >> 6 < words.count && words[index >> 6] >> UInt64(index & 63) & 1 != 0
        }

        var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

        mutating func insert(_ range: Range<Int>) {
            let missing = (range.upperBound + 63) >> 6 - words.count
            if missing > 0 { words.append(contentsOf: repeatElement(0, count: missing)) }
            for index in range { words[index >> 6] |= 1 << UInt64(index & 63) }
        }

        mutating func remove(_ index: Int) {
            if index >> 6 < words.count { words[index >> 6] &= ~(1 << UInt64(index & 63)) }
        }

        mutating func removeAll(from start: Int) {
            guard start >> 6 < words.count else { return }
            words.removeLast(words.count - start >> 6 - 1)
            words[start >> 6] &= 1 << UInt64(start & 63) - 1
        }
    }
}
