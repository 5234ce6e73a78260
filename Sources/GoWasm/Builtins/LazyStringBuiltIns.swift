/// The methods of strings and numbers that are installed lazily: those that few programs call.
extension JSRealm {
    func completeStrings() {
        let prototype = prototypes.string
        method(prototype, wellKnownSymbols.iterator) { realm, this, _ throws(JSFailure) in
            let text = try realm.toString(this)
            var place = 0
            return realm.makeIterator(.string) { _ throws(JSFailure) in
                WTF8.character(of: text, at: &place).map { .string($0) }
            }
        }
        installStringSearch(prototype)
        installStringReplacement(prototype)
        installStringPlaces(prototype)
        installStringFilling(prototype)
        method(prototype, "toLocaleUpperCase") { realm, this, _ throws(JSFailure) in
            .string(try realm.uppercased(this))
        }
        method(prototype, "toLocaleLowerCase") { realm, this, _ throws(JSFailure) in
            .string(try realm.lowercased(this))
        }
        method(prototype, "isWellFormed") { realm, this, _ throws(JSFailure) in
            let text = try realm.toString(this)
            return .boolean(JSString.make(try realm.text(.string(text))) == text)
        }
        method(prototype, "toWellFormed") { realm, this, _ throws(JSFailure) in
            .string(try realm.string(long: realm.text(this)))
        }
        installStringFunctions()
    }

    /// What is at a place of a string.
    private func installStringPlaces(_ prototype: JSObject) {
        method(prototype, "at", length: 1) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            let index = try realm.toInteger(arguments[0])
            let place = index < 0 ? text.utf16Count + index : index
            return place < 0 ? .undefined : realm.codeUnit(of: text, at: place) ?? .undefined
        }
        method(prototype, "codePointAt", length: 1) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            let index = try realm.toInteger(arguments[0])
            guard let first = text.unit(at: index).map(UInt32.init) else { return .undefined }
            guard first >> 10 == 0x36, let second = text.unit(at: index + 1), second >> 10 == 0x37 else {
                return .number(Int(first))
            }
            return .number(Int(0x10000 + (first & 0x3FF) << 10 + UInt32(second) & 0x3FF))
        }
        method(prototype, "substr", length: 2) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            let all = text.utf16Count
            var start = try realm.toInteger(arguments[0])
            start = start < 0 ? max(0, all + start) : min(start, all)
            let count = try arguments[1].isUndefined ? all : max(0, realm.toInteger(arguments[1]))
            return .string(text.substring(start..<start + min(count, all - start)))
        }
    }

    /// What makes a string longer, or shorter at its ends.
    private func installStringFilling(_ prototype: JSObject) {
        method(prototype, "repeat", length: 1) { realm, this, arguments throws(JSFailure) in
            let text = try realm.toString(this)
            let count = try realm.toInteger(arguments[0])
            guard count >= 0, try realm.toNumber(arguments[0]).isInfinite == false else {
                throw realm.rangeError("Invalid count value: \(realm.inspect(arguments[0]))")
            }
            return .string(try realm.repeated(text, count: count))
        }
        for (name, atStart) in [("padStart", true), ("padEnd", false)] as [(StaticString, Bool)] {
            method(prototype, name, length: 1) { realm, this, arguments throws(JSFailure) in
                let text = try realm.toString(this)
                let filler = try arguments[1].isUndefined ? JSString.make(" ") : realm.toString(arguments[1])
                let missing = try realm.toInteger(arguments[0]) - text.utf16Count
                guard missing > 0, filler.byteCount > 0 else { return .string(text) }
                guard missing <= JSString.maximumLength - text.utf16Count else { throw realm.invalidStringLength }
                let width = filler.utf16Count
                let whole = WTF8.Builder()
                if !atStart { whole.append(text) }
                whole.append(filler, times: missing / width)
                whole.append(JSString.make(utf16: try realm.units(.string(filler)).prefix(missing % width)))
                if atStart { whole.append(text) }
                return .string(try realm.string(whole))
            }
        }
        for (name, old, start) in [("trimStart", "trimLeft", true), ("trimEnd", "trimRight", false)]
            as [(StaticString, StaticString, Bool)]
        {
            method(prototype, name) { realm, this, _ throws(JSFailure) in
                try realm.trimmed(realm.toString(this), start: start, end: !start)
            }
            alias(prototype, old, of: name)
        }
    }

    /// The static functions.
    private func installStringFunctions() {
        let slot = prototypes.string.properties.find(keys.constructor)
        guard slot >= 0, let constructor = prototypes.string.properties[slot].value.object else { return }
        method(constructor, "fromCodePoint", length: 1) { realm, _, arguments throws(JSFailure) in
            var units: [UInt16] = []
            for position in 0..<arguments.count {
                let number = try realm.toNumber(arguments[position])
                guard number >= 0, number <= 0x10FFFF, number == number.rounded(.down) else {
                    throw realm.rangeError("Invalid code point \(realm.inspect(arguments[position]))")
                }
                let code = UInt32(number)
                if code < 0x10000 {
                    units.append(UInt16(code))
                } else {
                    units.append(UInt16(0xD800 + (code - 0x10000) >> 10))
                    units.append(UInt16(0xDC00 + (code - 0x10000) & 0x3FF))
                }
            }
            return try realm.string(utf16: units)
        }
    }

    private func installStringSearch(_ prototype: JSObject) {
        method(prototype, "includes", length: 1) { realm, this, arguments throws(JSFailure) in
            let (text, wanted) = (try realm.toString(this), try realm.toString(arguments[0]))
            let start = min(max(0, try realm.toInteger(arguments[1])), text.utf16Count)
            return .boolean(try text.firstUnit(of: wanted, from: start, realm) != nil)
        }
        method(prototype, "startsWith", length: 1) { realm, this, arguments throws(JSFailure) in
            let (text, wanted) = (try realm.toString(this), try realm.toString(arguments[0]))
            let start = min(max(0, try realm.toInteger(arguments[1])), text.utf16Count)
            return .boolean(text.has(wanted, at: start))
        }
        method(prototype, "endsWith", length: 1) { realm, this, arguments throws(JSFailure) in
            let (text, wanted) = (try realm.toString(this), try realm.toString(arguments[0]))
            let count = text.utf16Count
            let end = try arguments[1].isUndefined ? count : min(max(0, realm.toInteger(arguments[1])), count)
            return .boolean(text.substring(0..<end).has(wanted, at: end - wanted.utf16Count))
        }
        method(prototype, "lastIndexOf", length: 1) { realm, this, arguments throws(JSFailure) in
            let text = try realm.units(this)
            let wanted = try realm.units(arguments[0])
            let number = try realm.toNumber(arguments[1])
            let limit = number.isNaN ? text.count : min(max(0, NumberText.integer(number)), text.count)
            return .number(try TextSearch(wanted, realm).last(in: text, from: limit) ?? -1)
        }
        method(prototype, "localeCompare", length: 1) { realm, this, arguments throws(JSFailure) in
            // Without the tables of languages: letters of both cases together, of otherwise equal texts small ones
            // first.
            let (a, b) = (try realm.text(this), try realm.text(arguments[0]))
            let (smallA, smallB) = (a.lowercased(), b.lowercased())
            if smallA != smallB { return .number(smallA < smallB ? -1 : 1) }
            return .number(a == b ? 0 : a > b ? -1 : 1)
        }
    }

    private func installStringReplacement(_ prototype: JSObject) {
        for (name, all) in [("replace", false), ("replaceAll", true)] as [(StaticString, Bool)] {
            method(prototype, name, length: 2) { realm, this, arguments throws(JSFailure) in
                let text = try realm.units(this)
                let wanted = try realm.units(arguments[0])
                // What a function is given, each time the same.
                let (whole, matched) = (
                    JSValue.string(try realm.toString(this)), JSValue.string(try realm.toString(arguments[0]))
                )
                let function = arguments[1].function
                let template = try function == nil ? realm.units(arguments[1]) : []
                let search = try TextSearch(wanted, realm)
                var result: [UInt16] = []
                var (start, from) = (0, 0)
                while let place = search.first(in: text, from: from) {
                    try realm.extend(&result, by: text[start..<place])
                    if let function {
                        let replaced = try realm.call(
                            function, this: .undefined, matched, .number(place), whole)
                        try realm.extend(&result, by: realm.units(replaced))
                    } else {
                        try realm.expand(template, match: place..<place + wanted.count, in: text, into: &result)
                    }
                    start = place + wanted.count
                    from = max(start, place + 1)
                    if !all || from > text.count { break }
                }
                try realm.extend(&result, by: text[min(start, text.count)...])
                return try realm.string(utf16: result)
            }
        }
    }

    private func repeated(_ text: JSString, count: Int) throws(JSFailure) -> JSString {
        let length = text.utf16Count
        guard length == 0 || count <= JSString.maximumLength / length else { throw invalidStringLength }
        let builder = WTF8.Builder()
        builder.append(text, times: count)
        return try string(builder)
    }

    /// A string in large letters.
    func uppercased(_ value: JSValue) throws(JSFailure) -> JSString {
        let text = try toString(value)
        try grant(text.byteCount * 3, "Invalid string length")
        return try string(long: text.text.uppercased())
    }

    /// A string in small letters.
    func lowercased(_ value: JSValue) throws(JSFailure) -> JSString {
        let text = try toString(value)
        try grant(text.byteCount * 3, "Invalid string length")
        return try string(long: text.text.lowercased())
    }

    /// A string without the white space at its ends (ECMA-262, 22.1.3.32).
    func trimmed(_ text: JSString, start: Bool, end: Bool) throws(JSFailure) -> JSValue {
        func isSpace(_ unit: UInt16) -> Bool {
            switch unit {
            case 0x09...0x0D, 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF: true
            default: false
            }
        }
        var units = try self.units(.string(text))[...]
        if start { units = units.drop(while: isSpace) }
        if end { while let last = units.last, isSpace(last) { units.removeLast() } }
        return try string(utf16: units)
    }
}

/// Looking for text in text, by UTF-16 code units or by bytes, in a time that is in proportion to the length of both (the algorithm
/// of Knuth, Morris and Pratt): no choice of texts makes it take for ever.
struct TextSearch<Unit: Equatable> {
    private let wanted: [Unit]
    /// For each beginning of what is wanted, how much of its end is a beginning of it, too; empty for short texts.
    private var borders: [UInt32] = []

    /// Shorter texts are compared at each place.
    private static var shortest: Int { 16 }

    init(_ wanted: [Unit], _ realm: JSRealm) throws(JSFailure) {
        self.wanted = wanted
        guard wanted.count >= Self.shortest else { return }
        try realm.grant(wanted.count * MemoryLayout<UInt32>.stride, "Invalid string length")
        borders.reserveCapacity(wanted.count)
        borders.append(0)
        for place in 1..<wanted.count {
            borders.append(UInt32(truncatingIfNeeded: extended(Int(borders[place - 1]), by: wanted[place])))
        }
    }

    /// How many code units match, where `matched` did and a further one follows.
    @inline(__always)
    private func extended(_ matched: Int, by unit: Unit) -> Int {
        var matched = matched
        while matched > 0, matched == wanted.count || wanted[matched] != unit { matched = Int(borders[matched - 1]) }
        return matched < wanted.count && wanted[matched] == unit ? matched + 1 : matched
    }

    /// Calls the body for each place from one on where the text occurs, until it says false.
    private func forEachPlace(in text: UnsafeBufferPointer<Unit>, from start: Int, _ body: (Int) -> Bool) {
        guard wanted.count <= text.count, start <= text.count - wanted.count else { return }
        guard borders.isEmpty else {
            var matched = 0
            for index in start..<text.count {
                matched = extended(matched, by: text[index])
                if matched == wanted.count, !body(index + 1 - matched) { return }
            }
            return
        }
        for place in start...(text.count - wanted.count)
        where wanted.isEmpty || text[place] == wanted[0] && text[place...].starts(with: wanted) {
            if !body(place) { return }
        }
    }

    /// Where the text first occurs from a place on.
    func first(in text: [Unit], from start: Int) -> Int? {
        text.withUnsafeBufferPointer { first(in: $0, from: start) }
    }

    /// Where the text first occurs from a place on.
    func first(in text: UnsafeBufferPointer<Unit>, from start: Int) -> Int? {
        var found: Int?
        forEachPlace(in: text, from: start) { place in
            found = place
            return false
        }
        return found
    }

    /// Where the text last occurs, not behind a place.
    func last(in text: [Unit], from end: Int) -> Int? {
        if borders.isEmpty {
            return stride(from: min(end, text.count - wanted.count), through: 0, by: -1).first {
                text[$0...].starts(with: wanted)
            }
        }
        var found: Int?
        text.withUnsafeBufferPointer {
            forEachPlace(in: $0, from: 0) { place in
                guard place <= end else { return false }
                found = place
                return true
            }
        }
        return found
    }
}

extension JSRealm {
    /// Adds a replacement with its `$$`, `$&`, `` $` `` and `$'` filled in (GetSubstitution).
    fileprivate func expand(
        _ template: [UInt16], match: Range<Int>, in text: [UInt16], into result: inout [UInt16]
    ) throws(JSFailure) {
        let dollar = UInt16(UInt8(ascii: "$"))
        var index = 0
        while index < template.count {
            let next = index + 1 < template.count ? UInt8(exactly: template[index + 1]) : nil
            guard template[index] == dollar, let next else {
                let end = template[(index + 1)...].firstIndex(of: dollar) ?? template.count
                try extend(&result, by: template[index..<end])
                index = end
                continue
            }
            switch next {
            case UInt8(ascii: "$"): try extend(&result, by: CollectionOfOne(dollar))
            case UInt8(ascii: "&"): try extend(&result, by: text[match])
            case UInt8(ascii: "`"): try extend(&result, by: text[..<match.lowerBound])
            case UInt8(ascii: "'"): try extend(&result, by: text[match.upperBound...])
            default:
                try extend(&result, by: CollectionOfOne(dollar))
                index += 1
                continue
            }
            index += 2
        }
    }
}

extension WTF8 {
    /// The code point of a string that begins at a byte, as a string; goes on to the byte behind it.
    ///
    /// Surrogates without a partner come by themselves; nil is the end.
    static func character(of string: JSString, at place: inout Int) -> JSString? {
        string.withBytes { bytes in
            guard place < bytes.count else { return nil }
            let start = place
            place += 1
            while place < bytes.count, bytes[place] & 0xC0 == 0x80 { place += 1 }
            return JSString.make(
                wtf8: UnsafeRawBufferPointer(rebasing: bytes[start..<place]), isASCII: place - start == 1)
        }
    }
}
