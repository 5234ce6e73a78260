/// A stable sort that compares as few elements as there are where they are in order already, or in the opposite one: each
/// comparison may be a call of the program. (Timsort without its gallops: natural runs, short ones made longer by binary
/// insertion, merged in pairs of like length.)
///
/// It ends whatever the comparisons say.
struct MergeSort {
    /// The numbers of the elements, in the order that is sought.
    private(set) var order: ContiguousArray<Int>
    private let isAfter: (Int, Int) throws(JSFailure) -> Bool
    private var runs: [Range<Int>] = []
    private var merged: ContiguousArray<Int> = []

    /// Sorts elements by their numbers; `isAfter` says whether the first one has to come after the second one.
    init(count: Int, _ isAfter: @escaping (Int, Int) throws(JSFailure) -> Bool) {
        order = ContiguousArray(0..<count)
        self.isAfter = isAfter
    }

    mutating func sort() throws(JSFailure) {
        // Such that the number of runs is a power of two or little less.
        var (shortest, rest) = (order.count, 0)
        while shortest >= 64 { (shortest, rest) = (shortest >> 1, rest | shortest & 1) }
        shortest += rest
        var start = 0
        while start < order.count {
            let natural = try run(from: start)
            let end = max(natural, min(start + shortest, order.count))
            try insert(natural..<end, behind: start)
            runs.append(start..<end)
            start = end
            while runs.count > 1, isToBeMerged { try merge(at: mergesEarlierPair ? runs.count - 3 : runs.count - 2) }
        }
        while runs.count > 1 { try merge(at: mergesEarlierPair ? runs.count - 3 : runs.count - 2) }
    }

    /// The end of the run that begins at a place; one that descends is turned round.
    private mutating func run(from start: Int) throws(JSFailure) -> Int {
        var end = start + 1
        guard end < order.count else { return end }
        let descends = try isAfter(order[start], order[end])
        end += 1
        while end < order.count, try isAfter(order[end - 1], order[end]) == descends { end += 1 }
        if descends { order[start..<end].reverse() }
        return end
    }

    /// Puts elements where they belong among those before them, from `start` on.
    private mutating func insert(_ range: Range<Int>, behind start: Int) throws(JSFailure) {
        for place in range {
            let element = order[place]
            var (low, high) = (start, place)
            while low < high {
                let middle = (low + high) / 2
                if try isAfter(order[middle], element) { high = middle } else { low = middle + 1 }
            }
            var moved = place
            while moved > low {
                order[moved] = order[moved - 1]
                moved -= 1
            }
            order[low] = element
        }
    }

    /// Whether the last runs are not much shorter than those before them: each is merged with one of like length.
    private var isToBeMerged: Bool {
        let lengths = runs.suffix(4).map(\.count)
        let last = lengths.count - 1
        return lengths[last - 1] <= lengths[last]
            || last >= 2 && lengths[last - 2] <= lengths[last - 1] + lengths[last]
            || last >= 3 && lengths[last - 3] <= lengths[last - 2] + lengths[last - 1]
    }
    private var mergesEarlierPair: Bool { runs.count > 2 && runs[runs.count - 3].count < runs[runs.count - 1].count }

    /// Merges a run with the one behind it.
    private mutating func merge(at index: Int) throws(JSFailure) {
        let (left, right) = (runs[index], runs[index + 1])
        runs[index] = left.lowerBound..<right.upperBound
        runs.remove(at: index + 1)
        guard try isAfter(order[left.upperBound - 1], order[right.lowerBound]) else { return }
        merged.removeAll(keepingCapacity: true)
        var (first, second) = (left.lowerBound, right.lowerBound)
        while first < left.upperBound, second < right.upperBound {
            if try isAfter(order[first], order[second]) {
                merged.append(order[second])
                second += 1
            } else {
                merged.append(order[first])
                first += 1
            }
        }
        merged.append(contentsOf: order[first..<left.upperBound])
        order.replaceSubrange(left.lowerBound..<left.lowerBound + merged.count, with: merged)
    }
}
