internal import LibC

/// The number of processors that threads can run on at the same time.
func processorCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

/// The results of `transform` for all elements, in their order: the first is computed on this thread, each other one
/// on a thread of its own, or on this one where the system refuses a thread.
func concurrentMap<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ transform: @escaping @Sendable (Element) -> Result
) -> [Result] {
    let others = elements.dropFirst().map { element in
        let job = Job { transform(element) }
        job.start()
        return job
    }
    let first = elements.first.map(transform)
    return (first.map { [$0] } ?? []) + others.map { $0.result() }
}

/// A computation on a thread of its own.
private final class Job<Result: Sendable>: @unchecked Sendable {
    // Sendable: the thread writes `value` before it ends, and this side reads it after joining the thread.
    private let body: @Sendable () -> Result
    private var value: Result?
    private var thread: pthread_t?

    init(_ body: @escaping @Sendable () -> Result) { self.body = body }

    /// Starts the thread, if the system lets it.
    func start() {
        thread = startThread(isJoinable: true) { self.value = self.body() }.thread
    }

    /// Waits for the thread's result; computes it here if there is no thread.
    func result() -> Result {
        guard let thread else { return body() }
        pthread_join(thread, nil)
        return value!
    }
}
