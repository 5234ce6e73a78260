import GoWasm
import HostSystem
import LibC
import Profiles
import Synchronization
import WasmFrontend
import WasmRuntime

/// A run whose processor time is looked into, and the files that say where it went.
///
/// The files are written once, by the run's thread: when the program has ended, in whatever way.
final class ProfileSession: Sendable {
    /// What takes the samples.
    let profiler = CallProfiler()
    private let program: String
    private let outputs: [Output]
    private let isFinished = Mutex(false)
    /// Knows the names of functions.
    private let loaded: Invocation.Loaded

    enum Format {
        case pprof
        /// A picture.
        case flameGraph
        case foldedStacks
        case speedscope

        /// The format that a flame graph is written in, by the ending of the file's name.
        init(ofFlameGraph path: String) {
            let name = path.lowercased()
            self =
                if name.hasSuffix(".folded") || name.hasSuffix(".txt") {
                    .foldedStacks
                } else if name.hasSuffix(".json") {
                    .speedscope
                } else {
                    .flameGraph
                }
        }
    }

    private struct Output {
        var format: Format
        var path: String
        var descriptor: Int32
    }

    /// Opens the files, before anything runs that would be lost, or that could put something else in their places.
    init(program: String, loaded: Invocation.Loaded, files: [(Format, String)], access: HostAccess) throws {
        self.program = program
        self.loaded = loaded
        outputs = try files.map { format, path in
            do throws(OutputFile.Failure) {
                return Output(format: format, path: path, descriptor: try OutputFile.open(path, beside: access))
            } catch {
                throw OutputProblem(subject: "profile", path: path, reason: error)
            }
        }
    }

    /// Ends the sampling and writes the files; returns whether that worked, after saying why if not.
    @discardableResult func finish() -> Bool {
        isFinished.withLock { isFinished in
            guard !isFinished else { return true }
            isFinished = true
            guard var profile = profiler.finish() else {
                Invocation.writeError(
                    "gowasm-fast: no profile was made: nothing ran, or this system has no timer for it")
                return false
            }
            if let module = loaded.module { profile = profile.withGoNames(of: module) }
            if profile.lostPeriods > 0 {
                Invocation.writeError("gowasm-fast: \(profile.lostPeriods) samples had no room in the profile")
            }
            var isWritten = true
            for output in outputs {
                let contents = contents(output.format, profile)
                do throws(ErrorCode) {
                    try contents.withUnsafeBufferPointer { (bytes) throws(ErrorCode) in
                        try Descriptors.writeAll(output.descriptor, UnsafeRawBufferPointer(bytes))
                    }
                } catch {
                    let failure = OutputProblem(
                        subject: "profile", path: output.path, reason: .system(error))
                    Invocation.writeError("gowasm-fast: \(failure)")
                    isWritten = false
                }
            }
            return isWritten
        }
    }

    private func contents(_ format: Format, _ profile: CallProfile) -> [UInt8] {
        switch format {
        case .pprof:
            return gzip(profile.pprof(program: program, endTime: Int(Clock().wall)))
        case .flameGraph:
            let picture = profile.flameGraph(title: program) { GoFunctionName.package(of: $0.name) ?? $0.name }
            return Array(picture.utf8)
        case .foldedStacks: return Array(profile.foldedStacks().utf8)
        case .speedscope:
            return Array(profile.speedscope(program: program, exporter: "gowasm-fast@\(GoWasmFast.version)").utf8)
        }
    }
}
