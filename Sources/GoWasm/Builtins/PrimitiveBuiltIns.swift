extension JSRealm {
    /// `String`, `Number`, `Boolean`, `Symbol` and the functions that read numbers.
    func installPrimitives() {
        installString()
        installNumber()
        constructor(
            "Boolean", prototypes.boolean, length: 1,
            call: { _, _, arguments throws(JSFailure) in .boolean(arguments[0].isTruthy) },
            new: { realm, _, arguments throws(JSFailure) in
                .object(JSWrapper(.boolean(arguments[0].isTruthy), prototype: realm.prototypes.boolean))
            })
        let symbol = constructor(
            "Symbol", prototypes.symbol,
            call: { realm, _, arguments throws(JSFailure) in
                .symbol(realm.makeSymbol(try arguments[0].isUndefined ? nil : realm.toString(arguments[0])))
            },
            new: { realm, _, _ throws(JSFailure) in throw realm.typeError("Symbol is not a constructor") })
        installSymbols(symbol)
        for prototype in [prototypes.boolean, prototypes.symbol, prototypes.string] {
            method(prototype, "toString") { realm, this, _ throws(JSFailure) in
                .string(try realm.describe(realm.primitive(this)))
            }
        }
        for prototype in [prototypes.boolean, prototypes.symbol, prototypes.string, prototypes.number] {
            method(prototype, "valueOf") { realm, this, _ throws(JSFailure) in realm.primitive(this) }
        }
    }

    private func installSymbols(_ symbol: JSFunction) {
        let known: [(StaticString, JSSymbol)] = [
            ("iterator", wellKnownSymbols.iterator), ("asyncIterator", wellKnownSymbols.asyncIterator),
            ("hasInstance", wellKnownSymbols.hasInstance), ("toPrimitive", wellKnownSymbols.toPrimitive),
            ("toStringTag", wellKnownSymbols.toStringTag), ("species", wellKnownSymbols.species),
            ("isConcatSpreadable", wellKnownSymbols.isConcatSpreadable),
        ]
        for (name, value) in known { symbol.define(key(name), .symbol(value), []) }
        var registry: [PropertyKey: JSSymbol] = [:]
        method(symbol, "for", length: 1) { realm, _, arguments throws(JSFailure) in
            let description = try realm.toString(arguments[0])
            let name = realm.key(description)
            if let known = registry[name] { return .symbol(known) }
            let new = realm.makeSymbol(description)
            registry[name] = new
            return .symbol(new)
        }
        method(symbol, "keyFor", length: 1) { realm, _, arguments throws(JSFailure) in
            guard case .symbol(let symbol) = arguments[0] else {
                throw realm.typeError("\(realm.inspect(arguments[0])) is not a symbol")
            }
            guard let description = symbol.description, registry[realm.key(description)] === symbol else {
                return .undefined
            }
            return .string(description)
        }
        getter(prototypes.symbol, "description") { realm, this, _ throws(JSFailure) in
            guard case .symbol(let symbol) = realm.primitive(this) else { return .undefined }
            return symbol.description.map { .string($0) } ?? .undefined
        }
    }

    func completeSymbols() {
        let prototype = prototypes.symbol
        add(wellKnownSymbols.toStringTag.key, string("Symbol"), .configurable, to: prototype)
    }

    /// The primitive value that `this` is or wraps.
    func primitive(_ this: JSValue) -> JSValue {
        if let object = this.object, object.kind == .wrapper { return unsafeDowncast(object, to: JSWrapper.self).value }
        return this
    }

    private func installString() {
        let convert: JSCode = { realm, _, arguments throws(JSFailure) in
            .string(try arguments.count == 0 ? JSString.make("") : realm.describe(arguments[0]))
        }
        let constructor = constructor(
            "String", prototypes.string, length: 1, call: convert,
            new: { realm, this, arguments throws(JSFailure) in
                .object(JSWrapper(try convert(realm, this, arguments), prototype: realm.prototypes.string))
            })
        method(constructor, "fromCharCode", length: 1) { realm, _, arguments throws(JSFailure) in
            var units: [UInt16] = []
            for position in 0..<arguments.count {
                units.append(UInt16(truncatingIfNeeded: NumberText.uint32(try realm.toNumber(arguments[position]))))
            }
            return try realm.string(utf16: units)
        }
        installStringUnits(prototypes.string)
        installStringParts(prototypes.string)
        installStringForms(prototypes.string)
    }

    /// What is about single units of a string, and joins and finds strings.
    private func installStringUnits(_ prototype: JSObject) {
        method(prototype, "charCodeAt", length: 1) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            let unit = text.unit(at: try realm.toInteger(arguments[0]))
            return .number(unit.map { Double($0) } ?? .nan)
        }
        method(prototype, "charAt", length: 1) { realm, this, arguments throws(JSFailure) in
            let index = try realm.toInteger(arguments[0])
            return try index < 0
                ? realm.string("") : realm.codeUnit(of: realm.toString(this), at: index) ?? realm.string("")
        }
        method(prototype, "concat", length: 1) { realm, this, arguments throws(JSFailure) in
            var text = try realm.toString(this)
            for position in 0..<arguments.count {
                text = try realm.concatenation(text, realm.toString(arguments[position]))
            }
            return .string(text)
        }
        method(prototype, "indexOf", length: 1) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            let wanted = try realm.toString(arguments[0])
            let start = min(max(0, try realm.toInteger(arguments[1])), text.utf16Count)
            return .number(try text.firstUnit(of: wanted, from: start, realm) ?? -1)
        }
    }

    /// What returns parts of a string.
    private func installStringParts(_ prototype: JSObject) {
        method(prototype, "slice", length: 2) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            return .string(text.substring(try realm.range(arguments, count: text.utf16Count)))
        }
        method(prototype, "substring", length: 2) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            let count = text.utf16Count
            let start = min(max(0, try realm.toInteger(arguments[0])), count)
            let end = try arguments[1].isUndefined ? count : min(max(0, realm.toInteger(arguments[1])), count)
            return .string(text.substring(min(start, end)..<max(start, end)))
        }
        method(prototype, "split", length: 2) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            if arguments[0].isUndefined { return .object(realm.makeArray([.string(text)])) }
            let units = try realm.units(.string(text))
            let separator = try realm.units(arguments[0])
            var parts = ContiguousArray<JSValue>()
            if separator.isEmpty {
                for unit in units { try parts.add(.string(JSString.make(utf16: CollectionOfOne(unit))), realm) }
                return .object(realm.makeArray(parts))
            }
            let search = try TextSearch(separator, realm)
            var start = 0
            while let place = search.first(in: units, from: start) {
                try parts.add(realm.string(utf16: units[start..<place]), realm)
                start = place + separator.count
            }
            try parts.add(realm.string(utf16: units[start...]), realm)
            return .object(realm.makeArray(parts))
        }
    }

    /// What returns a string in another form.
    private func installStringForms(_ prototype: JSObject) {
        method(prototype, "trim") { realm, this, _ throws(JSFailure) in
            try realm.trimmed(realm.toString(this), start: true, end: true)
        }
        method(prototype, "toUpperCase") { realm, this, _ throws(JSFailure) in
            .string(try realm.uppercased(this))
        }
        method(prototype, "toLowerCase") { realm, this, _ throws(JSFailure) in
            .string(try realm.lowercased(this))
        }
    }

    /// The range that the arguments (start, end) of `slice` mean: negative numbers count from the end.
    func range(_ arguments: JSArguments, count: Int) throws(JSFailure) -> Range<Int> {
        func position(_ value: JSValue, _ absent: Int) throws(JSFailure) -> Int {
            if value.isUndefined { return absent }
            let number = try toInteger(value)
            return number < 0 ? max(0, count + number) : min(number, count)
        }
        let start = try position(arguments[0], 0)
        return start..<max(start, try position(arguments[1], count))
    }

    private func installNumber() {
        let convert: JSCode = { realm, _, arguments throws(JSFailure) in
            .number(try arguments.count == 0 ? 0 : realm.toNumber(arguments[0]))
        }
        let number = constructor(
            "Number", prototypes.number, length: 1, call: convert,
            new: { realm, this, arguments throws(JSFailure) in
                .object(JSWrapper(try convert(realm, this, arguments), prototype: realm.prototypes.number))
            })
        number.define(key("MAX_SAFE_INTEGER"), .number(9_007_199_254_740_991.0), [])
        number.define(key("MIN_SAFE_INTEGER"), .number(-9_007_199_254_740_991.0), [])
        number.define(key("MAX_VALUE"), .number(Double.greatestFiniteMagnitude), [])
        number.define(key("MIN_VALUE"), .number(Double.leastNonzeroMagnitude), [])
        number.define(key("EPSILON"), .number(Double.ulpOfOne), [])
        method(number, "isInteger", length: 1) { _, _, arguments throws(JSFailure) in
            guard case .number(let value) = arguments[0] else { return .boolean(false) }
            return .boolean(value.isFinite && value == value.rounded(.towardZero))
        }
        for holder in [number, global] {
            // Those of Number take nothing but numbers.
            let converts = holder === global
            method(holder, "isNaN", length: 1) { realm, _, arguments throws(JSFailure) in
                if !converts { if case .number = arguments[0] {} else { return .boolean(false) } }
                return .boolean(try realm.toNumber(arguments[0]).isNaN)
            }
            method(holder, "isFinite", length: 1) { realm, _, arguments throws(JSFailure) in
                if !converts { if case .number = arguments[0] {} else { return .boolean(false) } }
                return .boolean(try realm.toNumber(arguments[0]).isFinite)
            }
            method(holder, "parseFloat", length: 1) { realm, _, arguments throws(JSFailure) in
                .number(NumberText.parseFloat(try realm.toString(arguments[0])))
            }
            method(holder, "parseInt", length: 2) { realm, _, arguments throws(JSFailure) in
                let radix = Int32(bitPattern: NumberText.uint32(try realm.toNumber(arguments[1])))
                return .number(NumberText.parseInt(try realm.toString(arguments[0]), radix: radix))
            }
        }
        method(prototypes.number, "toString", length: 1) { realm, this, arguments throws(JSFailure) in
            guard case .number(let value) = realm.primitive(this) else {
                throw realm.typeError("Number.prototype.toString requires that 'this' be a Number")
            }
            let radix = try arguments[0].isUndefined ? 10 : realm.toInteger(arguments[0])
            guard radix >= 2, radix <= 36 else { throw realm.rangeError("toString() radix must be between 2 and 36") }
            return realm.string(radix == 10 ? NumberText.format(value) : NumberText.text(value, radix: radix))
        }
        method(prototypes.number, "toFixed", length: 1) { realm, this, arguments throws(JSFailure) in
            guard case .number(let value) = realm.primitive(this) else {
                throw realm.typeError("Number.prototype.toFixed requires that 'this' be a Number")
            }
            let digits = try realm.toInteger(arguments[0])
            guard digits >= 0, digits <= 100 else {
                throw realm.rangeError("toFixed() digits argument must be between 0 and 100")
            }
            return realm.string(NumberText.fixed(value, digits: digits))
        }
    }
}
