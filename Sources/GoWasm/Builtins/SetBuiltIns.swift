/// What compares sets with each other (ECMA-262, 24.2.4).
extension JSRealm {
    /// Something like a set (Set Record, 24.2.1.2).
    private struct OtherSet {
        let object: JSObject
        let size: Double
        let has, keys: JSFunction

        func contains(_ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Bool {
            try realm.call(has, this: .object(object), value).isTruthy
        }

        /// Calls the body for each key, until it says false.
        func forEachKey(_ realm: JSRealm, _ body: (JSValue) -> Bool) throws(JSFailure) {
            guard let iterator = try realm.call(keys, this: .object(object)).object else {
                throw realm.typeError("Result of the keys method is not an object")
            }
            let record = try realm.directIterator(iterator)
            while let key = try realm.step(record) {
                if !body(key) { return try realm.close(iterator) }
            }
        }
    }

    /// GetSetRecord.
    private func otherSet(_ value: JSValue, _ method: StaticString) throws(JSFailure) -> OtherSet {
        guard let object = value.object else {
            throw typeError("Set.prototype.\(method) argument must be an object")
        }
        let size = try toNumber(object.get(key("size"), self))
        guard !size.isNaN else { throw typeError("The .size property is NaN") }
        guard size > -1 else {
            throw rangeError("'\(NumberText.format(size.rounded(.towardZero)))' is an invalid size")
        }
        guard let has = try object.get(key("has"), self).function else {
            throw typeError("string \"has\" is not a function")
        }
        guard let keys = try object.get(key("keys"), self).function else {
            throw typeError("string \"keys\" is not a function")
        }
        return OtherSet(object: object, size: size.rounded(.towardZero), has: has, keys: keys)
    }

    /// Calls the body for each element of a set, also those that come meanwhile, until it says false.
    private func forEachElement(
        of set: JSCollection, _ body: (JSValue) throws(JSFailure) -> Bool
    ) throws(JSFailure) {
        let cursor = set.makeCursor()
        while let (element, _) = set.next(cursor) {
            if try !body(element) { return }
        }
    }

    private func copy(_ set: JSCollection) throws(JSFailure) -> JSCollection {
        let result = JSCollection(.set, prototype: prototypes.set)
        var round = 0
        try forEachElement(of: set) { (element) throws(JSFailure) in
            try checkEnd(round)
            round += 1
            result.put(element, element)
            return true
        }
        return result
    }

    /// What a method makes of the set and the other one.
    private typealias Comparison = (JSRealm, JSCollection, OtherSet) throws(JSFailure) -> JSValue

    func installSetComparisons(_ prototype: JSObject) {
        func add(_ name: StaticString, _ body: @escaping Comparison) {
            method(prototype, name, length: 1) { realm, this, arguments throws(JSFailure) in
                let set = try realm.collection(this, .set, name)
                return try body(realm, set, realm.otherSet(arguments[0], name))
            }
        }
        installSetCombinations(add)
        installSetQuestions(add)
    }

    /// Those that make a set of two.
    private func installSetCombinations(_ add: (StaticString, @escaping Comparison) -> Void) {
        add("union") { (realm, set, other) throws(JSFailure) in
            let result = try realm.copy(set)
            try other.forEachKey(realm) {
                result.put($0, $0)
                return true
            }
            return .object(result)
        }
        add("intersection") { (realm, set, other) throws(JSFailure) in
            let result = JSCollection(.set, prototype: realm.prototypes.set)
            if Double(set.count) <= other.size {
                try realm.forEachElement(of: set) { (element) throws(JSFailure) in
                    if try other.contains(element, realm) { result.put(element, element) }
                    return true
                }
            } else {
                try other.forEachKey(realm) {
                    if set.contains($0) { result.put($0, $0) }
                    return true
                }
            }
            return .object(result)
        }
        add("difference") { (realm, set, other) throws(JSFailure) in
            let result = try realm.copy(set)
            if Double(set.count) <= other.size {
                try realm.forEachElement(of: set) { (element) throws(JSFailure) in
                    if try other.contains(element, realm) { _ = result.remove(element) }
                    return true
                }
            } else {
                try other.forEachKey(realm) {
                    _ = result.remove($0)
                    return true
                }
            }
            return .object(result)
        }
        add("symmetricDifference") { (realm, set, other) throws(JSFailure) in
            let result = try realm.copy(set)
            try other.forEachKey(realm) {
                if set.contains($0) { _ = result.remove($0) } else { result.put($0, $0) }
                return true
            }
            return .object(result)
        }
    }

    /// Those that say yes or no.
    private func installSetQuestions(_ add: (StaticString, @escaping Comparison) -> Void) {
        add("isSubsetOf") { (realm, set, other) throws(JSFailure) in
            guard Double(set.count) <= other.size else { return .boolean(false) }
            var answer = true
            try realm.forEachElement(of: set) { (element) throws(JSFailure) in
                answer = try other.contains(element, realm)
                return answer
            }
            return .boolean(answer)
        }
        add("isSupersetOf") { (realm, set, other) throws(JSFailure) in
            guard Double(set.count) >= other.size else { return .boolean(false) }
            var answer = true
            try other.forEachKey(realm) {
                answer = set.contains($0)
                return answer
            }
            return .boolean(answer)
        }
        add("isDisjointFrom") { (realm, set, other) throws(JSFailure) in
            var answer = true
            if Double(set.count) <= other.size {
                try realm.forEachElement(of: set) { (element) throws(JSFailure) in
                    answer = try !other.contains(element, realm)
                    return answer
                }
            } else {
                try other.forEachKey(realm) {
                    answer = !set.contains($0)
                    return answer
                }
            }
            return .boolean(answer)
        }
    }
}
