import Testing

@testable import GoWasm

@Suite("References")
struct ReferenceTableTests {
    private func makeHost(_ generation: GoABI.Generation) -> GoHost {
        GoHost(GoABI(generation: generation), host: HostServices())
    }

    private static let nan: UInt64 = 0x7FF8_0000 << 32

    @Test("numbers are their own references", arguments: GoABI.Generation.allCases)
    func numbers(generation: GoABI.Generation) {
        let table = makeHost(generation).references
        for number in [1.5, -3, 1e300, .infinity, .leastNonzeroMagnitude] {
            #expect(table.store(.number(number)) == number.bitPattern)
            #expect(table.load(number.bitPattern).isSame(as: .number(number)))
        }
        #expect(table.store(.number(.nan)) == Self.nan)
        #expect(table.load(Self.nan).isSame(as: .number(.nan)))
    }

    @Test("zero and undefined changed places in 1.12", arguments: GoABI.Generation.allCases)
    func zero(generation: GoABI.Generation) {
        let table = makeHost(generation).references
        if generation == .go1_11 {
            #expect(table.store(.undefined) == Self.nan | 1)
            #expect(table.store(.number(0.0)) == 0)
            #expect(table.load(0).isSame(as: .number(0.0)))
            #expect(table.load(Self.nan | 1).isUndefined)
        } else {
            #expect(table.store(.undefined) == 0)
            #expect(table.store(.number(0.0)) == Self.nan | 1)
            #expect(table.store(.number(-0.0)) == Self.nan | 1)
            #expect(table.load(0).isUndefined)
            #expect(table.load((-0.0).bitPattern).isUndefined)
            #expect(table.load(Self.nan | 1).isSame(as: .number(0.0)))
        }
    }

    @Test("the predefined values", arguments: GoABI.Generation.allCases)
    func predefined(generation: GoABI.Generation) {
        let host = makeHost(generation)
        let table = host.references
        #expect(table.store(.null) == Self.nan | 2)
        #expect(table.store(.boolean(true)) == Self.nan | 3)
        #expect(table.store(.boolean(false)) == Self.nan | 4)
        #expect(table.load(Self.nan | 5).object === host.realm.global)
        let instanceID: UInt64 = generation <= .go1_12 ? 7 : 6
        #expect(table.load(Self.nan | instanceID).object === host.instance)
        if generation <= .go1_12 {
            let buffer = try? table.load(Self.nan | 6).object?.get(host.realm.keys.buffer, host.realm)
            #expect(buffer?.object?.kind == .arrayBuffer)
        }
        #expect(table.load(Self.nan | 1 << 20).isUndefined)
    }

    @Test("flags and first free ids", arguments: GoABI.Generation.allCases)
    func flags(generation: GoABI.Generation) {
        let host = makeHost(generation)
        let first: UInt64 = generation <= .go1_12 ? 8 : 7
        let base: UInt64 = generation >= .go1_14 ? 1 : 0
        #expect(host.references.store(.object(host.realm.makeObject())) == Self.nan | base << 32 | first)
        #expect(host.references.store(.string(JSString.make("a"))) == Self.nan | (base + 1) << 32 | first + 1)
        #expect(host.references.store(.symbol(host.realm.makeSymbol(nil))) == Self.nan | (base + 2) << 32 | first + 2)
        let function = host.realm.makeFunction { _, _, _ throws(JSFailure) in .undefined }
        #expect(host.references.store(.object(function)) == Self.nan | (base + 3) << 32 | first + 3)
    }

    @Test("equal values have equal references", arguments: GoABI.Generation.allCases)
    func identity(generation: GoABI.Generation) {
        let host = makeHost(generation)
        let table = host.references
        #expect(table.store(.string(JSString.make("gopher"))) == table.store(.string(JSString.make("gopher"))))
        #expect(table.store(.string(JSString.make("gopher"))) != table.store(.string(JSString.make("Gopher"))))
        let object = host.realm.makeObject()
        #expect(table.store(.object(object)) == table.store(.object(object)))
        #expect(table.store(.object(object)) != table.store(.object(host.realm.makeObject())))
        // Up to 1.14 the predefined objects are not in the table of known values.
        let global = table.store(.object(host.realm.global))
        #expect((UInt32(truncatingIfNeeded: global) == 5) == (generation >= .go1_15))
        #expect(table.store(.object(host.realm.global)) == global)
    }

    @Test(
        "the last release frees an id, which is the next to be given out",
        arguments: [.go1_14, .go1_15, .go1_24] as [GoABI.Generation])
    func release(generation: GoABI.Generation) {
        let host = makeHost(generation)
        let table = host.references
        let text = JSString.make("kept twice")
        let reference = table.store(.string(text))
        #expect(table.store(.string(JSString.make("kept twice"))) == reference)
        table.release(reference)
        #expect(table.load(reference).isSame(as: .string(text)))
        table.release(reference)
        #expect(!table.load(reference).isSame(as: .string(text)))
        #expect(table.liveCount == 0)
        // Another release changes nothing.
        table.release(reference)
        let second = table.store(.object(host.realm.makeObject()))
        #expect(UInt32(truncatingIfNeeded: second) == UInt32(truncatingIfNeeded: reference))
        let third = table.store(.string(text))
        #expect(UInt32(truncatingIfNeeded: third) == UInt32(truncatingIfNeeded: reference) + 1)
        table.release(second)
        table.release(third)
        let fourth = table.store(.object(host.realm.makeObject()))
        #expect(UInt32(truncatingIfNeeded: fourth) == UInt32(truncatingIfNeeded: third))
    }

    @Test("predefined ids and, before 1.14, all ids are never freed")
    func forever() {
        let new = makeHost(.go1_24)
        for id in UInt64(0)..<7 { new.references.release(Self.nan | id) }
        #expect(new.references.load(Self.nan | 5).object === new.realm.global)
        let old = makeHost(.go1_13)
        let reference = old.references.store(.string(JSString.make("a")))
        old.references.release(reference)
        #expect(old.references.load(reference).isSame(as: .string(JSString.make("a"))))
    }

    @Test("many strings come and go")
    func churn() {
        let host = makeHost(.go1_24)
        let table = host.references
        for round in 0..<20 {
            let references = (0..<500).map { table.store(.string(JSString.make("text \(round) \($0)"))) }
            #expect(Set(references).count == 500)
            for (index, reference) in references.enumerated() {
                #expect(table.load(reference).isSame(as: .string(JSString.make("text \(round) \(index)"))))
            }
            for reference in references { table.release(reference) }
        }
        #expect(table.liveCount == 0)
        #expect(table.count < 600)
    }
}
