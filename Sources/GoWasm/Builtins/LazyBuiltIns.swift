/// Built-in objects that most programs never name are made when one is missed, so that no program's start pays for
/// them.
extension JSRealm {
    /// A group of global names, and what defines them.
    typealias LazyGroup = (names: [StaticString], install: @Sendable (JSRealm) -> Void)

    /// The groups; there may be 64 of them.
    private static let lazyGlobals: [LazyGroup] = [
        (["Math"], { $0.installMath() }),
        (
            [
                "setTimeout", "setInterval", "clearTimeout", "clearInterval", "setImmediate", "clearImmediate",
                "queueMicrotask",
            ], { $0.installTimers() }
        ),
        (["performance", "crypto"], { realm in realm.addEnumerable { realm.installPerformanceAndCrypto() } }),
        (["Date"], { $0.installDate() }),
        (["Reflect"], { $0.installReflect() }),
        (["JSON"], { $0.installJSON() }),
        (["console"], { realm in realm.addEnumerable { realm.installConsole() } }),
        (["Map"], { $0.installMap() }),
        (["Set"], { $0.installSet() }),
        (["WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry"], { $0.installWeakCollections() }),
        (["DataView"], { $0.installDataView() }),
        (["TextEncoder", "TextDecoder"], { realm in realm.addEnumerable { realm.installTextCoding() } }),
        (
            ["encodeURIComponent", "encodeURI", "decodeURIComponent", "decodeURI"],
            { $0.installEscaping() }
        ),
        (["atob", "btoa"], { realm in realm.addEnumerable { realm.installBase64() } }),
        (["EvalError", "URIError", "AggregateError", "DOMException"], { $0.installRareErrors() }),
        (["structuredClone"], { realm in realm.addEnumerable { realm.installStructuredClone() } }),
        (["SharedArrayBuffer"], { $0.installSharedArrayBuffer() }),
        (["Atomics"], { $0.installAtomics() }),
        (["Iterator"], { $0.installIterator() }),
        (
            ["fetch", "Headers", "Response", "AbortController", "AbortSignal", "ReadableStream"],
            { realm in realm.addEnumerable { realm.installFetch() } }
        ),
    ]

    /// Notes how an object is filled when a property is missed.
    func installLazily(on object: JSObject, _ install: @escaping (JSRealm) -> Void) {
        object.hasLazyProperties = true
        lazyInstallers.append((object, install))
    }

    /// The same for a constructor, by its prototype.
    func installLazily(onConstructorOf prototype: JSObject, _ install: @escaping (JSRealm, JSObject) -> Void) {
        let slot = prototype.properties.find(keys.constructor)
        guard slot >= 0, let constructor = prototype.properties[slot].value.object else { return }
        installLazily(on: constructor) { install($0, constructor) }
    }

    /// Adds the properties that are installed lazily, or for the global object those that a key is about; whether there
    /// are new ones.
    ///
    /// Not a part of what looks for properties, which would begin each time with what this needs seldom.
    @inline(never)
    func completeProperties(of object: JSObject, missing key: PropertyKey) -> Bool {
        if object !== global {
            completeAllProperties(of: object)
            return true
        }
        guard let name = strings.string(key) else { return false }
        for (number, group) in Self.lazyGlobals.enumerated()
        where installedGroups & 1 << UInt64(number) == 0 && group.names.contains(where: { name == $0 }) {
            complete(number)
            return true
        }
        return false
    }

    /// Adds all properties of an object that are installed lazily.
    func completeAllProperties(of object: JSObject) {
        guard object.hasLazyProperties else { return }
        object.hasLazyProperties = false
        if object.kind == .function { unsafeDowncast(object, to: JSFunction.self).addSignature(self) }
        if object === global {
            for number in Self.lazyGlobals.indices where installedGroups & 1 << UInt64(number) == 0 { complete(number) }
        } else if let place = lazyInstallers.firstIndex(where: { $0.object === object }) {
            completing(lazyInstallers.remove(at: place).install)
        }
    }

    private func complete(_ number: Int) {
        installedGroups |= 1 << UInt64(number)
        completing(Self.lazyGlobals[number].install)
    }

    private func completing(_ install: (JSRealm) -> Void) {
        let outer = (isCompleting, memberAttributes)
        (isCompleting, memberAttributes) = (true, .builtIn)
        install(self)
        (isCompleting, memberAttributes) = outer
    }
}
