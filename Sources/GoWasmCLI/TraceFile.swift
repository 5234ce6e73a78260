import HostSystem
import Synchronization

/// The file that `--trace-file` names: a trace goes there line by line, so that it is whole however the run ends.
final class TraceFile: Sendable {
    private let path: String
    private let descriptor: Int32
    private let isBroken = Mutex(false)

    /// Opens the file, before anything runs that could put something else in its place.
    init(path: String, access: HostAccess) throws(OutputProblem) {
        self.path = path
        do throws(OutputFile.Failure) {
            descriptor = try OutputFile.open(path, beside: access)
        } catch {
            throw OutputProblem(subject: "trace", path: path, reason: error)
        }
    }

    /// Writes a line; after one that cannot be written, which is said, nothing more is written.
    func write(_ line: String) {
        isBroken.withLock { isBroken in
            guard !isBroken else { return }
            do throws(ErrorCode) {
                try Array((line + "\n").utf8).withUnsafeBufferPointer { (bytes) throws(ErrorCode) in
                    try Descriptors.writeAll(descriptor, UnsafeRawBufferPointer(bytes))
                }
            } catch {
                isBroken = true
                let problem = OutputProblem(subject: "trace", path: path, reason: .system(error))
                Invocation.writeError("gowasm-fast: \(problem)")
            }
        }
    }

    /// Whether all lines were written.
    var isWhole: Bool { isBroken.withLock { !$0 } }
}
