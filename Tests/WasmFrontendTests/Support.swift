import Testing
@testable import WasmFrontend
import _TestSupport

/// The error that bytes are refused with; records an issue and returns nil if they are accepted.
func refusal(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> ModuleError? {
    do {
        _ = try Module(bytes)
        Issue.record("the module was accepted", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// Expects that bytes are refused as malformed, for this reason and at this offset.
func expectMalformed(
    _ bytes: [UInt8], _ reason: MalformedModule.Reason, at offset: Int? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let error = refusal(bytes, sourceLocation: sourceLocation) else { return }
    guard case .malformed(let malformed) = error else {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return
    }
    #expect(malformed.reason == reason, sourceLocation: sourceLocation)
    if let offset { #expect(malformed.location.offset == offset, sourceLocation: sourceLocation) }
}

/// Expects that bytes are refused as invalid, for this reason and at this offset.
func expectInvalid(
    _ bytes: [UInt8], _ reason: InvalidModule.Reason, at offset: Int? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let error = refusal(bytes, sourceLocation: sourceLocation) else { return }
    guard case .invalid(let invalid) = error else {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return
    }
    #expect(invalid.reason == reason, sourceLocation: sourceLocation)
    if let offset { #expect(invalid.location.offset == offset, sourceLocation: sourceLocation) }
}

/// Expects that bytes are refused as beyond the implementation, for this reason.
func expectUnsupported(
    _ bytes: [UInt8], _ reason: UnsupportedModule.Reason, sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let error = refusal(bytes, sourceLocation: sourceLocation) else { return }
    guard case .unsupported(let unsupported) = error else {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return
    }
    #expect(unsupported.reason == reason, sourceLocation: sourceLocation)
}

/// A module of one function with these instructions.
func oneFunction(
    _ type: FunctionType = FunctionType([]), locals: [(Int, ValueType)] = [], code: [UInt8]
) -> [UInt8] {
    var builder = ModuleBuilder()
    builder.addFunction(type, locals: locals, code: code)
    return builder.bytes
}

/// A module with something in every section.
func exampleModule() -> [UInt8] {
    var builder = ModuleBuilder()
    let binary = builder.addType(FunctionType([.i32, .i64], [.i64]))
    builder.imports = [
        name("env") + name("f") + [0x00] + unsigned(binary),
        name("env") + name("g") + [0x03, 0x7F, 0x00],
    ]
    builder.tables = [[0x70, 0x01, 0x02, 0x08]]
    builder.memories = [[0x01, 0x01, 0x02]]
    builder.globals = [[0x7F, 0x01, 0x23, 0x00, 0x0B], [0x7E, 0x00, 0x42, 0x80, 0x7F, 0x0B]]
    // block (i32 i64 -> i64) … with a br_table, a call, memory, global and table accesses.
    let first = builder.addFunction(
        FunctionType([.i32], [.i64]), locals: [(2, .i64), (1, .f64)],
        code: [
            0x20, 0x00, 0x42, 0x07, 0x02, 0x00, 0x10, 0x00, 0x0B, 0x21, 0x01,  // call f in a block
            0x02, 0x40, 0x02, 0x40, 0x20, 0x00, 0x0E, 0x01, 0x00, 0x01, 0x0B, 0x0B,  // br_table
            0x20, 0x00, 0x28, 0x02, 0x04, 0x24, 0x01,  // global.set 1 (i32.load offset=4)
            0x44, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x21, 0x03,  // local.set 3 (f64.const 1)
            0x41, 0x00, 0x41, 0x00, 0x41, 0x01, 0xFC, 0x08, 0x01, 0x00, 0xFC, 0x09, 0x01,  // memory.init, data.drop
            0xD2, 0x01, 0xD1, 0x04, 0x7E, 0x42, 0x01, 0x05, 0x20, 0x01, 0x0B,  // if (ref.is_null (ref.func 1))
        ])
    builder.addFunction()  // the start function
    builder.addExport("run", .function, 1 + first)
    builder.addExport("mem", .memory, 0)
    builder.start = 2
    builder.elements = [[0x00, 0x41, 0x00, 0x0B, 0x02, 0x01, 0x02], [0x05, 0x70, 0x01, 0xD0, 0x70, 0x0B]]
    builder.dataCount = 2
    builder.data = [[0x00, 0x41, 0x08, 0x0B, 0x02, 0x61, 0x62], [0x01, 0x01, 0x63]]
    builder.customSections = [
        ("name", [0x00] + sized(name("example")) + [0x01] + sized(vector([[0x01] + name("main.run")])))
    ]
    return builder.bytes
}

/// What the validator finds out about each function that a module defines.
func summaries(_ module: Module) throws -> [FunctionValidator.Summary] {
    var validator = FunctionValidator(module.codeContext)
    var sink = NoSink()
    var summaries: [FunctionValidator.Summary] = []
    for (body, type) in zip(module.bodies, module.functionTypes.dropFirst(module.importedFunctionCount)) {
        summaries.append(try validator.validate(body.bytes, type: type, into: &sink))
    }
    return summaries
}
