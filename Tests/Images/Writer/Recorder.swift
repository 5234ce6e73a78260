import CSupport
import Foundation
@testable import WasmFrontend
@testable import WasmRuntime
import _ImageFormat

/// Notes calls of the functions of a store's instances, and writes images of them into a folder.
///
/// An image ends where a call begins that it does not reach, or an instance is made; the next one begins there.
final class Recorder {
    private let folder: URL
    private let name: String
    private let options: Snapshot.Options
    private var snapshot: Snapshot?
    private var imageCount = 0
    /// Whether a call is under way, and the first call of the host in it.
    private var firstHostCall: Int?
    /// How many calls have been noted.
    private(set) var callCount = 0

    /// Prepares for images NAME.image, NAME-2.image, … in a folder.
    init(_ folder: URL, _ name: String, _ options: Snapshot.Options = Snapshot.Options()) {
        self.folder = folder
        self.name = name
        self.options = options
    }

    /// Writes the image that has begun.
    func finish() throws {
        guard let snapshot, !snapshot.image.calls.isEmpty else { return }
        self.snapshot = nil
        imageCount += 1
        let file = imageCount == 1 ? "\(name).image" : "\(name)-\(imageCount).image"
        try snapshot.image.file().write(to: folder.appendingPathComponent(file))
    }

    private func begin(_ instance: Instance) throws -> Snapshot {
        if let snapshot, snapshot.has(instance) {
            // What has happened between the calls is of the writer's.
            return snapshot
        }
        try finish()
        let new = try Snapshot(of: instance, options)
        snapshot = new
        return new
    }

    // MARK: - Calls

    /// Calls a function, and notes that.
    ///
    /// - Throws: As `function` does.
    func call(
        _ function: Function, _ name: String, of instance: Instance, _ arguments: [Value]
    ) throws -> [Value] {
        precondition(firstHostCall == nil, "the host calls the guest while the guest calls it")
        let snapshot = try begin(instance)
        let first = snapshot.image.hostCalls.count
        firstHostCall = first
        defer { firstHostCall = nil }
        var call = GWImageCall()
        call.function = snapshot.reference(UInt64(UInt(bitPattern: function.pointer)))
        callCount += 1
        do {
            let results = try function.call(arguments)
            snapshot.add(call, name: name, arguments: arguments, results: results, firstHostCall: first)
            return results
        } catch {
            guard let trap = Self.trap(error) else { throw error }
            call.trap = UInt32(trap.rawValue)
            snapshot.add(call, name: name, arguments: arguments, results: [], firstHostCall: first)
            throw error
        }
    }

    /// Notes a call that does not end; nothing is called here, and nothing more can be noted in this image.
    func noteEndlessCall(_ function: Function, _ name: String, of instance: Instance, _ arguments: [Value] = []) throws
    {
        let snapshot = try begin(instance)
        var call = GWImageCall()
        call.function = snapshot.reference(UInt64(UInt(bitPattern: function.pointer)))
        call.trap = UInt32(GWTrap.interrupted.rawValue)
        call.ending = GWImageEnding.interrupted.rawValue
        callCount += 1
        snapshot.add(call, name: name, arguments: arguments, results: [], firstHostCall: snapshot.image.hostCalls.count)
        try finish()
    }

    /// Says which bits of the results of the last call are determined, of each result's slots.
    func expect(masks: [[UInt64]]) { snapshot?.expect(masks: masks.flatMap { $0 }) }

    /// Makes a part of what was recorded wrong.
    func spoil(_ part: Snapshot.Part) { snapshot?.spoil(part) }

    private static func trap(_ error: any Error) -> GWTrap? {
        switch error {
        case ExecutionError.trap(let trap): trap.code.code
        case ExecutionError.hostFunction: .hostError
        default: nil
        }
    }

    // MARK: - The host

    /// The same imports, with notes taken of each call that happens during a noted one.
    func watching(_ imports: Imports, of module: Module, _ store: Store) -> Imports {
        var result = imports
        for wanted in module.imports {
            guard case .host(let type, let body)? = imports.definition(wanted.module, wanted.name) else { continue }
            let name = "\(wanted.module).\(wanted.name)"
            switch body {
            case .plain(let body):
                result.define(wanted.module, wanted.name) { [unowned self] argument in
                    try self.note(name, { [.i32(argument)] }, results: { [] }) { try body(argument) }
                }
            case .raw(let body):
                result.define(wanted.module, wanted.name, type: type) { [unowned self, unowned store] values, results in
                    let arguments = {
                        type.parameters.enumerated().map { Value($1, address: values[$0]!, store: store) }
                    }
                    let answers = { type.results.isEmpty ? [] : Self.values(type.results, results!, store) }
                    try self.note(name, arguments, results: answers) { try body(values, results, store) }
                }
            }
        }
        return result
    }

    /// The results that a host function has written.
    private static func values(_ types: [ValueType], _ results: UnsafeMutableRawPointer, _ store: Store) -> [Value] {
        if types.count == 1 { return [Value(types[0], address: results, store: store)] }
        var slots = UnsafePointer(results.assumingMemoryBound(to: UInt64.self))
        return types.map { Value($0, slots: &slots, store: store) }
    }

    private func note(
        _ name: String, _ arguments: () -> [Value], results: () -> [Value], _ body: () throws -> Void
    ) throws {
        guard let snapshot, firstHostCall != nil else { return try body() }
        snapshot.ignoreChanges()
        let given = arguments()
        do {
            try body()
        } catch {
            snapshot.add(hostCall: name, arguments: given, results: [], failed: true)
            throw error
        }
        snapshot.add(hostCall: name, arguments: given, results: results(), failed: false)
    }
}
