internal import LibC

/// What a Go program has allocated on its heap, by the functions that did it: what Go's own memory profiler has sampled.
///
/// Go's runtime notes an allocation each ``rate`` bytes on average, at random. The numbers here are what these samples
/// stand for, as in profiles that runtime/pprof writes: of a program that allocates much they are right within some
/// percent, small ones may be missing.
public struct AllocationProfile: Sendable, Hashable {
    /// The allocations of one size by one stack.
    public struct Sample: Sendable, Hashable {
        /// The functions, the innermost first, without those of Go's runtime that allocate for others.
        public var frames: [GoLineTable.Frame]
        /// How many objects were allocated, and how many bytes they had together.
        public var allocations, allocatedBytes: Int
        /// How many of these objects, and of their bytes, no garbage collection had found unused by then.
        public var liveObjects, liveBytes: Int

        /// Makes a sample of what the profiler has counted (runtime/pprof, scaleHeapSample).
        init(frames: [GoLineTable.Frame], size: UInt64, allocations: UInt64, releases: UInt64, rate: UInt64) {
            self.frames = frames
            let scale = rate <= 1 || size == 0 ? 1 : 1 / (1 - exp(-Double(size) / Double(rate)))
            func scaled(_ count: UInt64) -> (Int, Int) {
                guard count > 0 else { return (0, 0) }
                // What a program can write there has no limit; the products are numbers, and no longer so large.
                let number = min(Double(count) * scale, 1e15)
                let bytes = min(number * Double(size), 1e18)
                return (Int(number), Int(bytes))
            }
            (self.allocations, allocatedBytes) = scaled(allocations)
            (liveObjects, liveBytes) = scaled(allocations &- min(releases, allocations))
        }
    }

    /// The samples.
    public var samples: [Sample] = []
    /// How many bytes were allocated for each sample that was taken, on average: `runtime.MemProfileRate`.
    public var rate: Int

    init(rate: Int) { self.rate = rate }
}
