import Foundation
import WasmFrontend

/// Runs the commands of one file, in order: later ones use the instances of earlier ones.
struct SpecRunner {
    /// How many commands had which outcome.
    struct Counts: CustomStringConvertible {
        var passed = 0
        var failed = 0
        /// `assert_malformed` of a module in the text format, which tests a parser that this engine doesn't have.
        var textModules = 0

        var total: Int { passed + failed + textModules }

        static func += (sum: inout Counts, addend: Counts) {
            sum.passed += addend.passed
            sum.failed += addend.failed
            sum.textModules += addend.textModules
        }

        var description: String {
            "\(passed) passed, \(failed) failed, \(textModules) text modules, not applicable; \(total) in all"
        }
    }

    private let file: String
    private let folder: URL
    private let engine: SpecEngine
    private var instances: [String: SpecInstance] = [:]
    /// The instance of the last module; nil if that failed.
    private var last: SpecInstance?
    private(set) var counts = Counts()
    /// What failed, by line.
    private(set) var failures: [(line: Int, reason: String)] = []

    /// Prepares to run commands of `file`, whose modules are in `folder`.
    init(file: String, folder: URL, configuration: SpecConfiguration, watcher: (any SpecWatcher)? = nil) throws {
        self.file = file
        self.folder = folder
        engine = try SpecEngine(configuration, watcher)
    }

    /// Runs a command and counts it.
    mutating func run(_ command: SpecScript.Command) {
        if command.kind == .assertMalformed, command.moduleType == "text" {
            counts.textModules += 1
            return
        }
        do {
            try perform(command)
            counts.passed += 1
        } catch {
            counts.failed += 1
            failures.append((command.line, "\(command.kind.rawValue): \(error)"))
        }
    }

    private mutating func perform(_ command: SpecScript.Command) throws {
        switch command.kind {
        case .module:
            last = nil
            let instance = try instantiate(command)
            last = instance
            if let name = command.name { instances[name] = instance }
        case .register:
            guard let name = command.registeredName else { throw SpecMismatch("no name to register as") }
            try engine.register(instance(command.name), as: name)
        case .action:
            _ = try perform(command.action)
        case .assertReturn:
            try expectResults(command)
        case .assertTrap, .assertExhaustion:
            try expectTrap(command) { try _ = perform(command.action) }
        case .assertUninstantiable:
            try expectTrap(command) { try _ = instantiate(command) }
        case .assertUnlinkable:
            do {
                _ = try instantiate(command)
            } catch SpecFailure.link(let message) {
                guard message.contains(command.text ?? "") else {
                    throw SpecMismatch("expected \(command.text ?? ""), got \(message)")
                }
                return
            }
            throw SpecMismatch("instantiated, but expected: \(command.text ?? "")")
        case .assertMalformed, .assertInvalid:
            try SpecModules.expectRefusal(command, of: file, in: folder)
        }
    }

    private func instantiate(_ command: SpecScript.Command) throws -> SpecInstance {
        try engine.instantiate(Module(SpecModules.bytes(command, in: folder)))
    }

    private func instance(_ name: String?) throws -> SpecInstance {
        guard let instance = name.map({ instances[$0] }) ?? last else {
            throw SpecMismatch("no instance \(name ?? "of the last module")")
        }
        return instance
    }

    private func perform(_ action: SpecScript.Action?) throws -> [SpecValue] {
        guard let action else { throw SpecMismatch("no action") }
        let instance = try instance(action.module)
        switch action.kind {
        case .get:
            return [try engine.global(action.field, of: instance)]
        case .invoke:
            let arguments = try (action.args ?? []).map { constant in
                guard let value = SpecValue(constant) else { throw SpecMismatch("unknown argument \(constant)") }
                return value
            }
            return try engine.call(action.field, of: instance, arguments)
        }
    }

    private func expectResults(_ command: SpecScript.Command) throws {
        let results = try perform(command.action)
        let expected = try (command.expected ?? []).map { constant in
            guard let expectation = SpecExpectation(constant) else {
                throw SpecMismatch("unknown expectation \(constant)")
            }
            return expectation
        }
        guard results.count == expected.count, zip(expected, results).allSatisfy({ $0.matches($1) }) else {
            throw SpecMismatch("expected \(expected), got \(results)")
        }
        if command.action?.kind == .invoke { engine.matched(expected) }
    }

    /// Expects a trap whose message the expected one starts with: that may add an index.
    private func expectTrap(_ command: SpecScript.Command, _ body: () throws -> Void) throws {
        let expected = command.text ?? ""
        do {
            try body()
        } catch SpecFailure.trap(let message) {
            guard expected.hasPrefix(message) else { throw SpecMismatch("expected trap \(expected), got \(message)") }
            return
        }
        throw SpecMismatch("no trap, but expected: \(expected)")
    }
}
