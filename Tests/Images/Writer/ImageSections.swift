import Foundation
import _ImageFormat

/// The sections of an image while it is made; see gw_image.h.
struct ImageSections {
    var bytes: [UInt8] = []
    var words: [UInt32] = []
    var numbers: [UInt64] = []
    var codes: [GWImageCode] = []
    var functions: [GWImageFunction] = []
    var instances: [GWImageInstance] = []
    var memories: [GWImageMemory] = []
    var tables: [GWImageTable] = []
    var cells: [GWImageCell] = []
    var segments: [GWImageSegment] = []
    var hosts: [GWImageHost] = []
    var changes: [GWImageChange] = []
    var hostCalls: [GWImageHostCall] = []
    var expectations: [GWImageExpectation] = []
    var calls: [GWImageCall] = []
    /// What makes memories and tables what they are when the calls begin.
    var contents = GWImageRange()
    /// The size of the frame stack, in bytes.
    var stackSize: UInt64 = 0

    /// The whole file.
    func file() -> Data {
        var header = GWImageHeader()
        var body = Data()
        func add<Element>(_ elements: [Element]) -> GWImageSection {
            let section = GWImageSection(
                offset: UInt64(MemoryLayout<GWImageHeader>.size + body.count), count: UInt64(elements.count))
            elements.withUnsafeBytes { body.append(contentsOf: $0) }
            body.append(contentsOf: repeatElement(0, count: (8 - body.count % 8) % 8))
            return section
        }
        header.bytes = add(bytes)
        header.words = add(words)
        header.numbers = add(numbers)
        header.codes = add(codes)
        header.functions = add(functions)
        header.instances = add(instances)
        header.memories = add(memories)
        header.tables = add(tables)
        header.cells = add(cells)
        header.segments = add(segments)
        header.hosts = add(hosts)
        header.changes = add(changes)
        header.host_calls = add(hostCalls)
        header.expectations = add(expectations)
        header.calls = add(calls)
        header.format = UInt64(GW_IMAGE_FORMAT)
        header.version = UInt64(GW_IMAGE_VERSION)
        header.instructions = gw_image_instructions()
        header.stack_size = stackSize
        header.contents = contents
        header.size = UInt64(MemoryLayout<GWImageHeader>.size + body.count)
        header.sum = body.withUnsafeBytes { gw_image_sum(0, $0.baseAddress, UInt64($0.count)) }
        return withUnsafeBytes(of: &header) { Data($0) } + body
    }
}

extension Array {
    /// Adds elements at the end, and says where they are.
    mutating func adding(_ new: some Collection<Element>) -> GWImageRange {
        let first = count
        append(contentsOf: new)
        return GWImageRange(first: UInt32(first), count: UInt32(count - first))
    }
}
