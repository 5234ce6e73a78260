@_exported public import GoWasm

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// `localizedDescription` is the error's `description`. The texts are in English.
extension ProgramError: LocalizedError {
    /// What went wrong, where, and what to do: ``ProgramError/description``.
    public var errorDescription: String? { description }
    /// What went wrong and where.
    public var failureReason: String? { message + (place.map { " in \($0)" } ?? "") }
    /// What to do, where there is something: ``ProgramError/advice``.
    public var recoverySuggestion: String? { advice }
}
