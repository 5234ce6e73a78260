internal import HostSystem
internal import LibC

extension JSRealm {
    func installMath() {
        let math = makeObject()
        add(key("Math"), .object(math), .builtIn, to: global)
        math.define(wellKnownSymbols.toStringTag.key, string("Math"), .configurable)
        let constants: [(StaticString, Double)] = [
            ("E", M_E), ("LN10", M_LN10), ("LN2", M_LN2), ("LOG10E", M_LOG10E), ("LOG2E", M_LOG2E), ("PI", Double.pi),
            ("SQRT1_2", 0.5.squareRoot()), ("SQRT2", 2.0.squareRoot()),
        ]
        for (name, value) in constants { math.define(key(name), .number(value), []) }
        let functions: [(StaticString, (Double) -> Double)] = [
            ("abs", { abs($0) }), ("acos", acos), ("acosh", acosh), ("asin", asin), ("asinh", asinh), ("atan", atan),
            ("atanh", atanh), ("cbrt", Self.cubeRoot), ("ceil", ceil), ("cos", cos), ("cosh", cosh), ("exp", exp),
            ("expm1", expm1),
            ("floor", floor), ("fround", { Double(Float($0)) }), ("log", log), ("log10", log10), ("log1p", log1p),
            ("log2", log2), ("sign", { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }), ("sin", sin), ("sinh", sinh),
            ("sqrt", { $0.squareRoot() }), ("tan", tan), ("tanh", tanh), ("trunc", trunc),
            // Halves go up, also below zero; adding a half first would round 0.49999999999999994 up.
            ("round", { $0.rounded(.down) + ($0 - $0.rounded(.down) >= 0.5 ? 1 : 0) }),
            ("clz32", { Double(NumberText.uint32($0).leadingZeroBitCount) }),
        ]
        for (name, function) in functions {
            method(math, name, length: 1) { realm, _, arguments throws(JSFailure) in
                .number(function(try realm.toNumber(arguments[0])))
            }
        }
        let binary: [(StaticString, (Double, Double) -> Double)] = [
            ("atan2", atan2),
            // In C one to any power is one, also to NaN and infinity.
            ("pow", { $1.isNaN || (abs($0) == 1 && $1.isInfinite) ? .nan : pow($0, $1) }),
            ("imul", { Double(Int32(bitPattern: NumberText.uint32($0) &* NumberText.uint32($1))) }),
        ]
        for (name, function) in binary {
            method(math, name, length: 2) { realm, _, arguments throws(JSFailure) in
                .number(function(try realm.toNumber(arguments[0]), try realm.toNumber(arguments[1])))
            }
        }
        let folds: [(StaticString, Double, (Double, Double) -> Double)] = [
            ("max", -.infinity, { $0.isNaN || $1.isNaN ? .nan : Double.maximum($0, $1) }),
            ("min", .infinity, { $0.isNaN || $1.isNaN ? .nan : Double.minimum($0, $1) }),
            ("hypot", 0, { hypot($0, $1) }),
        ]
        for (name, start, function) in folds {
            method(math, name, length: 2) { realm, _, arguments throws(JSFailure) in
                var result = start
                for position in 0..<arguments.count {
                    result = function(result, try realm.toNumber(arguments[position]))
                }
                return .number(result)
            }
        }
        method(math, "random") { realm, _, _ throws(JSFailure) in
            var bits: UInt64 = 0
            withUnsafeMutableBytes(of: &bits) { realm.host.random.fill($0) }
            return .number(Double(bits >> 11) * 0x1p-53)
        }
    }

    /// The cube root; whole numbers where it is one, which not all systems give.
    private static func cubeRoot(_ value: Double) -> Double {
        let root = cbrt(value)
        let whole = root.rounded()
        return whole * whole * whole == value ? whole : root
    }

    func installPerformanceAndCrypto() {
        let performance = makeObject()
        add(key("performance"), .object(performance), .assigned, to: global)
        method(performance, "now") { realm, _, _ throws(JSFailure) in .number(Double(realm.host.clock.elapsed) / 1e6) }
        performance.define(key("timeOrigin"), .number(Double(host.clock.origin) / 1e6))
        let crypto = makeObject()
        add(key("crypto"), .object(crypto), .assigned, to: global)
        method(crypto, "getRandomValues", length: 1) { realm, _, arguments throws(JSFailure) in
            guard let array = arguments[0].typedArray, array.element != .float32, array.element != .float64 else {
                throw realm.typeError("The \"array\" argument must be an integer-typed TypedArray")
            }
            let bytes = array.bytes
            guard bytes.count <= 65536 else {
                throw realm.makeError(
                    realm.prototypes.error,
                    "The requested length of \(bytes.count) bytes exceeds the 65536 byte limit of getRandomValues")
            }
            realm.host.random.fill(bytes)
            return arguments[0]
        }
    }
}
