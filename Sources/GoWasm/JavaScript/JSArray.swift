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

    init(_ elements: ContiguousArray<JSValue>, prototype: JSObject?) {
        self.elements = elements
        length = elements.count
        super.init(kind: .array, prototype: prototype, isExotic: true)
    }

    init(length: Int, prototype: JSObject?) {
        elements = []
        self.length = length
        super.init(kind: .array, prototype: prototype, isExotic: true)
    }

    deinit {
        ObjectRelease.release { postpone in
            for case .object(let object) in elements { postpone(object) }
        } _: {
            elements = []
        }
    }

    /// Adds an element behind the last one.
    func append(_ value: JSValue) {
        if elements.count == length {
            elements.append(value)
            length += 1
        } else {
            store(value, at: length)
        }
    }

    /// All elements, those without memory as `undefined`; only for arrays that are not absurdly long.
    var allElements: ContiguousArray<JSValue> {
        var all = elements
        if all.count < length {
            all.append(contentsOf: repeatElement(.undefined, count: length - all.count))
            for slot in 0..<Int(properties.count) {
                if let index = properties[slot].key.index, index < length { all[index] = properties[slot].value }
            }
        }
        return all
    }

    /// Replaces all elements.
    func replace(with values: ContiguousArray<JSValue>) {
        setLength(0)
        elements = values
        length = values.count
    }

    /// An element.
    @inline(__always)
    subscript(index: Int) -> JSValue {
        if index < elements.count { return elements[index] }
        let slot = properties.find(PropertyKey(index: index))
        return slot >= 0 ? properties[slot].value : .undefined
    }

    private func store(_ value: JSValue, at index: Int) {
        if index < elements.count {
            elements[index] = value
        } else if index - elements.count <= Self.denseGap {
            let firstNew = elements.count
            elements.append(contentsOf: repeatElement(.undefined, count: index - elements.count))
            elements.append(value)
            if properties.count > 0 { moveSparseElements(from: firstNew, upTo: index) }
        } else {
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

    private func setLength(_ new: Int) {
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
            store(value, at: index)
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
