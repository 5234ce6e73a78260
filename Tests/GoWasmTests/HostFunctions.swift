@testable import GoWasm

/// Every function that a program can reach from the global object, those that are installed lazily among them; found by walking
/// through the objects' properties.
struct HostFunctions {
    struct Function {
        /// Such as `global.Math.max`.
        let path: String
        let function: JSFunction
    }

    private(set) var all: [Function] = []
    private var seen: Set<ObjectIdentifier> = []
    /// What ``seen`` names, so that no other object gets its place.
    private var kept: [JSObject] = []

    /// Walks from the global object on, until nothing comes any more: what one object gets lazily may belong to another
    /// that was walked through before.
    init(_ realm: JSRealm) {
        var before = -1
        while all.count != before {
            before = all.count
            (all, seen, kept) = ([], [], [])
            add(realm.global, "global", realm)
        }
    }

    /// Adds the functions that an object leads to, as far as they are new.
    mutating func add(_ object: JSObject, _ path: String, _ realm: JSRealm) {
        var waiting = [(object, path)]
        while let (object, path) = waiting.popLast() {
            guard seen.insert(ObjectIdentifier(object)).inserted else { continue }
            kept.append(object)
            if object.kind == .function {
                all.append(Function(path: path, function: unsafeDowncast(object, to: JSFunction.self)))
            }
            if object.kind == .accessor {
                let accessor = unsafeDowncast(object, to: JSAccessor.self)
                if let getter = accessor.getter { waiting.append((getter, "get \(path)")) }
                if let setter = accessor.setter { waiting.append((setter, "set \(path)")) }
            }
            if let prototype = object.prototype { waiting.append((prototype, "\(path).__proto__")) }
            realm.completeAllProperties(of: object)
            for slot in 0..<Int(object.properties.count) {
                guard let value = object.properties[slot].value.object else { continue }
                waiting.append((value, "\(path).\(realm.keyText(object.properties[slot].key))"))
            }
        }
    }
}
