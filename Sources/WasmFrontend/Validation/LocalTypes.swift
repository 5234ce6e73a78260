/// The types of a function's locals: the first few flat, the others as the runs that declare them.
///
/// A function of eight bytes can declare 50,000 locals, so their types are never written out in full: setting up
/// takes time in proportion to the bytes of the declarations.
struct LocalTypes: ~Copyable {
    /// The number of locals that are held flat.
    static var flatCount: Int { 256 }

    /// How many of the function's locals are held flat.
    @inline(__always) var heldFlat: UInt32 { min(count, UInt32(Self.flatCount)) }

    /// The types of the first ``heldFlat`` locals; memory for `flatCount`.
    let flat: UnsafeMutablePointer<TypeByte>
    /// The number of locals, parameters included.
    private(set) var count: UInt32 = 0
    private var runs: [(end: UInt32, type: TypeByte)] = []

    init() { flat = .allocate(capacity: Self.flatCount) }

    deinit { flat.deallocate() }

    /// Forgets all locals.
    mutating func removeAll() {
        count = 0
        runs.removeAll(keepingCapacity: true)
    }

    /// Declares `added` more locals; the sum must fit.
    mutating func append(_ type: TypeByte, count added: UInt32) {
        guard added > 0 else { return }
        let start = Int(count)
        count += added
        let flatEnd = min(Int(count), Self.flatCount)
        if start < flatEnd { (flat + start).update(repeating: type, count: flatEnd - start) }
        if Int(count) > Self.flatCount { runs.append((end: count, type: type)) }
    }

    /// The type of a local, which must exist.
    func type(_ index: UInt32) -> TypeByte { index < heldFlat ? flat[Int(index)] : beyondFlat(index) }

    /// The type of a local from `flatCount` on, which must exist.
    func beyondFlat(_ index: UInt32) -> TypeByte {
        assert(index >= Self.flatCount && index < count)
        var low = 0
        var high = runs.count - 1
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end > index { high = middle } else { low = middle + 1 }
        }
        return runs[low].type
    }
}
