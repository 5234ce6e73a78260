public import WasmFrontend

/// Writes a module in the binary format, right or wrong: nothing is checked.
///
/// Entries are given as the bytes of their encoding where they are not simple, so that tests can break them.
public struct ModuleBuilder {
    /// The function types.
    public var types: [FunctionType] = []
    /// Encoded imports.
    public var imports: [[UInt8]] = []
    /// The type indices of the functions.
    public var functions: [UInt32] = []
    /// Encoded table types.
    public var tables: [[UInt8]] = []
    /// Encoded limits.
    public var memories: [[UInt8]] = []
    /// Encoded global types with their expressions.
    public var globals: [[UInt8]] = []
    /// Encoded exports.
    public var exports: [[UInt8]] = []
    /// The index of the start function.
    public var start: UInt32?
    /// Encoded element segments.
    public var elements: [[UInt8]] = []
    /// The number in the data count section.
    public var dataCount: UInt32?
    /// Function bodies without their sizes: declarations of locals, instructions, `end`.
    public var bodies: [[UInt8]] = []
    /// Encoded data segments.
    public var data: [[UInt8]] = []
    /// Custom sections, behind all others.
    public var customSections: [(name: String, contents: [UInt8])] = []

    /// An empty module.
    public init() {}

    /// Adds a function with its type, its locals as (count, type) and its instructions without the last `end`;
    /// returns its index among the functions that the module defines.
    @discardableResult
    public mutating func addFunction(
        _ type: FunctionType = FunctionType([]), locals: [(Int, ValueType)] = [], code: [UInt8] = []
    ) -> UInt32 {
        functions.append(addType(type))
        bodies.append(vector(locals.map { unsigned($0.0) + [$0.1.rawValue] }) + code + [0x0B])
        return UInt32(bodies.count - 1)
    }

    /// Adds a type, unless it is there; returns its index.
    @discardableResult
    public mutating func addType(_ type: FunctionType) -> UInt32 {
        if let index = types.firstIndex(of: type) { return UInt32(index) }
        types.append(type)
        return UInt32(types.count - 1)
    }

    /// Exports something.
    public mutating func addExport(_ text: String, _ kind: Export.Kind, _ index: UInt32) {
        exports.append(name(text) + [kind.rawValue] + unsigned(index))
    }

    /// The module; sections without entries are left out.
    public var bytes: [UInt8] {
        var module = Self.header
        func add(_ number: UInt8, _ contents: [UInt8]) { module += Self.section(number, contents) }
        let encodedTypes = types.map { type in
            [0x60] + sized(type.parameters.map(\.rawValue)) + sized(type.results.map(\.rawValue))
        }
        if !types.isEmpty { add(1, vector(encodedTypes)) }
        if !imports.isEmpty { add(2, vector(imports)) }
        if !functions.isEmpty { add(3, vector(functions.map { unsigned($0) })) }
        if !tables.isEmpty { add(4, vector(tables)) }
        if !memories.isEmpty { add(5, vector(memories)) }
        if !globals.isEmpty { add(6, vector(globals)) }
        if !exports.isEmpty { add(7, vector(exports)) }
        if let start { add(8, unsigned(start)) }
        if !elements.isEmpty { add(9, vector(elements)) }
        if let dataCount { add(12, unsigned(dataCount)) }
        if !bodies.isEmpty { add(10, vector(bodies.map(sized))) }
        if !data.isEmpty { add(11, vector(data)) }
        for section in customSections { add(0, name(section.name) + section.contents) }
        return module
    }

    /// The magic number and the version.
    public static let header: [UInt8] = [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]

    /// A section.
    public static func section(_ number: UInt8, _ contents: [UInt8]) -> [UInt8] { [number] + sized(contents) }
}
