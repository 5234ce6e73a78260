internal import CSupport
package import WasmFrontend

/// Why an instance cannot be the beginning of others.
package enum SnapshotFailure: Error, Hashable, Sendable {
    /// Functions of it are being executed.
    case isRunning
    /// It imports a memory, a table or a global, which others may change.
    case importsState(String, String)
    /// A table or a global holds a reference to something of the host's.
    case holdsHostReference
    /// A table or a global holds a function of another module, or of the host, that the instance does not import.
    case holdsForeignFunction
    /// The system has no memory for it.
    case outOfMemory
}

/// An instance between two calls, from which others begin.
///
/// It consists of memory, globals and tables, and of which segments are dropped. References to the instance's own
/// functions and to those that it imports are kept as indices.
///
/// Nothing in it changes, so any thread may use it.
package struct InstanceSnapshot: Sendable {
    /// The module that it is an instance of.
    package let module: Module
    let memory: MemoryImage?
    /// The cells of the globals.
    let globals: [UInt64]
    /// The elements of the tables.
    let tables: [[UInt64]]
    /// The segments that are empty, by their indices.
    let droppedData: [Int]
    let droppedElements: [Int]

    /// The size of the memory that each instance begins with, in bytes.
    package var memoryBytes: UInt64 { memory?.size ?? 0 }
}

/// What a memory held at a moment.
final class MemoryImage: Sendable {
    private nonisolated(unsafe) let image: UnsafeMutablePointer<GWMemoryImage>

    /// Copies a memory.
    ///
    /// - Parameter isShared: Whether memories with guard pages share the pages of the image that they have not written
    ///   to, where the system can do that.
    init(_ memory: UnsafeMutablePointer<GWMemory>, isShared: Bool = true) throws(SnapshotFailure) {
        image = .allocate(capacity: 1)
        guard gw_memory_image_create(image, memory, isShared) else {
            image.deallocate()
            throw .outOfMemory
        }
    }

    deinit {
        gw_memory_image_destroy(image)
        image.deallocate()
    }

    /// In bytes.
    var size: UInt64 { image.pointee.size }
    /// In pages of WebAssembly.
    var pages: UInt32 { UInt32(truncatingIfNeeded: size / UInt64(GW_PAGE_SIZE)) }
    /// The object that memories share; -1 if there is none.
    var descriptor: Int32 { image.pointee.file }
    /// Whether there is an object that memories share.
    var isShared: Bool { descriptor >= 0 }

    /// Has a new memory of the same size begin with the image; false where the system refuses that.
    func restore(_ memory: UnsafeMutablePointer<GWMemory>) -> Bool { gw_memory_restore(memory, image) }
}
