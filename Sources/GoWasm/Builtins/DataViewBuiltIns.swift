/// A `DataView` (ECMA-262, 25.3).
final class JSDataView: JSObject {
    private(set) var buffer: JSArrayBuffer?
    private let storage: ByteStorage
    let byteOffset: Int
    /// As long as the buffer has them; nil for as many as it has.
    private let fixedLength: Int?

    init(_ buffer: JSArrayBuffer, byteOffset: Int, byteLength: Int?, prototype: JSObject?) {
        self.buffer = buffer
        storage = buffer.storage
        self.byteOffset = byteOffset
        fixedLength = byteLength
        super.init(kind: .dataView, prototype: prototype)
    }

    deinit { ending { $0.take(&buffer) } }

    /// Whether the bytes were there when the view was made, and are not any more.
    var isOutOfBounds: Bool {
        storage.isVariable
            && (buffer?.isDetached == true || byteOffset + (fixedLength ?? 0) > storage.bytes.count)
    }

    /// Whether the view has as many bytes as the buffer.
    var tracksLength: Bool { fixedLength == nil }

    var byteLength: Int { isOutOfBounds ? 0 : fixedLength ?? max(0, storage.bytes.count - byteOffset) }

    /// `count` bytes from an offset on, if the view has them.
    func bytes(at offset: Int, count: Int) -> UnsafeMutableRawBufferPointer? {
        let all = storage.bytes
        guard offset >= 0, offset <= byteLength - count, byteOffset + offset + count <= all.count else { return nil }
        return UnsafeMutableRawBufferPointer(rebasing: all[byteOffset + offset..<byteOffset + offset + count])
    }
}

extension JSRealm {
    private func dataView(_ value: JSValue, _ method: StaticString) throws(JSFailure) -> JSDataView {
        guard let object = value.object, object.kind == .dataView else {
            throw typeError(
                "Method DataView.prototype.\(method) called on incompatible receiver \(receiverText(value))")
        }
        return unsafeDowncast(object, to: JSDataView.self)
    }

    /// Throws where the bytes of a view are not there any more.
    private func check(_ view: JSDataView, _ method: StaticString, prefix: StaticString = "") throws(JSFailure) {
        guard view.isOutOfBounds else { return }
        throw typeError("Cannot perform \(prefix)DataView.prototype.\(method) on a detached ArrayBuffer")
    }

    func installDataView() {
        let prototype = prototypes.dataView
        constructor("DataView", prototype, length: 1) { realm, _, arguments throws(JSFailure) in
            guard let object = arguments[0].object, object.kind == .arrayBuffer else {
                throw realm.typeError("First argument to DataView constructor must be an ArrayBuffer")
            }
            let buffer = unsafeDowncast(object, to: JSArrayBuffer.self)
            let offset = try realm.toInteger(arguments[1])
            guard !buffer.isDetached else {
                throw realm.typeError("Cannot perform DataView constructor on a detached ArrayBuffer")
            }
            let available = buffer.storage.bytes.count
            guard offset >= 0, offset <= available else {
                throw realm.rangeError("Start offset \(offset) is outside the bounds of the buffer")
            }
            let tracks = arguments[2].isUndefined && buffer.owned?.maximumByteCount != nil
            let length = try arguments[2].isUndefined ? available - offset : realm.toInteger(arguments[2])
            guard length >= 0, length <= buffer.storage.bytes.count - offset else {
                throw realm.rangeError("Invalid DataView length \(length)")
            }
            return .object(
                JSDataView(buffer, byteOffset: offset, byteLength: tracks ? nil : length, prototype: prototype))
        }
        add(wellKnownSymbols.toStringTag.key, string("DataView"), .configurable, to: prototype)
        getter(prototype, "buffer") { realm, this, _ throws(JSFailure) in
            try realm.dataView(this, "buffer").buffer.map { .object($0) } ?? .undefined
        }
        getter(prototype, "byteLength") { realm, this, _ throws(JSFailure) in
            let view = try realm.dataView(this, "byteLength")
            try realm.check(view, "byteLength", prefix: "get ")
            return .number(view.byteLength)
        }
        getter(prototype, "byteOffset") { realm, this, _ throws(JSFailure) in
            let view = try realm.dataView(this, "byteOffset")
            try realm.check(view, "byteOffset", prefix: "get ")
            return .number(view.byteOffset)
        }
        let accessors: [(StaticString, StaticString, JSTypedArray.Element)] = [
            ("getInt8", "setInt8", .int8), ("getUint8", "setUint8", .uint8), ("getInt16", "setInt16", .int16),
            ("getUint16", "setUint16", .uint16), ("getInt32", "setInt32", .int32),
            ("getUint32", "setUint32", .uint32), ("getFloat32", "setFloat32", .float32),
            ("getFloat64", "setFloat64", .float64),
        ]
        for (getName, setName, element) in accessors {
            /// Turns the bytes round where the machine's order is not the one that is asked for.
            func exchange(_ bytes: UnsafeMutableRawBufferPointer, littleEndian: Bool) {
                guard (1.littleEndian == 1) != littleEndian else { return }
                var bytes = bytes
                bytes.reverse()
            }
            method(prototype, getName, length: 1) { realm, this, arguments throws(JSFailure) in
                let view = try realm.dataView(this, getName)
                let offset = try realm.toInteger(arguments[0])
                guard offset >= 0 else { throw realm.rangeError("Offset is outside the bounds of the DataView") }
                try realm.check(view, getName)
                guard let bytes = view.bytes(at: offset, count: element.size) else {
                    throw realm.rangeError("Offset is outside the bounds of the DataView")
                }
                let value = try realm.makeTypedArray(element, copying: [.number(0.0)])
                value.bytes.copyMemory(from: UnsafeRawBufferPointer(bytes))
                exchange(value.bytes, littleEndian: arguments[1].isTruthy)
                return .number(value[0])
            }
            method(prototype, setName, length: 2) { realm, this, arguments throws(JSFailure) in
                let view = try realm.dataView(this, setName)
                let offset = try realm.toInteger(arguments[0])
                guard offset >= 0 else { throw realm.rangeError("Offset is outside the bounds of the DataView") }
                let value = try realm.makeTypedArray(element, copying: [arguments[1]])
                try realm.check(view, setName)
                guard let bytes = view.bytes(at: offset, count: element.size) else {
                    throw realm.rangeError("Offset is outside the bounds of the DataView")
                }
                exchange(value.bytes, littleEndian: arguments[2].isTruthy)
                bytes.copyMemory(from: UnsafeRawBufferPointer(value.bytes))
                return .undefined
            }
        }
    }
}
