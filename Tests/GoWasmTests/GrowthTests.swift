import CHostSystem
import Testing
import _TestSupport

@testable import GoWasm

/// Containers and strings whose operations cost what they do, not what there is: they give what plain lists give, and
/// keep no more than they say. (How the cost grows is measured by `make bench-imports`.)
@Suite("What grows and shrinks")
struct GrowthTests {
    private let guest = FakeGuest()

    // MARK: Arrays

    /// The elements, nil for holes.
    private func places(_ array: JSArray) throws -> [Double?] {
        try (0..<array.length).map { index in
            guard array.isThere(index), case .number(let number) = array[index] else { return nil }
            let read = try array.get(PropertyKey(index: index), guest.realm)
            #expect(read.isSame(as: .number(number)))
            return number
        }
    }

    private func call(
        _ value: JSValue, _ method: StaticString, _ arguments: [JSValue]
    ) throws(JSFailure) -> JSValue {
        let function = try guest.realm.callable(guest.realm.get(value, guest.realm.key(method)), method)
        return try guest.realm.call(function, this: value, values: ContiguousArray(arguments))
    }

    @Test("an array changed at both ends and between has what a plain list has", arguments: 1...12)
    func ends(seed: UInt64) throws {
        let array = guest.realm.makeArray([])
        let value = JSValue.object(array)
        var list: [Double?] = []
        var random = SplitMix(seed: seed)
        for step in 0..<3000 {
            let new = JSValue.number(step)
            // For some time arrays grow, for some time they shrink.
            let isGrowing = step / 500 % 2 == 0
            switch random.next() % 10 {
            case 0...1 where isGrowing:
                let length = try guest.call(value, "unshift", new, new)
                #expect(length.isSame(as: .number(list.count + 2)))
                list.insert(contentsOf: [Double(step), Double(step)], at: 0)
            case 2...3 where isGrowing:
                try guest.call(value, "push", new)
                list.append(Double(step))
            case 0...2:
                let first = try guest.call(value, "shift")
                #expect(first.isSame(as: list.first.flatMap { $0 }.map { .number($0) } ?? .undefined))
                if !list.isEmpty { list.removeFirst() }
            case 3...4:
                try guest.call(value, "pop")
                _ = list.popLast()
            case 5...7:
                let start = Int(random.next() % UInt64(list.count + 1))
                let count = min(Int(random.next() % 5), list.count - start)
                let added = Int(random.next() % (isGrowing ? 6 : 3))
                let removed = try call(
                    value, "splice", [.number(start), .number(count)] + Array(repeating: new, count: added))
                #expect(try places(#require(removed.array)) == Array(list[start..<start + count]))
                list.replaceSubrange(start..<start + count, with: Array(repeating: Double(step), count: added))
            case 8 where !list.isEmpty:
                let index = Int(random.next() % UInt64(list.count))
                array.delete(PropertyKey(index: index), guest.realm)
                list[index] = nil
            default:
                let index = Int(random.next() % UInt64(list.count + 3))
                try array.set(PropertyKey(index: index), new, guest.realm)
                while list.count <= index { list.append(nil) }
                list[index] = Double(step)
            }
            if step % 50 == 0 { #expect(try places(array) == list) }
        }
        #expect(try places(array) == list)
    }

    @Test(
        "what is frozen is not changed, as Node says it",
        arguments: [
            ("push", "Cannot add property 2, object is not extensible"),
            ("pop", "Cannot delete property '1' of [object Array]"),
            ("shift", "Cannot assign to read only property '0' of object '[object Array]'"),
            ("unshift", "Cannot add property 2, object is not extensible"),
            ("splice", "Cannot assign to read only property '0' of object '[object Array]'"),
            ("reverse", "Cannot assign to read only property '0' of object '[object Array]'"),
            ("sort", "Cannot assign to read only property '0' of object '[object Array]'"),
            ("fill", "Cannot assign to read only property '0' of object '[object Array]'"),
            ("copyWithin", "Cannot assign to read only property '0' of object '[object Array]'"),
        ] as [(StaticString, String)])
    func frozen(method: StaticString, message: String) throws {
        let array = guest.realm.makeArray([.number(2), .number(1)])
        array.freeze()
        let arguments: [JSValue] =
            switch "\(method)" {
            case "push", "unshift": [.null]
            case "splice", "copyWithin": [.number(0), .number(1)]
            case "fill": [.number(0)]
            default: []
            }
        #expect(
            guest.exception { () throws(JSFailure) in try call(.object(array), method, arguments) }
                == "TypeError: \(message)")
        #expect(try places(array) == [2, 1])
    }

    @Test("a sort compares no more than it must, keeps equal elements in order, and ends", arguments: 0...40)
    func sort(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let count = Int(random.next() % 700)
        let keys = (0..<count).map { _ in Int(random.next() % 50) }
        var sort = MergeSort(count: count) { a, b throws(JSFailure) in keys[a] > keys[b] }
        try sort.sort()
        #expect(Array(sort.order) == (0..<count).sorted { (keys[$0], $0) < (keys[$1], $1) })
        for isDescending in [false, true] {
            var comparisons = 0
            var sort = MergeSort(count: count) { a, b throws(JSFailure) in
                comparisons += 1
                return isDescending ? a < b : a > b
            }
            try sort.sort()
            #expect(comparisons == max(0, count - 1))
            #expect(Array(sort.order) == (isDescending ? Array((0..<count).reversed()) : Array(0..<count)))
        }
        var contradictory = MergeSort(count: count) { _, _ throws(JSFailure) in random.next() & 1 == 0 }
        try contradictory.sort()
        #expect(contradictory.order.sorted() == Array(0..<count))
    }

    // MARK: Keys

    @Test("an object's keys keep their order while others go, and properties are found", arguments: 1...6)
    func keys(seed: UInt64) throws {
        let object = guest.realm.makeObject()
        var list: [Int] = []
        var random = SplitMix(seed: seed)
        func key(_ number: Int) -> PropertyKey { guest.realm.key(JSString.make("key \(number)")) }
        for step in 0..<2000 {
            if random.next() % 5 < (step / 400 % 2 == 0 ? 3 : 2) {
                try object.set(key(step), .number(step), guest.realm)
                list.append(step)
            } else if !list.isEmpty {
                // Often the oldest.
                let place = random.next() & 1 == 0 ? 0 : Int(random.next() % UInt64(list.count))
                object.delete(key(list.remove(at: place)), guest.realm)
            }
            guard step % 40 == 0 else { continue }
            let keys = try object.ownKeys(enumerableOnly: true, guest.realm)
            #expect(keys == list.map(key))
            #expect(object.properties.propertyCount == list.count && object.ownSymbols(guest.realm).isEmpty)
            for number in list {
                let value = try object.get(key(number), guest.realm)
                #expect(value.isSame(as: .number(number)))
            }
            if step % 400 == 0, let first = list.first {
                object.delete(key(first), guest.realm)
                list.removeFirst()
                #expect(!object.hasOwn(key(first), guest.realm))
            }
        }
    }

    @Test("iterators of a map keep their place while gaps close", arguments: 1...6)
    func cursors(seed: UInt64) throws {
        let map = try guest.new(guest.global("Map"))
        var random = SplitMix(seed: seed)
        var list: [Int] = []
        // An iterator, and what it has yet to return.
        var iterators: [(value: JSValue, rest: [Int])] = []
        for step in 0..<1500 {
            switch random.next() % 8 {
            case 0...2:
                try guest.call(map, "set", .number(step), .number(-step))
                list.append(step)
                for index in iterators.indices { iterators[index].rest.append(step) }
            case 3...5 where !list.isEmpty:
                let gone = list.remove(at: random.next() & 3 > 0 ? 0 : Int(random.next() % UInt64(list.count)))
                try guest.call(map, "delete", .number(gone))
                for index in iterators.indices { iterators[index].rest.removeAll { $0 == gone } }
            case 6: iterators.append((try guest.call(map, "keys"), list))
            default:
                guard !iterators.isEmpty else { continue }
                let index = Int(random.next() % UInt64(iterators.count))
                let next = try guest.call(iterators[index].value, "next")
                let value = try guest.realm.get(next, guest.realm.key("value"))
                guard !iterators[index].rest.isEmpty else {
                    #expect(value.isUndefined)
                    iterators.remove(at: index)
                    continue
                }
                #expect(value.isSame(as: .number(iterators[index].rest.removeFirst())))
            }
        }
        let size = try guest.realm.get(map, guest.realm.key("size"))
        #expect(size.isSame(as: .number(list.count)))
    }

    // MARK: Strings

    /// Code units of all kinds: letters, umlauts, pairs, and halves of pairs.
    private func units(_ count: Int, ascii: Bool, _ random: inout SplitMix) -> [UInt16] {
        var units: [UInt16] = []
        while units.count < count {
            switch ascii ? 0 : random.next() % 12 {
            case 0...5: units.append(UInt16(97 + random.next() % 3))
            case 6...7: units.append(0xE4)
            case 8: units.append(0x20AC)
            case 9...10: units += [0xD83D, 0xDE00 + UInt16(random.next() % 2)]
            default: units.append(random.next() & 1 == 0 ? 0xD83D : 0xDE00)
            }
        }
        return units
    }

    @Test("parts, units and places of strings are those of their code units", arguments: [false, true])
    func parts(ascii: Bool) throws {
        var random = SplitMix(seed: 3)
        for count in [0, 1, 5, 60, 127, 128, 129, 400, 1000] {
            let units = units(count, ascii: ascii, &random)
            let text = JSString.make(utf16: units)
            let value = JSValue.string(text)
            #expect(text.utf16 == units && text.utf16Count == units.count)
            // One replacement for each half of a pair.
            #expect(text.text == String(decoding: units, as: UTF16.self))
            for _ in 0..<300 {
                let start = Int(random.next() % UInt64(units.count + 1))
                let end = start + Int(random.next() % UInt64(units.count - start + 1))
                let part = text.substring(start..<end)
                #expect(part.utf16 == Array(units[start..<end]) && part.utf16Count == end - start)
                #expect(part == JSString.make(utf16: units[start..<end]))
                #expect(part.contentHash == JSString.make(utf16: units[start..<end]).contentHash)
                #expect(text.unit(at: start) == (start < units.count ? units[start] : nil))
                // What is looked for is often there.
                let wanted = Array(units[start..<min(end, start + Int(random.next() % 4))])
                let from = Int(random.next() % UInt64(units.count + 1))
                let expected = (from...units.count).first { units[$0...].starts(with: wanted) }
                let found = try text.firstUnit(of: JSString.make(utf16: wanted), from: from, guest.realm)
                #expect(found == expected, "\(wanted) from \(from)")
                #expect(text.has(JSString.make(utf16: wanted), at: from) == units[from...].starts(with: wanted))
                // A part of a part.
                let inner = start < end ? Int(random.next() % UInt64(end - start)) : 0
                #expect(part.substring(inner..<end - start).utf16 == Array(units[start + inner..<end]))
            }
            #expect(text.unit(at: units.count) == nil && text.unit(at: -1) == nil)
            let behind = try guest.call(value, "charCodeAt", .number(units.count))
            #expect(behind.isSame(as: .number(.nan)))
        }
    }

    @Test("strings put together at both ends are what their pieces are, and so are all in between", arguments: 1...8)
    func joined(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var known: [(JSString, [UInt16])] = [(JSString.make(""), [])]
        for _ in 0..<400 {
            let piece = units(Int(random.next() % 40), ascii: seed % 2 == 0, &random)
            let other = JSString.make(utf16: piece)
            // Mostly the last one, as programs do; at times an earlier one, whose room another one has taken.
            let (text, units) = known[
                random.next() % 6 > 0 ? known.count - 1 : Int(random.next() % UInt64(known.count))]
            if random.next() % 3 > 0 {
                known.append((try guest.realm.concatenation(text, other), units + piece))
            } else {
                known.append((try guest.realm.concatenation(other, text), piece + units))
            }
        }
        for (text, units) in known {
            #expect(text.utf16 == units && text.utf16Count == units.count)
            #expect(text == JSString.make(utf16: units))
        }
    }

    @Test("a string that is made longer again and again keeps its bytes once", arguments: [false, true])
    func kept(inFront: Bool) throws {
        let account = try #require(gwAccount(limit: .max))
        try account.charging {
            let guest = FakeGuest()
            let before = account.kept
            let piece = JSString.make("0123456789")
            var all: [JSString] = [piece]
            for _ in 0..<10_000 {
                let last = all[all.count - 1]
                all.append(
                    try inFront ? guest.realm.concatenation(piece, last) : guest.realm.concatenation(last, piece))
            }
            #expect(all[10_000].byteCount == 100_010)
            // Not 500 MB, as all of them have.
            #expect(account.kept - before < 4_000_000)
            // A name keeps none of it.
            let name = all[10_000].substring(5..<105)
            #expect(name.isShared)
            let key = guest.realm.key(name)
            #expect(guest.realm.strings.string(key)?.isShared == false)
        }
        #expect(account.kept == 0)
    }
}
