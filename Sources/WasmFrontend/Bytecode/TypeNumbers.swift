internal import Synchronization

/// Numbers for function types, equal for equal types in the whole process: what an indirect call compares.
package enum TypeNumbers {
    private struct Known {
        var numbers: [FunctionType: UInt32] = [:]
        var types: [FunctionType] = []
    }
    private static let known = Mutex(Known())

    /// The numbers of types, in their order.
    package static func numbers(of types: [FunctionType]) -> [UInt32] {
        known.withLock { known in
            types.map { type in
                if let number = known.numbers[type] { return number }
                let number = UInt32(known.types.count)
                known.numbers[type] = number
                known.types.append(type)
                return number
            }
        }
    }

    /// The type of a number.
    package static func type(_ number: UInt32) -> FunctionType { known.withLock { $0.types[Int(number)] } }
}
