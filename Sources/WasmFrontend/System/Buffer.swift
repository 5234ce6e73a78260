/// A growing array for the inner loops of the lowering: no reference counting, no copying, no bounds checks in release
/// builds.
///
/// Its owner frees it. Invariant: the first `count` of `capacity` elements are initialized; a copy of the value is good until
/// an element is appended to another one.
struct Buffer<Element> {
    private var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    func deallocate() { base.deallocate() }

    @inline(__always) mutating func append(_ element: Element) {
        if count == capacity { grow() }
        (base + count).initialize(to: element)
        count += 1
    }

    @inline(__always) var last: Element? { count > 0 ? base[count - 1] : nil }

    /// Forgets the elements behind the first `count`; they must be of trivial type.
    @inline(__always) mutating func truncate(to count: Int) {
        assert(count <= self.count)
        self.count = count
    }

    @inline(__always) subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return base[index]
        }
        // So that one member of an element is changed where it lies.
        nonmutating _modify {
            assert(index >= 0 && index < count)
            yield &base[index]
        }
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: base, count: count)
        base.deallocate()
        base = larger
        capacity *= 2
    }
}
