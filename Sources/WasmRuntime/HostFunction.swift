internal import CSupport
internal import WasmFrontend

/// A Swift closure that guests call, behind a libffi closure of the corresponding C type.
final class HostFunction {
    /// What is called, in the forms that differ in cost.
    enum Body {
        /// The type of all runtime imports of Go's js/wasm, (i32) -> (): nothing is allocated for the call.
        case plain((UInt32) throws -> Void)
        /// Any type, with the arguments and the place for the results as C values; references are of the store.
        case raw((UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutableRawPointer?, Store) throws -> Void)
    }

    let type: FunctionType
    /// The body of a function of the type (i32) -> (); of others one that is not called.
    ///
    /// It is plain to see that it is there as long as this object: no call counts a reference, as it would for a body
    /// inside of an enumeration.
    private let plainBody: (UInt32) throws -> Void
    private let rawBody:
        ((UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutableRawPointer?, Store) throws -> Void)?
    /// The store is what keeps this object.
    private unowned let store: Store
    /// What the engine calls it by.
    let pointer: UnsafeMutablePointer<GWFunction>
    private var trampoline: OpaquePointer!

    /// nil when the system grants no closure.
    init?(_ type: FunctionType, _ body: Body, store: Store) {
        self.type = type
        switch body {
        case .plain(let body): (plainBody, rawBody) = (body, nil)
        case .raw(let body): (plainBody, rawBody) = ({ _ in }, body)
        }
        self.store = store
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: GWFunction())
        let types = (type.parameters + type.results).map(\.rawValue)
        let enter: GWHostBody = { context, arguments, results in
            Unmanaged<HostFunction>.fromOpaque(context!)._withUnsafeGuaranteedRef { $0.enter(arguments!, results) }
        }
        guard
            let trampoline = gw_host_create(
                types, UInt32(type.parameters.count), UInt32(type.results.count), enter,
                Unmanaged.passUnretained(self).toOpaque())
        else { return nil }
        self.trampoline = trampoline
        pointer.pointee.host = trampoline
        pointer.pointee.type = TypeNumbers.numbers(of: [type])[0]
        let slots = { (types: [ValueType]) in types.reduce(0) { $0 + ($1 == .v128 ? 2 : 1) } }
        pointer.pointee.slots = UInt32(max(slots(type.parameters), slots(type.results)))
    }

    deinit {
        if let trampoline { gw_host_destroy(trampoline) }
        pointer.deallocate()
    }

    /// Runs the body; what it throws waits in the store until the guest is left.
    private func enter(_ arguments: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ results: UnsafeMutableRawPointer?)
        -> Bool
    {
        do {
            if let rawBody {
                try rawBody(arguments, results, store)
            } else {
                try plainBody(arguments[0].unsafelyUnwrapped.load(as: UInt32.self))
            }
            return true
        } catch {
            // A host function that has called a guest passes on what came out of that, and not where it came from.
            store.pendingError = (error as? ExecutionError)?.cause ?? (error as? InstantiationError)?.cause ?? error
            return false
        }
    }
}
