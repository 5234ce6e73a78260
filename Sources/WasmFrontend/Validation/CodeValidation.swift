/// The validation of all function bodies of a module at once.
///
/// Functions don't depend on each other, so that the bodies of a large module are shared out among threads.
enum CodeValidation {
    /// The first body at fault, by its index in the code section, and its fault.
    struct Failure: Sendable {
        var body: Int
        var error: LoadFailure
    }

    /// How many bytes of code are worth a thread: it validates them in about a millisecond, and starts in a tenth.
    private static var bytesPerThread: Int { 512 << 10 }
    private static var mostThreads: Int { 8 }

    /// Validates `bodies`, on up to `threads` threads; nil for as many as the processors and the size of the code
    /// suggest.
    ///
    /// - Parameter firstType: The index of the first body's type in `context.functionTypes`.
    static func firstFailure(
        _ bodies: [FunctionBody], _ context: CodeContext, firstType: Int, threads: Int?
    ) -> Failure? {
        let codeBytes = bodies.reduce(0) { $0 + $1.bytes.count }
        let threads = threads ?? min(codeBytes / bytesPerThread, mostThreads, processorCount())
        let shares = shares(of: bodies, total: codeBytes, count: max(1, min(threads, bodies.count)))
        let failures = concurrentMap(shares) { share -> Failure? in
            var validator = FunctionValidator(context)
            var sink = NoSink()
            for index in share {
                do throws(LoadFailure) {
                    _ = try validator.validate(
                        bodies[index].bytes, type: context.functionTypes[firstType + index], into: &sink)
                } catch {
                    return Failure(body: index, error: error)
                }
            }
            return nil
        }
        // Shares are in order, and each stops at its first fault.
        return failures.lazy.compactMap(\.self).first
    }

    /// Ranges of bodies of about the same number of bytes.
    private static func shares(of bodies: [FunctionBody], total: Int, count: Int) -> [Range<Int>] {
        guard count > 1 else { return [bodies.indices] }
        var shares: [Range<Int>] = []
        var start = 0
        var sum = 0
        for (index, body) in bodies.enumerated() {
            sum += body.bytes.count
            if shares.count < count - 1, sum * count >= total * (shares.count + 1) {
                shares.append(start..<index + 1)
                start = index + 1
            }
        }
        shares.append(start..<bodies.count)
        return shares
    }
}
