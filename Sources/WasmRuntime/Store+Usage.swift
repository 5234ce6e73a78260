internal import CSupport
internal import LibC
internal import WasmFrontend

/// What a store uses, for statistics.
extension Store {
    /// The bytes of the frames under way, as of the last call of a host function.
    var frameBytes: UInt64 {
        guard let frame = machine.pointee.fp, let stack = machine.pointee.stack, frame > stack else { return 0 }
        return UInt64(UInt(bitPattern: frame) - UInt(bitPattern: stack))
    }

    /// Where the highest word of the frame stack is that is not zero.
    ///
    /// The stack is address space that the system fills with zeros when it is touched, and frames reach up from its
    /// start.
    var mostFrameBytes: UInt64 {
        guard let stack = machine.pointee.stack else { return 0 }
        let page = sysconf(Int32(_SC_PAGESIZE))
        var resident = [UInt8](repeating: 0, count: 4096)
        var end = 0
        while end < Int(machine.pointee.stack_size) {
            let length = min(resident.count * page, Int(machine.pointee.stack_size) - end)
            let start = UnsafeMutableRawPointer(stack) + end
            guard mincore(start, length, &resident) == 0,
                let last = resident[..<(length / page)].lastIndex(where: { $0 & 1 != 0 })
            else { break }
            end += (last + 1) * page
            if (last + 1) * page < length { break }
        }
        var word = end / MemoryLayout<UInt64>.size
        while word > 0, stack[word - 1] == 0 { word -= 1 }
        return UInt64(word * MemoryLayout<UInt64>.size)
    }

    /// What has been compiled of the code of all instances; nil where there are none.
    var compilation: CompilationStatistics? {
        var codes: [ObjectIdentifier: LoweredCode] = [:]
        for storage in instances.values { codes[ObjectIdentifier(storage.code)] = storage.code }
        let all = codes.values.map(\.compilation)
        guard var sum = all.first else { return nil }
        for one in all.dropFirst() {
            sum.functions += one.functions
            sum.refusedFunctions += one.refusedFunctions
            sum.bytes += one.bytes
            sum.instructions += one.instructions
            sum.nanoseconds += one.nanoseconds
            sum.entries += one.entries
            // Of several modules one may have machine code.
            if one.isPossible { sum.obstacle = nil }
        }
        return sum
    }
}
