internal import CHostSystem

/// An array.
///
/// Elements that were never assigned read as `undefined`.
final class JSArray: JSObject {
    /// The elements from index 0 on; may be fewer than ``length``.
    private(set) var elements: ContiguousArray<JSValue>
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
            noteCapacity()
        } else {
            for index in 0..<other.elements.count { try store(other.elements[index], at: start + index, realm) }
        }
        for index in other.sparseIndices(in: 0..<added) { try store(other[index], at: start + index, realm) }
        length = start + added
    }

    /// A new array with the elements of a range, also those that are not there.
    func slice(_ range: Range<Int>, _ realm: JSRealm) throws(JSFailure) -> JSArray {
        let dense = range.clamped(to: 0..<elements.count)
        try realm.grant(dense.count * MemoryLayout<JSValue>.stride, "Invalid array length")
        let result = JSArray(ContiguousArray(elements[dense]), prototype: realm.prototypes.array)
        for index in sparseIndices(in: range) { try result.store(self[index], at: index - range.lowerBound, realm) }
        result.length = range.count
        return result
    }

    /// All elements, those that are not there as `undefined`.
    ///
    /// - Throws: A RangeError where too many are not there.
    func allElements(_ realm: JSRealm) throws(JSFailure) -> ContiguousArray<JSValue> {
        guard elements.count < length else { return elements }
        guard length - elements.count <= Self.longestGap else { throw realm.rangeError("Invalid array length") }
        try realm.grant(length * MemoryLayout<JSValue>.stride, "Invalid array length")
        var all = elements
        all.reserveCapacity(length)
        all.append(contentsOf: repeatElement(.undefined, count: length - all.count))
        for index in sparseIndices(in: 0..<length) { all[index] = self[index] }
        return all
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

    /// Replaces all elements.
    func replace(with values: ContiguousArray<JSValue>) {
        setLength(0)
        elements = values
        length = values.count
        noteCapacity()
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
        } else if index - elements.count <= Self.denseGap {
            try makeRoom(for: index + 1, realm)
            let firstNew = elements.count
            elements.append(contentsOf: repeatElement(.undefined, count: index - elements.count))
            elements.append(value)
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
        for index in first...last {
            let slot = properties.find(PropertyKey(index: index))
            if slot >= 0 {
                if index != last { elements[index] = properties[slot].value }
                properties.remove(at: slot)
            }
        }
    }

    /// Changes the length: elements beyond are gone.
    func setLength(_ new: Int) {
        if new < elements.count { elements.removeLast(elements.count - new) }
        if new < length {
            for slot in stride(from: Int(properties.count) - 1, through: 0, by: -1) {
                if let index = properties[slot].key.index, index >= new { properties.remove(at: slot) }
            }
        }
        length = new
    }

    override func freeze() {
        isFrozen = true
        super.freeze()
    }

    override func exoticGet(_ key: PropertyKey, _ realm: JSRealm) -> JSValue? {
        if let index = key.index { return index < elements.count ? elements[index] : nil }
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
            return true
        }
        return key == realm.keys.length ? false : nil
    }

    override func exoticKeys(_ realm: JSRealm) -> [PropertyKey] { elements.indices.map { PropertyKey(index: $0) } }
}
