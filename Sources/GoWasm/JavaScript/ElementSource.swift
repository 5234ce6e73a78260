/// The elements of an array or of an object like one, read where they are, when their turn comes.
///
/// The length is the one of the beginning (LengthOfArrayLike). Arrays can be large by name only: what goes through them
/// goes from one element that is there to the next.
struct ElementSource {
    let object: JSObject
    let length: Int
    private let realm: JSRealm

    /// Other objects than arrays may not be longer.
    private static let maximumLength = 1 << 24

    /// Looks at `this` of a method.
    ///
    /// - Throws: A TypeError for `undefined` and `null`; what reading the length throws; a RangeError for objects that
    ///   are no arrays and say that they are very long.
    init(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) {
        object = try realm.toObject(value)
        self.realm = realm
        switch object.kind {
        case .array: length = unsafeDowncast(object, to: JSArray.self).length
        case .typedArray: length = unsafeDowncast(object, to: JSTypedArray.self).length
        default:
            length = max(0, try realm.toInteger(object.get(realm.keys.length, realm)))
            guard length <= Self.maximumLength else { throw realm.rangeError("Invalid array length") }
        }
    }

    var array: JSArray? { JSValue.object(object).array }

    /// An element; what a prototype says, or `undefined`, where there is none.
    subscript(index: Int) -> JSValue {
        get throws(JSFailure) {
            if let array, index < array.denseCount, !array.isHole(index) { return array.dense(index) }
            if object.kind == .typedArray {
                let array = unsafeDowncast(object, to: JSTypedArray.self)
                // The buffer may have become smaller meanwhile.
                return index < array.length ? .number(array[index]) : .undefined
            }
            return try object.get(realm.key(element: Int64(index)), realm)
        }
    }

    /// Calls the body for each element that is there, from the first or the last on, until it says false.
    func forEach(
        backwards: Bool = false, _ body: (Int, JSValue) throws(JSFailure) -> Bool
    ) throws(JSFailure) {
        guard let array else {
            for step in 0..<length {
                try realm.checkEnd(step)
                let index = backwards ? length - 1 - step : step
                guard object.kind == .typedArray || object.has(realm.key(element: Int64(index)), realm) else {
                    continue
                }
                if try !body(index, self[index]) { return }
            }
            return
        }
        if backwards {
            for index in array.sparseIndices(in: 0..<length).reversed() {
                if try !body(index, self[index]) { return }
            }
        }
        let count = min(length, array.denseCount)
        for step in 0..<count {
            try realm.checkEnd(step)
            let index = backwards ? count - 1 - step : step
            // The body may have made the array shorter.
            guard index < array.denseCount, !array.isHole(index) else { continue }
            if try !body(index, array.dense(index)) { return }
        }
        guard !backwards else { return }
        for index in array.sparseIndices(in: count..<length) {
            if try !body(index, self[index]) { return }
        }
    }
}

extension ContiguousArray<JSValue> {
    /// Adds a value, as far as there is memory for it.
    @inline(__always)
    mutating func add(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) {
        if count == capacity { try realm.grant(count * 2 * MemoryLayout<JSValue>.stride, "Invalid array length") }
        // What the values themselves take is charged without asking.
        try realm.checkEnd(count)
        append(value)
    }
}
