internal import HostSystem
internal import LibC

/// The bytes behind an `ArrayBuffer` and the typed arrays that share it.
class ByteStorage {
    /// Whether there may be other bytes, or fewer, than there were at first.
    final fileprivate(set) var isVariable = false

    /// The bytes as they are now; valid until the guest runs.
    var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: nil, count: 0) }
}

/// Bytes of their own, zero at first.
final class OwnedStorage: ByteStorage {
    private var buffer: UnsafeMutableRawBufferPointer
    private var charge: Charge
    /// How many bytes there may be at most; nil where their number does not change.
    let maximumByteCount: Int?
    /// Whether they belong to a `SharedArrayBuffer`.
    let isShared: Bool
    /// Whether the bytes were given to somebody else.
    private(set) var isDetached = false

    /// Nil when there is not that much memory.
    init?(byteCount: Int, maximum: Int? = nil, isShared: Bool = false) {
        guard byteCount < JSRealm.smallSize || Charge.grants(byteCount), let start = calloc(max(byteCount, 1), 1) else {
            return nil
        }
        buffer = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
        charge = Charge(byteCount + Self.size)
        maximumByteCount = maximum
        self.isShared = isShared
        super.init()
        isVariable = maximum != nil
    }

    /// Takes memory over that `malloc` gave.
    init(adopting buffer: UnsafeMutableRawBufferPointer, maximum: Int? = nil) {
        self.buffer = buffer
        charge = Charge(buffer.count + Self.size)
        maximumByteCount = maximum
        isShared = false
        super.init()
        isVariable = maximum != nil
    }

    /// About how many bytes the object itself takes.
    private static let size = 48

    /// Makes the number of bytes another one; new ones are zero.
    ///
    /// False where there is no memory for them.
    func resize(to byteCount: Int) -> Bool {
        let more = byteCount - buffer.count
        guard more < JSRealm.smallSize || Charge.grants(more),
            let start = realloc(buffer.baseAddress, max(byteCount, 1))
        else { return false }
        if more > 0 { memset(start + buffer.count, 0, more) }
        buffer = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
        charge.change(to: byteCount + Self.size)
        return true
    }

    /// Gives the bytes away: there are none any more.
    func detach() -> UnsafeMutableRawBufferPointer {
        defer {
            buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            charge.change(to: Self.size)
            isDetached = true
            isVariable = true
        }
        return buffer
    }

    /// Takes the bytes of another one over, which is left without any; there are no own ones.
    func adopt(_ other: OwnedStorage) {
        free(buffer.baseAddress)
        buffer = other.detach()
        charge.change(to: buffer.count + Self.size)
    }

    deinit {
        free(buffer.baseAddress)
        charge.close()
    }

    override var bytes: UnsafeMutableRawBufferPointer { buffer }
}

/// The memory of the guest: what Go 1.11 and 1.12 make typed arrays on.
final class GuestStorage: ByteStorage {
    private let memory: () -> GuestMemory

    init(_ memory: @escaping () -> GuestMemory) { self.memory = memory }

    override var bytes: UnsafeMutableRawBufferPointer { memory().bytes }
}

/// An `ArrayBuffer`.
final class JSArrayBuffer: JSObject {
    /// The bytes, where they are the program's own: nil for the guest's memory.
    var owned: OwnedStorage? { storage as? OwnedStorage }
    /// Whether this is a `SharedArrayBuffer`.
    var isShared: Bool { owned?.isShared == true }
    var isDetached: Bool { storage.isVariable && owned?.isDetached == true }

    let storage: ByteStorage

    init(_ storage: ByteStorage, prototype: JSObject?) {
        self.storage = storage
        super.init(kind: .arrayBuffer, prototype: prototype)
    }
}

/// A typed array: a view of the elements in an `ArrayBuffer`.
final class JSTypedArray: JSObject {
    /// The types of elements.
    enum Element: UInt8, CaseIterable {
        case int8, uint8, uint8Clamped, int16, uint16, int32, uint32, float32, float64

        /// The name of the constructor.
        var constructorName: StaticString {
            switch self {
            case .int8: "Int8Array"
            case .uint8: "Uint8Array"
            case .uint8Clamped: "Uint8ClampedArray"
            case .int16: "Int16Array"
            case .uint16: "Uint16Array"
            case .int32: "Int32Array"
            case .uint32: "Uint32Array"
            case .float32: "Float32Array"
            case .float64: "Float64Array"
            }
        }

        /// The size of an element in bytes.
        var size: Int {
            switch self {
            case .int8, .uint8, .uint8Clamped: 1
            case .int16, .uint16: 2
            case .int32, .uint32, .float32: 4
            case .float64: 8
            }
        }
    }

    let element: Element
    let storage: ByteStorage
    /// Where the elements begin in the buffer, as long as it reaches that far.
    private let start: Int
    /// The number of elements, as long as the buffer has them; nil for as many as it has.
    private let fixedLength: Int?
    /// The buffer object, once somebody has asked for it.
    private var bufferObject: JSArrayBuffer?

    init(
        _ element: Element, storage: ByteStorage, byteOffset: Int, length: Int?, buffer: JSArrayBuffer? = nil,
        prototype: JSObject?
    ) {
        self.element = element
        self.storage = storage
        start = byteOffset
        fixedLength = length
        bufferObject = buffer
        super.init(kind: .typedArray, prototype: prototype, isExotic: true)
    }

    deinit { ending { $0.take(&bufferObject) } }

    /// Whether the elements were there when the array was made, and are not any more.
    @inline(__always)
    var isOutOfBounds: Bool { storage.isVariable && hasLostElements }

    private var hasLostElements: Bool {
        if (storage as? OwnedStorage)?.isDetached == true { return true }
        return start + (fixedLength ?? 0) * element.size > storage.bytes.count
    }

    /// Whether the array has as many elements as the buffer.
    var tracksLength: Bool { fixedLength == nil }

    var byteOffset: Int { isOutOfBounds ? 0 : start }

    /// The number of elements.
    @inline(__always)
    var length: Int {
        if !storage.isVariable, let fixedLength { return fixedLength }
        return variableLength
    }

    private var variableLength: Int {
        hasLostElements ? 0 : fixedLength ?? (storage.bytes.count - start) / element.size
    }

    /// The bytes of the elements; empty when the storage does not reach that far (any more).
    var bytes: UnsafeMutableRawBufferPointer {
        let all = storage.bytes
        let count = length * element.size
        guard start + count <= all.count, let base = all.baseAddress else {
            return UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeMutableRawBufferPointer(start: base + start, count: count)
    }

    /// Whether `copyBytesToGo` and `copyBytesToJS` take this array.
    var isByteArray: Bool { element == .uint8 || element == .uint8Clamped }

    func buffer(_ realm: JSRealm) -> JSArrayBuffer {
        if let bufferObject { return bufferObject }
        let new = JSArrayBuffer(storage, prototype: realm.prototypes.arrayBuffer)
        bufferObject = new
        return new
    }

    subscript(index: Int) -> Double {
        get {
            let bytes = self.bytes
            let offset = index * element.size
            guard index >= 0, offset < bytes.count else { return .nan }
            switch element {
            case .int8: return Double(bytes.loadUnaligned(fromByteOffset: offset, as: Int8.self))
            case .uint8, .uint8Clamped: return Double(bytes[offset])
            case .int16: return Double(bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self))
            case .uint16: return Double(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            case .int32: return Double(bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
            case .uint32: return Double(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            case .float32: return Double(bytes.loadUnaligned(fromByteOffset: offset, as: Float.self))
            case .float64: return bytes.loadUnaligned(fromByteOffset: offset, as: Double.self)
            }
        }
        set {
            let bytes = self.bytes
            let offset = index * element.size
            guard index >= 0, offset < bytes.count else { return }
            switch element {
            case .int8, .uint8: bytes[offset] = UInt8(truncatingIfNeeded: NumberText.uint32(newValue))
            case .uint8Clamped:
                bytes[offset] = newValue.isNaN ? 0 : UInt8(min(max(newValue.rounded(.toNearestOrEven), 0), 255))
            case .int16, .uint16:
                bytes.storeBytes(
                    of: UInt16(truncatingIfNeeded: NumberText.uint32(newValue)), toByteOffset: offset, as: UInt16.self)
            case .int32, .uint32:
                bytes.storeBytes(of: NumberText.uint32(newValue), toByteOffset: offset, as: UInt32.self)
            case .float32: bytes.storeBytes(of: Float(newValue), toByteOffset: offset, as: Float.self)
            case .float64: bytes.storeBytes(of: newValue, toByteOffset: offset, as: Double.self)
            }
        }
    }

    override func exoticGet(_ key: PropertyKey, _ realm: JSRealm) -> JSValue? {
        if let index = key.index { return index < length ? .number(self[index]) : .undefined }
        // JavaScript has these as getters of the prototype; nobody can tell without looking for them there.
        if key == realm.keys.length { return .number(length) }
        if key == realm.keys.byteLength { return .number(length * element.size) }
        if key == realm.keys.byteOffset { return .number(byteOffset) }
        if key == realm.keys.buffer { return .object(buffer(realm)) }
        return nil
    }

    override func hasOwnExotic(_ key: PropertyKey, _ realm: JSRealm) -> Bool {
        key.index.map { $0 < length } ?? false
    }

    override func exoticSet(_ key: PropertyKey, _ value: JSValue, _ realm: JSRealm) throws(JSFailure) -> Bool? {
        if let index = key.index {
            let number = try realm.toNumber(value)
            guard index < length else { return false }
            self[index] = number
            return true
        }
        return [realm.keys.length, realm.keys.byteLength, realm.keys.byteOffset, realm.keys.buffer].contains(key)
            ? false : nil
    }

    override func exoticDelete(_ key: PropertyKey, _ realm: JSRealm) -> Bool? {
        key.index.map { $0 >= length }
    }

    override func exoticKeys(_ realm: JSRealm) -> [PropertyKey] { (0..<length).map { PropertyKey(index: $0) } }
}
