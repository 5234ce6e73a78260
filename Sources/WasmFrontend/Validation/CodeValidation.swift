/// The result of validating all function bodies of a module.
///
/// Functions don't depend on each other, so that the bodies of a large module are shared out among threads.
struct CodeValidation {
    /// The bodies with what validation found out about them.
    private(set) var bodies: [FunctionBody]
    /// How often code writes each global.
    private(set) var globalWriteCounts: [UInt32]
    /// The first body at fault, by its index in `bodies`, and its fault.
    private(set) var failure: (body: Int, error: LoadFailure)?

    /// How many bytes of code are worth a thread: it validates them in about a millisecond, and starts in a tenth.
    private static var bytesPerThread: Int { 512 << 10 }
    private static var mostThreads: Int { 8 }

    /// Validates the bodies of `parts`, on up to `threads` threads; nil for as many as the processors and the size of the
    /// code suggest.
    init(_ parts: DecodedParts, _ bytes: ModuleBytes, threads: Int?) {
        bodies = parts.bodies
        globalWriteCounts = Array(repeating: 0, count: parts.globalTypes.count)
        let context = CodeContext(parts, bytes.buffer)
        let codeBytes = bodies.reduce(0) { $0 + $1.bytes.count }
        let threads = threads ?? min(codeBytes / Self.bytesPerThread, Self.mostThreads, processorCount())
        let shares = Self.shares(of: bodies, total: codeBytes, count: max(1, min(threads, bodies.count)))
        let firstType = parts.importedFunctionCount
        let results = bodies.withUnsafeMutableBufferPointer { bodies in
            nonisolated(unsafe) let work = Work(context: context, bodies: bodies, firstType: firstType)
            return concurrentMap(shares) { share in work.validate(share) }
        }
        for result in results {
            for (index, count) in result.globalWriteCounts.enumerated() { globalWriteCounts[index] &+= count }
            // Shares are in order, and each stops at its first fault.
            failure = failure ?? result.failure
        }
        withExtendedLifetime((bytes, context)) {}
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

    /// What the threads share: they read `context`, which nothing changes, and write different elements of `bodies`.
    private struct Work {
        let context: CodeContext
        let bodies: UnsafeMutableBufferPointer<FunctionBody>
        /// The index of the first body's type in `context.functionTypes`.
        let firstType: Int

        struct Result: Sendable {
            var globalWriteCounts: [UInt32]
            var failure: (body: Int, error: LoadFailure)?
        }

        func validate(_ share: Range<Int>) -> Result {
            var validator = FunctionValidator(context)
            for index in share {
                do throws(LoadFailure) {
                    try validator.validate(&bodies[index], type: context.functionTypes[firstType + index])
                } catch {
                    return Result(globalWriteCounts: [], failure: (index, error))
                }
            }
            return Result(globalWriteCounts: Array(validator.globalWriteCounts), failure: nil)
        }
    }
}
