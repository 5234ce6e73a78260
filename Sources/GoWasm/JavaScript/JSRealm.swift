internal import CHostSystem
internal import HostSystem
internal import LibC
internal import WasmRuntime

/// Everything that the JavaScript of one program consists of: the global object, the built-in prototypes, the
/// interned keys and the event loop.
///
/// Used from one thread.
final class JSRealm {
    let strings = InternTable()
    let keys: WellKnownKeys
    let prototypes: Prototypes
    /// `globalThis`.
    let global: JSObject
    let events: EventLoop
    let host: HostServices

    let emptyString = JSString.make(wtf8: UnsafeRawBufferPointer(start: nil, count: 0), isASCII: true)
    /// Strings of one ASCII character.
    private let characters: ContiguousArray<JSString>
    private let arguments = ArgumentStack()
    /// The symbols by the numbers in their keys.
    private var symbols: ContiguousArray<JSSymbol> = []
    let wellKnownSymbols: WellKnownSymbols
    /// What fills objects whose properties are lazy: a handful, which a dictionary would only make dearer to begin
    /// with.
    var lazyInstallers: ContiguousArray<(object: JSObject, install: (JSRealm) -> Void)> = []
    /// The groups of ``lazyGlobals`` that are there.
    var installedGroups: UInt64 = 0
    /// Whether properties are being installed lazily, so that those which are there already stay.
    var isCompleting = false
    /// The attributes of built-in methods that are being added (``addEnumerable(_:)``).
    var memberAttributes = PropertyAttributes.builtIn
    /// The prototypes of iterators by what they go through.
    var iteratorPrototypes: [JSIterator.Subject: JSObject] = [:]
    /// The prototypes of classes that the language itself does not have.
    var hostPrototypes: [String: JSObject] = [:]
    /// The keys of ``StatsField``, looked up once.
    private(set) lazy var statsKeys = ContiguousArray(StatsField.allCases.map { key(JSString.make($0.rawValue)) })
    /// The network, once it has been used.
    var fetcher: Fetcher?
    /// The objects that ``dismantle()`` empties.
    var builtIns: [JSObject] = []
    /// How many bytes of text may still be made of the object that is being inspected.
    var inspectionRoom = 0
    /// Where the machine stack may not be used any more.
    private var stackLimit: UInt = 0
    /// Counts what is kept for the program; nil if there is none.
    let account: UnsafeMutablePointer<GWAccount>?
    /// What the program has made and is kept until its end: names of properties, symbols.
    private var charge = Charge()

    /// Allocations of fewer bytes are made without asking whether they may be made.
    static let smallSize = 64 << 10
    /// No call gets more arguments: about twice as many as V8 has room for on its stack.
    static let maximumArgumentCount = 1 << 18

    init(host: HostServices) {
        self.host = host
        account = gw_account_current()
        gw_account_retain(account)
        events = EventLoop()
        keys = WellKnownKeys(strings)
        prototypes = Prototypes()
        wellKnownSymbols = WellKnownSymbols(strings)
        symbols = wellKnownSymbols.all
        global = JSObject(prototype: prototypes.object)
        characters = ContiguousArray((0..<128).map { JSString.make(wtf8: [UInt8($0)]) })
        adoptCurrentThread()
        installBuiltIns()
    }

    deinit {
        charge.close()
        gw_account_release(account)
    }

    /// Breaks the circles in which the built-in objects refer to each other.
    func dismantle() {
        events.discardAll()
        for object in builtIns { object.properties.deallocate() }
        builtIns = []
        lazyInstallers = []
        iteratorPrototypes = [:]
        hostPrototypes = [:]
        fetcher = nil
        global.properties.deallocate()
    }

    // MARK: Keys

    func key(_ text: StaticString) -> PropertyKey { strings.intern(text) }
    func key(_ string: JSString) -> PropertyKey { strings.intern(string) }

    /// The key for a property of an object that is only to be read: nil when no property of that name can exist.
    @inline(__always)
    func existingKey(of object: JSObject, utf8 bytes: UnsafeRawBufferPointer) -> PropertyKey? {
        existingKey(utf8: bytes) ?? lazyKey(of: object, utf8: bytes)
    }

    /// The key for a property that nobody has named yet, where there may be such lazy properties.
    private func lazyKey(of object: JSObject, utf8 bytes: UnsafeRawBufferPointer) -> PropertyKey? {
        var holder: JSObject? = object
        while let current = holder {
            if current.hasLazyProperties { return key(utf8: bytes) }
            holder = current.prototype
        }
        return nil
    }

    @inline(__always)
    private func existingKey(utf8 bytes: UnsafeRawBufferPointer) -> PropertyKey? {
        if UTF8Text.isASCII(bytes) { return strings.lookUp(bytes) }
        return UTF8Text.decode(bytes).withBytes { strings.lookUp($0) }
    }

    /// The key for a property that is to be written.
    func key(utf8 bytes: UnsafeRawBufferPointer) -> PropertyKey {
        if UTF8Text.isASCII(bytes) { return strings.intern(bytes, isASCII: true) }
        return strings.intern(UTF8Text.decode(bytes))
    }

    /// The key for an element: the number, converted to a string as JavaScript does.
    func key(element index: Int64) -> PropertyKey {
        if index >= 0, index < Int64(PropertyKey.indexLimit) { return PropertyKey(index: Int(index)) }
        return key(JSString.make(NumberText.format(Double(index))))
    }

    func key(_ value: JSValue) throws(JSFailure) -> PropertyKey {
        switch value {
        case .symbol(let symbol): return symbol.key
        case .number(let number):
            if number >= 0, number < Double(PropertyKey.indexLimit), number == number.rounded(.towardZero) {
                return PropertyKey(index: Int(number))
            }
            return key(JSString.make(NumberText.format(number)))
        default: return key(try toString(value))
        }
    }

    func makeSymbol(_ description: JSString?) -> JSSymbol {
        let symbol = JSSymbol(description: description, key: strings.makeSymbolKey())
        symbols.append(symbol)
        charge.change(to: charge.byteCount + 64)
        return symbol
    }

    /// The symbol that a key stands for.
    func symbol(_ key: PropertyKey) -> JSSymbol? {
        key.symbolNumber.flatMap { symbols.indices.contains($0 - 1) ? symbols[$0 - 1] : nil }
    }

    /// The string or symbol that a key stands for.
    func value(_ key: PropertyKey) -> JSValue { symbol(key).map { .symbol($0) } ?? string(key) }

    // MARK: Making values

    func makeObject() -> JSObject { JSObject(prototype: prototypes.object) }
    func makeArray(_ elements: ContiguousArray<JSValue>) -> JSArray { JSArray(elements, prototype: prototypes.array) }

    func makeFunction(
        signature: JSFunction.Signature = .none, construction: JSFunction.Construction = .none,
        _ code: @escaping JSCode
    ) -> JSFunction {
        JSFunction(prototype: prototypes.function, signature: signature, construction: construction, code: code)
    }

    /// A function without a name that wants some arguments.
    func makeFunction(length: Int, _ code: @escaping JSCode) -> JSFunction {
        makeFunction(signature: JSFunction.Signature(length: length), code)
    }

    /// The name of a function that is the value of a property (SetFunctionName): symbols in brackets.
    func functionName(_ key: PropertyKey) -> JSString {
        guard let symbol = symbol(key) else { return strings.string(key) ?? emptyString }
        return symbol.description.map { JSString.make("[\($0.excerpt)]") } ?? emptyString
    }

    /// A new `Uint8Array` with zeros.
    func makeByteArray(count: Int) throws(JSFailure) -> JSTypedArray {
        guard let storage = OwnedStorage(byteCount: count) else { throw rangeError("Array buffer allocation failed") }
        return JSTypedArray(
            .uint8, storage: storage, byteOffset: 0, length: count, prototype: prototypes.typedArray(.uint8))
    }

    func string(_ text: StaticString) -> JSValue { .string(strings.string(key(text)) ?? emptyString) }
    func string(_ text: String) -> JSValue { .string(JSString.make(text)) }
    func string(_ key: PropertyKey) -> JSValue { .string(strings.string(key) ?? emptyString) }

    /// The string of one code unit, or nil behind the end.
    func codeUnit(of string: JSString, at index: Int) -> JSValue? {
        guard let unit = string.unit(at: index) else { return nil }
        return .string(unit < 0x80 ? characters[Int(unit)] : JSString.make(utf16: CollectionOfOne(unit)))
    }

    // MARK: Calls

    /// Calls a function with arguments that lie in memory.
    @inline(__always)
    func call(_ function: JSFunction, this: JSValue, arguments: JSArguments) throws(JSFailure) -> JSValue {
        try checkStack()
        return try function.code(self, this, arguments)
    }

    func call(_ function: JSFunction, this: JSValue, _ values: JSValue...) throws(JSFailure) -> JSValue {
        try call(function, this: this, values: ContiguousArray(values))
    }

    func call(_ function: JSFunction, this: JSValue, values: ContiguousArray<JSValue>) throws(JSFailure) -> JSValue {
        try checkArgumentCount(values.count)
        let base = arguments.push(values.count)
        for (position, value) in values.enumerated() { (base + position).initialize(to: value) }
        defer { arguments.pop(base, values.count) }
        return try call(function, this: this, arguments: JSArguments(base: base, count: values.count))
    }

    /// Gives `body` arguments that `fill` initialises one after another.
    @inline(__always)
    func withArguments<Result>(
        count: Int, fill: (Int) -> JSValue, _ body: (JSArguments) throws(JSFailure) -> Result
    ) throws(JSFailure) -> Result {
        try checkArgumentCount(count)
        let base = arguments.push(count)
        for position in 0..<count { (base + position).initialize(to: fill(position)) }
        defer { arguments.pop(base, count) }
        return try body(JSArguments(base: base, count: count))
    }

    /// The operator `new`, or `Reflect.construct` with another function as its target: the new object gets that one's
    /// prototype.
    func construct(
        _ value: JSValue, _ arguments: JSArguments, newTarget: JSValue? = nil
    ) throws(JSFailure) -> JSValue {
        guard let function = value.function, function.isConstructor else {
            throw typeError("\(sourceText(value)) is not a constructor")
        }
        var target = function
        if let newTarget {
            guard let other = newTarget.function, other.isConstructor else {
                throw typeError("\(sourceText(newTarget)) is not a constructor")
            }
            target = other
        }
        try checkStack()
        // Bound functions hand it on to what they were bound from.
        if let inner = function.boundTarget {
            guard case .native(let code) = function.construction else { return .undefined }
            return try code(self, .object(target === function ? inner : target), arguments)
        }
        let isDerived = target !== function
        switch function.construction {
        case .none: return .undefined
        case .native(let code):
            guard isDerived else { return try code(self, .object(function), arguments) }
            let prototype = try target.get(keys.prototype, self).object
            let result = try code(self, .object(target), arguments)
            if let prototype { result.object?.prototype = prototype }
            return result
        case .ordinary:
            let object = JSObject(prototype: try target.get(keys.prototype, self).object ?? prototypes.object)
            let result = try function.code(self, .object(object), arguments)
            return result.object == nil ? .object(object) : result
        }
    }

    func callGetter(_ accessor: JSValue, _ receiver: JSValue) throws(JSFailure) -> JSValue {
        guard let object = accessor.object, object.kind == .accessor,
            let getter = unsafeDowncast(object, to: JSAccessor.self).getter
        else { return .undefined }
        return try withArguments(count: 0, fill: { _ in .undefined }) { none throws(JSFailure) in
            try call(getter, this: receiver, arguments: none)
        }
    }

    func callSetter(_ accessor: JSValue, _ receiver: JSValue, _ value: JSValue) throws(JSFailure) -> Bool {
        guard let object = accessor.object, object.kind == .accessor,
            let setter = unsafeDowncast(object, to: JSAccessor.self).setter
        else { return false }
        _ = try call(setter, this: receiver, value)
        return true
    }

    // MARK: The machine stack

    /// Measures the stack of the thread that is going to run the program.
    func adoptCurrentThread() { stackLimit = MachineStack.limitOfCurrentThread() }

    /// Throws the RangeError of an endless recursion while there is still stack to handle it; or ends the program, as
    /// ``checkEnd()``.
    @inline(__always)
    func checkStack() throws(JSFailure) {
        if MachineStack.position() < stackLimit { throw stackExceeded }
        try checkEnd()
    }

    private var stackExceeded: JSFailure { rangeError("Maximum call stack size exceeded") }

    @inline(__always)
    private func checkArgumentCount(_ count: Int) throws(JSFailure) {
        if count > Self.maximumArgumentCount { throw stackExceeded }
    }

    // MARK: Memory and time

    /// Ends the program where that was stopped, or where more is kept for it than it may have: small values are made
    /// without asking.
    ///
    /// Every call of a function looks, and so does every loop that calls none and may take long (``checkEnd(_:)``).
    @inline(__always)
    func checkEnd() throws(JSFailure) {
        if gw_account_must_end(account) { throw end }
    }

    /// The same from time to time: in a loop that counts its rounds.
    @inline(__always)
    func checkEnd(_ round: Int) throws(JSFailure) {
        if round & 4095 == 4095 { try checkEnd() }
    }

    private var end: JSFailure {
        guard gw_account_is_exceeded(account) else { return .aborted(Trap.interruption) }
        account?.pointee.is_limited = true
        return .aborted(MemoryLimitReached())
    }

    /// Throws a RangeError where so many bytes more may not be kept, or the system does not have them.
    @inline(__always)
    func grant(_ byteCount: Int, _ message: StaticString) throws(JSFailure) {
        if byteCount >= Self.smallSize, !gw_account_grants(account, UInt64(byteCount)) {
            throw rangeError("\(message)")
        }
    }

    /// Makes sure that there is memory for further properties.
    @inline(__always)
    func makeRoom(in object: JSObject) throws(JSFailure) {
        if object.properties.isFull {
            try grant(
                Int(object.properties.count) * 2 * MemoryLayout<PropertyTable.Slot>.stride, "Invalid array length")
        }
    }
}

/// The end of a program for which more is kept than it may have.
struct MemoryLimitReached: Error {}

/// The memory in which arguments are passed: a stack, so that a call allocates nothing.
final class ArgumentStack {
    private let memory = UnsafeMutablePointer<JSValue>.allocate(capacity: capacity)
    @exclusivity(unchecked)  // A number, which is read and written at once.
    private var top = 0
    private static let capacity = 1 << 14

    deinit { memory.deallocate() }

    /// Makes room for `count` values, which the caller initialises.
    @inline(__always)
    func push(_ count: Int) -> UnsafeMutablePointer<JSValue> {
        guard count <= Self.capacity - top else { return UnsafeMutablePointer<JSValue>.allocate(capacity: count) }
        let base = memory + top
        top += count
        return base
    }

    /// Destroys the values and gives the room back.
    @inline(__always)
    func pop(_ base: UnsafeMutablePointer<JSValue>, _ count: Int) {
        base.deinitialize(count: count)
        if base >= memory, base < memory + Self.capacity || (count == 0 && base == memory + Self.capacity) {
            top -= count
        } else {
            base.deallocate()
        }
    }
}

/// Keys that the host itself uses.
struct WellKnownKeys {
    let length, prototype, constructor, name, message, stack, code, toString, valueOf, then, buffer: PropertyKey
    let byteLength, byteOffset, id, this, args, result, pendingEvent, callbackShutdown, cause, errno,
        syscall: PropertyKey
    let path, done, value, next: PropertyKey

    init(_ table: InternTable) {
        length = table.intern("length")
        prototype = table.intern("prototype")
        constructor = table.intern("constructor")
        name = table.intern("name")
        message = table.intern("message")
        stack = table.intern("stack")
        code = table.intern("code")
        toString = table.intern("toString")
        valueOf = table.intern("valueOf")
        then = table.intern("then")
        buffer = table.intern("buffer")
        byteLength = table.intern("byteLength")
        byteOffset = table.intern("byteOffset")
        id = table.intern("id")
        this = table.intern("this")
        args = table.intern("args")
        result = table.intern("result")
        pendingEvent = table.intern("_pendingEvent")
        callbackShutdown = table.intern("_callbackShutdown")
        cause = table.intern("cause")
        errno = table.intern("errno")
        syscall = table.intern("syscall")
        path = table.intern("path")
        done = table.intern("done")
        value = table.intern("value")
        next = table.intern("next")
    }
}

/// The built-in prototypes.
struct Prototypes {
    let object = JSObject(prototype: nil)
    let function: JSObject
    let array: JSObject
    let arrayBuffer: JSObject
    let date: JSObject
    let promise: JSObject
    let string: JSObject
    let number: JSObject
    let boolean: JSObject
    let symbol: JSObject
    let error: JSObject
    let typeError: JSObject
    let rangeError: JSObject
    let syntaxError: JSObject
    let referenceError: JSObject
    let stats: JSObject
    let iterator: JSObject
    let map: JSObject
    let set: JSObject
    let dataView: JSObject
    private let typedArrays: [JSObject]

    init() {
        let object = self.object
        func derived(_ parent: JSObject? = nil) -> JSObject { JSObject(prototype: parent ?? object) }
        function = derived()
        array = derived()
        arrayBuffer = derived()
        date = derived()
        promise = derived()
        string = derived()
        number = derived()
        boolean = derived()
        symbol = derived()
        error = derived()
        typeError = derived(error)
        rangeError = derived(error)
        syntaxError = derived(error)
        referenceError = derived(error)
        stats = derived()
        iterator = derived()
        map = derived()
        set = derived()
        dataView = derived()
        let typedArray = derived()
        typedArrays = JSTypedArray.Element.allCases.map { _ in JSObject(prototype: typedArray) }
    }

    /// The prototype of the typed arrays of one type.
    func typedArray(_ element: JSTypedArray.Element) -> JSObject { typedArrays[Int(element.rawValue)] }

    /// What the prototypes of all typed arrays inherit from.
    var anyTypedArray: JSObject { typedArrays[0].prototype ?? object }
}
