internal import CSupport
public import WasmFrontend

/// Why an execution ended before its time (section 4.2.9).
public struct Trap: Error, Sendable, CustomStringConvertible {
    /// A reason; all of them are declared in CSupport/include/gw_traps.def.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        let code: GWTrap
        /// The specification's wording.
        public var message: String { String(cString: gw_trap_message(code)) }
        /// The specification's wording.
        public var description: String { message }

        /// The guest executed `unreachable`.
        public static let unreachable = Code(code: .unreachable)
        /// An integer division or remainder by zero.
        public static let integerDivideByZero = Code(code: .integerDivideByZero)
        /// The quotient of a signed division, or a truncated float, does not fit.
        public static let integerOverflow = Code(code: .integerOverflow)
        /// A NaN was truncated to an integer.
        public static let invalidConversionToInteger = Code(code: .invalidConversionToInteger)
        /// A memory access, or a segment, beyond the end of memory.
        public static let memoryOutOfBounds = Code(code: .memoryOutOfBounds)
        /// A table access, or a segment, beyond the end of a table.
        public static let tableOutOfBounds = Code(code: .tableOutOfBounds)
        /// An indirect call of an element beyond the end of the table.
        public static let undefinedElement = Code(code: .undefinedElement)
        /// An indirect call of a null reference.
        public static let uninitializedElement = Code(code: .uninitializedElement)
        /// An indirect call of a function of another type.
        public static let indirectCallTypeMismatch = Code(code: .indirectCallTypeMismatch)
        /// Calls nest deeper than the frame stack or the C stack allows.
        public static let callStackExhausted = Code(code: .callStackExhausted)
        /// ``Instance/interrupt()`` was called.
        public static let interrupted = Code(code: .interrupted)
        /// Nothing was left of ``Store/Configuration/budget``.
        public static let budgetExhausted = Code(code: .budgetExhausted)
        /// There was no address space for the module's code, or a function's frame is too large.
        public static let codeSpaceExhausted = Code(code: .codeSpaceExhausted)
        /// A function was called whose code is invalid; see `Module.CodeValidationTime` and ``Trap/invalidFunction``.
        public static let invalidFunction = Code(code: .invalidFunction)
    }

    /// A call that was under way.
    public struct Frame: Sendable, Hashable {
        /// The function's index in its module.
        public var function: Int
        /// Its name in the name section; nil where the module has none.
        public var name: String?
        // Where in the code it is: looked into when it is asked for.
        private let module: Module
        private let code: LoweredCode
        private let cell: Int

        init(function: Int, module: Module, code: LoweredCode, cell: Int) {
            self.function = function
            name = module.functionName(function)
            self.module = module
            self.code = code
            self.cell = cell
        }

        /// The word that was pushed onto the guest's stack for the call that the function is in, where there was one:
        /// Go's return address, which says where in the function the call is.
        public var returnAddress: Int? { code.pushedWord(at: cell) }

        /// What is pushed for the last such call before the place, and for the first one after it.
        public var neighbouringAddresses: (previous: Int?, next: Int?) { code.pushedWords(around: cell) }

        /// The offset in the module of the instruction that is being executed, or of the call; nil where that is not
        /// known.
        public var offset: Int? { code.offset(ofCell: cell) }

        /// Whether both are at the same place of the same code.
        public static func == (a: Frame, b: Frame) -> Bool { a.code === b.code && a.cell == b.cell }

        /// Hashes the place.
        public func hash(into hasher: inout Hasher) { hasher.combine(cell) }
    }

    /// The reason.
    public var code: Code
    /// The functions of the guest that were being executed, the innermost first, up to the call that came from the
    /// host.
    public var backtrace: [Frame]
    /// Whether there were more calls than ``backtrace`` names.
    public var isTruncated: Bool
    /// What is wrong with the function that was called, where the reason is ``Code/invalidFunction``.
    public var invalidFunction: ModuleError?

    /// The trap of a guest that was stopped while a host function waited.
    package static let interruption = Trap(code: .interrupted, backtrace: [], isTruncated: false)

    /// How many frames a backtrace has at most.
    public static let longestBacktrace = 100

    /// The reason, in the specification's words.
    public var description: String { invalidFunction?.description ?? code.message }
}

/// The imports that a module asks for and was not given, or not as it asks for them: all of them at once.
public struct LinkError: Error, Sendable, CustomStringConvertible {
    /// What is wrong with one import.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// The first of the import's two names.
        public var module: String
        /// The second of the two names.
        public var name: String
        /// What the module asks for.
        public var wanted: ExternalType
        /// What there is under the names; nil where there is nothing.
        public var found: ExternalType?

        /// The problem in words, beginning with those of the specification's tests.
        public var description: String {
            guard let found else { return "unknown import: \(module).\(name), a \(wanted.text)" }
            return "incompatible import type: \(module).\(name) is wanted as a \(wanted.text), and is a \(found.text)"
        }
    }

    /// The problems, in the order of the imports.
    public var problems: [Problem]

    /// The first problem in words, and how many more there are.
    public var description: String {
        let more = problems.count > 1 ? ["and \(problems.count - 1) more"] : []
        return (problems.prefix(1).map(\.description) + more).joined(separator: ", ")
    }
}

/// Why no call could be made.
public enum CallError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The instance exports no function of this name.
    case noSuchFunction(String)
    /// The instance exports no memory of this name.
    case noSuchMemory(String)
    /// The arguments are not those of the function's type.
    case mismatchedArguments(expected: [ValueType], given: [ValueType])
    /// The function has another type than it was asked for with.
    case mismatchedType(wanted: FunctionType, found: FunctionType)
    /// A value of another store was passed.
    case otherStore
    /// Memory or address space for an instance could not be had, or a table is larger than
    /// `ImplementationLimit.tableElements`.
    case outOfMemory
    /// A memory begins with more than ``Store/Configuration/memoryLimit``.
    case memoryLimit

    /// What is wrong, in one sentence.
    public var description: String {
        switch self {
        case .noSuchFunction(let name): "there is no exported function named \(name.debugDescription)"
        case .noSuchMemory(let name): "there is no exported memory named \(name.debugDescription)"
        case .mismatchedArguments(let expected, let given):
            "the function takes \(FunctionType(expected).text), and was given \(FunctionType(given).text)"
        case .mismatchedType(let wanted, let found):
            "the function is \(found.text), and was asked for as \(wanted.text)"
        case .otherStore: "a value of another store was passed"
        case .outOfMemory:
            "the memories and tables that the module asks for cannot be had "
                + "(a table has \(ImplementationLimit.tableElements) elements at most)"
        case .memoryLimit: "a memory that the module asks for is larger than the limit of memory"
        }
    }
}

extension ExternalType {
    /// The type in the words of an error message.
    var text: String {
        switch self {
        case .function(let type): "function \(type.text)"
        case .table(let type): "table of \(type.element) \(type.limits.text)"
        case .memory(let type): "memory \(type.limits.text)"
        case .global(let type): "global \(type.isMutable ? "mutable " : "")\(type.value)"
        }
    }
}

extension FunctionType {
    /// The type as `(i32, i64) -> (f32)`.
    public var text: String {
        "(\(parameters.map { "\($0)" }.joined(separator: ", "))) -> (\(results.map { "\($0)" }.joined(separator: ", ")))"
    }
}

extension Limits {
    var text: String { "{min \(minimum)\(maximum.map { ", max \($0)" } ?? "")}" }
}

/// An error by which a host function ends its guest because the guest asked for that.
package protocol GuestEnding: Error {
    /// Takes note of the functions that the guest was in, the innermost first, if that says why it asked.
    mutating func note(_ calls: () -> [Trap.Frame])
}

/// An error of a host function that may say nothing but that the function was stopped (``Store/interrupt()``).
package protocol HostFailure: Error {
    /// Whether it is that.
    var isInterruption: Bool { get }
}
