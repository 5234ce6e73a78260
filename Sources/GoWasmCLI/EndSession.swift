import GoWasm
import HostSystem
import LibC
import Profiles
import Synchronization

/// What is written of a program's memory when the program has ended, before the memory goes: a profile of what it
/// allocated, a core dump if it did not end as it wanted to.
final class EndSession: Sendable {
    private let program: String
    private let access: HostAccess
    /// Where the profile goes, opened before anything runs; nil for none.
    private let profile: (path: String, descriptor: Int32)?
    private let dump: String?
    private let report: @Sendable (String) -> Void

    private struct State {
        var isProfileWritten = false
        var isWhole = true
    }
    private let state = Mutex(State())

    /// Opens the profile's file.
    ///
    /// That of a dump is made when there is something to write.
    init(
        program: String, profile: String?, dump: String?, access: HostAccess,
        report: @escaping @Sendable (String) -> Void
    ) throws {
        self.program = program
        self.access = access
        self.dump = dump
        self.report = report
        self.profile = try profile.map { path in
            do throws(OutputFile.Failure) {
                return (path, try OutputFile.open(path, beside: access))
            } catch {
                throw OutputProblem(subject: "profile", path: path, reason: error)
            }
        }
    }

    /// Whether Go's memory profiler has to work.
    var wantsProfile: Bool { profile != nil }

    /// Writes what is wanted of a program that has ended; to be called on the run's thread.
    ///
    /// - Parameter reason: Why it ended other than as it wanted to; nil if it did not.
    func write(_ instance: ProgramInstance, _ reason: String?) {
        if let profile { writeProfile(instance, profile.path, profile.descriptor) }
        if let dump, let reason { writeDump(instance, dump, reason) }
    }

    /// Says what could not be written; returns whether nothing was missing.
    func finish() -> Bool {
        let (isProfileWritten, isWhole) = state.withLock { ($0.isProfileWritten, $0.isWhole) }
        guard wantsProfile, !isProfileWritten else { return isWhole }
        state.withLock { $0.isProfileWritten = true }
        report(
            "gowasm-fast: no profile of allocations was made: nothing ran, or the program is not one of Go 1.19 or 1.21 "
                + "to 1.27, or it allocated too little")
        return false
    }

    private func fail(_ problem: OutputProblem) {
        report("gowasm-fast: \(problem)")
        state.withLock { $0.isWhole = false }
    }

    private func writeProfile(_ instance: ProgramInstance, _ path: String, _ descriptor: Int32) {
        guard let allocations = instance.allocations() else { return }
        state.withLock { $0.isProfileWritten = true }
        let contents = gzip(allocations.pprof(program: program, endTime: Int(Clock().wall)))
        do throws(ErrorCode) {
            try contents.withUnsafeBufferPointer { (bytes) throws(ErrorCode) in
                try Descriptors.writeAll(descriptor, UnsafeRawBufferPointer(bytes))
            }
        } catch {
            fail(OutputProblem(subject: "profile", path: path, reason: .system(error)))
        }
    }

    private func writeDump(_ instance: ProgramInstance, _ path: String, _ reason: String) {
        do {
            // It has all that the program knew.
            let descriptor = try OutputFile.open(path, beside: access, isPrivate: true)
            defer { close(descriptor) }
            try instance.writeCoreDump(program: program, reason: reason) { bytes in
                try Descriptors.writeAll(descriptor, bytes)
            }
            report("gowasm-fast: the program's memory is in \(path.debugDescription), for 'gowasm-fast inspect'")
        } catch let error as OutputFile.Failure {
            fail(OutputProblem(subject: "dump", path: path, reason: error))
        } catch let error as ErrorCode {
            fail(OutputProblem(subject: "dump", path: path, reason: .system(error)))
        } catch {
            report("gowasm-fast: cannot write the dump \(path.debugDescription)")
            state.withLock { $0.isWhole = false }
        }
    }
}
