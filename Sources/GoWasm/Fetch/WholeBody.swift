internal import HostSystem
internal import LibC

/// The bytes of a body that is read to its end: the time for that is in proportion to their number.
final class WholeBody {
    private var base: UnsafeMutableRawPointer?
    private var count = 0
    private var capacity = 0
    private var charge = Charge()
    /// How many bytes have been moved to make room for more: what tests look at, as time is no measure.
    private(set) var movedByteCount = 0

    deinit {
        free(base)
        charge.close()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Adds bytes; false where there is no memory for them.
    func append(_ piece: UnsafeRawBufferPointer) -> Bool {
        guard let start = piece.baseAddress, piece.count > 0 else { return true }
        if piece.count > capacity - count {
            let wanted = max(capacity * 2, count + piece.count)
            guard Charge.grants(wanted - capacity), let wider = realloc(base, wanted) else { return false }
            movedByteCount += count
            (base, capacity) = (wider, wanted)
            charge.change(to: capacity)
        }
        (base! + count).copyMemory(from: start, byteCount: piece.count)
        count += piece.count
        return true
    }

    /// A `Uint8Array` that has the bytes from now on; there are none here any more.
    func array(_ realm: JSRealm) -> JSTypedArray {
        let start = realloc(base, max(1, count)) ?? base
        let storage = OwnedStorage(adopting: UnsafeMutableRawBufferPointer(start: start, count: count))
        let array = JSTypedArray(
            .uint8, storage: storage, byteOffset: 0, length: count, prototype: realm.prototypes.typedArray(.uint8))
        (base, count, capacity) = (nil, 0, 0)
        charge.change(to: 0)
        return array
    }
}
