import Foundation
import HostSystem
import Testing

@testable import GoWasm

/// Chains of values: each link keeps the next one by one kind of edge.
@Suite("Long chains of values")
struct ReleaseTests {
    /// A way in which a new value keeps another one.
    typealias Link = @Sendable (FakeGuest, JSValue) throws -> JSValue

    private static let linkCount = 50_000

    /// What a class keeps values by: the name of its stored property, and chains that use it.
    ///
    /// ``allEdges()`` fails where a class of objects, or a stored property of one, is missing here.
    private static let edges: [String: Link] = [
        "JSObject.prototype": { _, next in .object(JSObject(prototype: next.object)) },
        "JSWrappedIterator.source": { guest, next in
            let iterator = guest.realm.makeObject()
            iterator.define(guest.realm.keys.next, next)
            return .object(JSWrappedIterator(try guest.realm.directIterator(iterator), prototype: nil))
        },
        "JSObject.properties": { guest, next in
            let object = guest.realm.makeObject()
            object.define(guest.realm.keys.value, next)
            return .object(object)
        },
        "JSAccessor.getter": { guest, next in
            .object(JSAccessor(getter: guest.realm.makeFunction { _, _, _ throws(JSFailure) in next }, setter: nil))
        },
        "JSAccessor.setter": { guest, next in
            .object(JSAccessor(getter: nil, setter: guest.realm.makeFunction { _, _, _ throws(JSFailure) in next }))
        },
        "JSWrapper.value": { _, next in .object(JSWrapper(next, prototype: nil)) },
        "JSFunction.code": { guest, next in
            .object(guest.realm.makeFunction { _, _, _ throws(JSFailure) in next })
        },
        "JSFunction.construction": { _, next in
            .object(
                JSFunction(prototype: nil, construction: .native { _, _, _ throws(JSFailure) in next }) {
                    _, _, _ throws(JSFailure) in
                    .undefined
                })
        },
        "JSFunction.boundTarget": { guest, next in try guest.call(callable(guest, next), "bind", .null) },
        "JSArray.storage": { guest, next in .object(guest.realm.makeArray([.number(1.0), next])) },
        "JSPromise.state": { guest, next in
            let promise = guest.realm.makePromise()
            promise.reject(next, guest.realm)
            promise.then(nil, nil, guest.realm, derived: nil)
            guest.realm.events.microtasks.removeAll()
            guest.realm.events.unhandledRejections = []
            return .object(promise)
        },
        "JSPromise.reactions": { guest, next in
            let promise = guest.realm.makePromise()
            promise.then(callable(guest, next).function, nil, guest.realm, derived: nil)
            return .object(promise)
        },
        "JSTimer.function": { guest, next in
            try guest.call(.object(guest.realm.global), "setTimeout", callable(guest, next))
        },
        "JSTimer.arguments": { guest, next in
            try guest.call(
                .object(guest.realm.global), "setTimeout", guest.function { _ in .undefined }, .number(1.0), next)
        },
        "JSIterator.advance": { guest, next in
            guest.realm.makeIterator(.array) { _ throws(JSFailure) in next }
        },
        "JSTypedArray.bufferObject": { guest, next in
            let buffer = JSArrayBuffer(OwnedStorage(byteCount: 8)!, prototype: next.object)
            return try guest.new(guest.global("Uint8Array"), .object(buffer))
        },
        "JSDataView.buffer": { guest, next in
            let buffer = JSArrayBuffer(OwnedStorage(byteCount: 8)!, prototype: next.object)
            return try guest.new(guest.global("DataView"), .object(buffer))
        },
        "JSCollection.entries": { guest, next in
            try guest.call(guest.new(guest.global("Map")), "set", .number(1.0), next)
        },
        "JSCollection.places": { guest, next in try guest.call(guest.new(guest.global("Set")), "add", next) },
        "JSAbortSignal.reason": { guest, next in try guest.call(guest.global("AbortSignal"), "abort", next) },
        "JSAbortSignal.algorithms": { guest, next in
            let signal = try #require(try abortSignal(guest).object as? JSAbortSignal)
            signal.algorithms.append { [next] _ in withExtendedLifetime(next) {} }
            return .object(signal)
        },
        "JSAbortSignal.listeners": { guest, next in
            let signal = try abortSignal(guest)
            try guest.call(signal, "addEventListener", guest.string("abort"), callable(guest, next))
            return signal
        },
        "JSBodyHolder.stream": { guest, next in
            let stream = BodyStream()
            stream.fail(next, guest.realm)
            return .object(JSBodyHolder(stream, prototype: nil))
        },
    ]

    /// Further chains, of what programs do: their edges are among those above.
    private static let scenarios: [String: Link] = [
        "derived promises": { guest, next in
            let promise = promise(next) ?? guest.realm.makePromise()
            return try guest.call(.object(promise), "then")
        },
        "promises that wait for others": { guest, next in
            let promise = guest.realm.makePromise()
            Self.promise(next)?.then(promise.resolver(guest.realm), nil, guest.realm, derived: promise)
            return .object(promise)
        },
        "resolvers": { guest, next in
            let promise = guest.realm.makePromise()
            promise.resolve(next, guest.realm)
            guest.realm.events.microtasks.removeAll()
            return .object(promise.resolver(guest.realm))
        },
        "bound arguments": { guest, next in
            try guest.call(guest.global("setTimeout"), "bind", .null, next)
        },
        "iterators of arrays": { guest, next in
            try guest.call(.object(guest.realm.makeArray([next])), "values")
        },
        "iterators of maps": { guest, next in
            let map = try guest.new(guest.global("Map"))
            try guest.call(map, "set", next, next)
            return try guest.call(map, "entries")
        },
        "errors and their causes": { guest, next in
            let options = guest.realm.makeObject()
            options.define(guest.realm.keys.cause, next)
            return try guest.new(guest.global("Error"), guest.string("outer"), .object(options))
        },
        "readers of streams": { guest, next in
            let stream = BodyStream()
            let reading = stream.read(guest.realm)
            reading.then(callable(guest, next).function, nil, guest.realm, derived: nil)
            return .object(JSBodyHolder(stream, prototype: nil))
        },
        "timers": { guest, next in
            let timer = try guest.call(guest.realm.global.asValue, "setTimeout", callable(guest, next), .number(1e6))
            let object = guest.realm.makeObject()
            object.define(guest.realm.keys.value, timer)
            object.define(guest.realm.keys.next, next)
            return .object(object)
        },
        "weak references": { guest, next in
            guard next.object != nil else { return .object(guest.realm.makeObject()) }
            return try guest.new(guest.global("WeakRef"), next)
        },
    ]

    private static func callable(_ guest: FakeGuest, _ value: JSValue) -> JSValue {
        value.function == nil ? .object(guest.realm.makeFunction { _, _, _ throws(JSFailure) in value }) : value
    }

    private static func promise(_ value: JSValue) -> JSPromise? {
        guard let object = value.object, object.kind == .promise else { return nil }
        return unsafeDowncast(object, to: JSPromise.self)
    }

    private static func abortSignal(_ guest: FakeGuest) throws -> JSValue {
        try guest.realm.get(guest.new(guest.global("AbortController")), guest.realm.key("signal"))
    }

    @Test("go without recursion, by every kind of edge", arguments: edges.keys.sorted() + scenarios.keys.sorted())
    func chain(_ name: String) throws {
        let link = try #require(Self.edges[name] ?? Self.scenarios[name])
        try onSmallStack {
            let guest = FakeGuest()
            // The stack is measured as that of a thread of the usual size.
            guest.realm.adoptCurrentThread()
            var chain = JSValue.object(guest.realm.makeObject())
            for _ in 0..<Self.linkCount { chain = try link(guest, chain) }
            chain = .undefined
        }
    }

    @Test("are known, with all that objects keep others by")
    func allEdges() throws {
        let guest = FakeGuest()
        let samples: [JSObject] = try [
            JSObject(prototype: nil), JSEnvironment(prototype: nil), JSAccessor(getter: nil, setter: nil),
            JSWrapper(.null, prototype: nil),
            guest.realm.makeFunction { _, _, _ throws(JSFailure) in .undefined }, guest.realm.makeArray([]),
            guest.realm.makePromise(), JSDate(time: 0, prototype: nil),
            JSIterator(prototype: nil) { _ throws(JSFailure) in nil }, JSCollection(.map, prototype: nil),
            guest.realm.makeByteArray(count: 1), guest.realm.makeByteArray(count: 1).buffer(guest.realm),
            JSDataView(
                guest.realm.makeByteArray(count: 1).buffer(guest.realm), byteOffset: 0, byteLength: 1, prototype: nil),
            JSAbortSignal(prototype: nil),
            try #require(
                guest.call(.object(guest.realm.global), "setTimeout", guest.function { _ in .undefined }).object),
            JSBodyHolder(BodyStream(), prototype: nil), JSHeaders(prototype: nil),
            JSTextDecoder(.utf8, isFatal: false, ignoresMark: false, prototype: nil),
            JSWrappedIterator(guest.realm.directIterator(JSObject(prototype: nil)), prototype: nil),
        ]
        // Every class that the sources declare is among them.
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/GoWasm")
        var declared: Set<String> = ["JSObject"]
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            for match in try String(contentsOf: file, encoding: .utf8).matches(of: #/class (\w+): JS\w+ \{/#) {
                declared.insert(String(match.1))
            }
        }
        declared.remove("JSString")
        #expect(Set(samples.map { "\(type(of: $0))" }) == declared)
        // Every stored property of them is an edge that is tested, or refers to nothing that refers to objects.
        for sample in samples {
            for child in Mirror(reflecting: sample).children {
                let label = "\(type(of: sample)).\(child.label ?? "")"
                #expect(Self.edges[label] != nil || Self.isLeaf(child.value), "\(label) is not among the edges")
            }
        }
        for child in Mirror(reflecting: samples[0]).children {
            let label = "JSObject.\(child.label ?? "")"
            #expect(Self.edges[label] != nil || Self.isLeaf(child.value), "\(label) is not among the edges")
        }
    }

    /// Does something when it goes.
    private final class Sentinel {
        let end: () -> Void
        init(_ end: @escaping () -> Void) { self.end = end }
        deinit { end() }
    }

    /// Ways in which an object lets go of the property `last` of ten.
    private static let removals: [String: @Sendable (FakeGuest, JSObject, PropertyKey) throws -> Void] = [
        "delete": { guest, object, key in object.delete(key, guest.realm) },
        "set": { guest, object, key in try object.set(key, .null, guest.realm) },
        "define": { _, object, key in object.define(key, .null) },
        "deallocate": { _, object, _ in object.properties.deallocate() },
    ]

    @Test("what goes may change the object that it goes from", arguments: removals.keys.sorted())
    func reentrantRelease(_ name: String) throws {
        let guest = FakeGuest()
        let object = guest.realm.makeObject()
        let numbers = 0..<40
        func key(_ number: Int) -> PropertyKey { guest.realm.key(JSString.make("p\(number)")) }
        for number in numbers.prefix(10) { object.define(key(number), .number(number)) }
        let last = guest.realm.key("last")
        var ends = 0
        do {
            // The table grows, gets an index, and loses a property meanwhile.
            let sentinel = Sentinel { [unowned object] in
                ends += 1
                for number in numbers.dropFirst(10) { object.define(key(number), .number(number)) }
                object.delete(key(3), guest.realm)
            }
            let function = guest.realm.makeFunction { _, _, _ throws(JSFailure) in
                withExtendedLifetime(sentinel) { .null }
            }
            object.define(last, .object(function))
        }
        #expect(ends == 0)
        try Self.removals[name]?(guest, object, last)
        #expect(ends == 1)
        let isEmptied = name == "deallocate"
        for number in numbers where number != 3 && (!isEmptied || number >= 10) {
            guard case .number(let found) = try object.get(key(number), guest.realm) else {
                Issue.record("p\(number) is not there")
                continue
            }
            #expect(found == Double(number))
        }
        #expect(!object.hasOwn(key(3), guest.realm))
        #expect(object.hasOwn(last, guest.realm) == (name == "set" || name == "define"))
        #expect(object.properties.propertyCount == (isEmptied ? 30 : name == "delete" ? 39 : 40))
    }

    /// Whether a value refers to nothing that could refer to an object of JavaScript.
    private static func isLeaf<Value>(_ value: Value) -> Bool {
        if _isPOD(Value.self) { return true }
        return value is ByteStorage || value is [UInt8] || value is HeaderList || value is [JSCollection.WeakCursor]
    }

    /// Runs `body` on a thread whose stack has 256 KB.
    private func onSmallStack(_ body: @escaping () throws -> Void) throws {
        final class Outcome: @unchecked Sendable {
            let body: () throws -> Void
            var error: (any Error)?
            init(_ body: @escaping () throws -> Void) { self.body = body }
        }
        let outcome = Outcome(body)
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            do { try outcome.body() } catch { outcome.error = error }
            done.signal()
        }
        thread.stackSize = 256 << 10
        thread.start()
        done.wait()
        if let error = outcome.error { throw error }
    }
}

extension JSObject {
    fileprivate var asValue: JSValue { .object(self) }
}
