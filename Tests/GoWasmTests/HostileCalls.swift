import HostSystem
import WasmFrontend
import _TestSupport

@testable import GoWasm

/// Calls of the functions of JavaScript's side with values that were chosen to do harm.
///
/// What is thrown is what a hostile program may well get; everything else is a fault: a process that ends, above all.
struct HostileCalls {
    private let guest: FakeGuest
    private let hostile: HostileValues
    private var functions: HostFunctions
    private var random: SplitMix
    /// What calls returned.
    private var results: [JSValue] = []
    /// Told of each call before it is made.
    private let report: (() -> String) -> Void
    /// How many calls were made.
    private(set) var count = 0

    /// Makes a guest with its values.
    ///
    /// - Parameters:
    ///   - access: What the guest may use; files lie in `/w`.
    ///   - addresses: Texts that name something outside, such as a server.
    ///   - report: Gets each call before it is made, as text that is only made when it is asked for.
    init(
        seed: UInt64, access: HostAccess = .none, kinds: HostileValues.Kinds = .all, addresses: [String] = [],
        report: @escaping (() -> String) -> Void = { _ in }
    ) throws {
        let streams = StandardStreams(input: .text("input"), output: .discarded, error: .discarded)
        let files = try FileSystem(access, streams: streams)
        files.report = { _ in }
        let services = HostServices(
            environment: [("A", "1")], files: files, network: access.network,
            clock: Clock(simulatedFrom: 1_000_000_000), random: RandomSource(seed: seed))
        guest = FakeGuest(services: services)
        hostile = try HostileValues(guest, kinds: kinds, addresses: addresses)
        functions = HostFunctions(guest.realm)
        random = SplitMix(seed: seed)
        self.report = report
    }

    /// How many functions there are to be called, as far as they are known.
    var functionCount: Int { functions.all.count }

    /// The names of the functions.
    var functionNames: [String] { functions.all.map(\.path) }

    /// Calls one function with every value in every position, `this` and four arguments, and as a constructor.
    mutating func sweep(_ number: Int) {
        let function = functions.all[number]
        for position in -1..<4 {
            for value in hostile.values.indices {
                var places = (0..<5).map { _ in ordinary() }
                places[position + 1] = value
                perform(function, places, isNew: position > 0 && value & 7 == 0)
            }
            runEvents()
        }
    }

    /// Calls functions at random.
    mutating func run(calls: Int) {
        for call in 0..<calls {
            let function = functions.all[Int(random.next() % UInt64(functions.all.count))]
            let count = Int(random.next() % 6)
            perform(function, (0..<count + 1).map { _ in any() }, isNew: random.next() & 7 == 0)
            if call & 15 == 15 { runEvents() }
        }
        runEvents()
    }

    /// Ends the guest.
    func end() { guest.realm.events.discardAll() }

    /// A value that most functions can do something with.
    private mutating func ordinary() -> Int { Int(random.next() % UInt64(hostile.values.count)) }

    /// A value, or what a call returned: those have numbers behind the values'.
    private mutating func any() -> Int {
        let number = random.next()
        guard number & 3 == 0, !results.isEmpty else { return ordinary() }
        return hostile.values.count + Int(number >> 8) % results.count
    }

    private func value(_ place: Int) -> JSValue {
        place < hostile.values.count ? hostile.values[place] : results[place - hostile.values.count]
    }

    private func name(_ place: Int) -> String {
        place < hostile.values.count ? hostile.names[place] : "result \(place - hostile.values.count)"
    }

    /// Calls a function with `this`, which is the first of the places, and arguments.
    private mutating func perform(_ called: HostFunctions.Function, _ places: [Int], isNew: Bool) {
        count += 1
        report { [self] in
            let arguments = places.dropFirst().map(name).joined(separator: ", ")
            return isNew ? "new \(called.path)(\(arguments))" : "\(called.path).call(\(name(places[0])), \(arguments))"
        }
        let values = ContiguousArray(places.map(value))
        let realm = guest.realm
        do throws(JSFailure) {
            let result: JSValue
            if isNew {
                result = try realm.withArguments(count: values.count - 1, fill: { values[$0 + 1] }) {
                    (arguments) throws(JSFailure) in
                    try realm.construct(.object(called.function), arguments)
                }
            } else {
                result = try realm.call(called.function, this: values[0], values: ContiguousArray(values.dropFirst()))
            }
            keep(result)
        } catch {
            if case .thrown(let value) = error, count & 63 == 0 { _ = realm.errorText(value) }
        }
    }

    private mutating func keep(_ value: JSValue) {
        guard let object = value.object else { return }
        // A class that only results have.
        if let prototype = object.prototype, !isKnown(prototype) {
            functions.add(prototype, "result.__proto__", guest.realm)
            known.append(prototype)
        }
        if results.count < 64 {
            results.append(value)
        } else {
            results[Int(random.next() % 64)] = value
        }
    }

    private var known: [JSObject] = []
    private func isKnown(_ object: JSObject) -> Bool { known.contains { $0 === object } }

    /// Lets timers, promises and completed operations run, without waiting.
    private mutating func runEvents() {
        guest.realm.events.pendingAbort = nil
        for _ in 0..<4 {
            // Callbacks throw what they were given to throw.
            guard (try? guest.host.runEventLoop(onlyReady: true)) == nil else { return }
            guest.realm.events.pendingAbort = nil
        }
    }
}
