internal import CSupport
internal import WasmFrontend

/// What a module's imports have become, in the order of the index spaces.
struct LinkedImports {
    var functions: [UnsafeMutablePointer<GWFunction>] = []
    var tables: [UnsafeMutablePointer<GWTable>] = []
    var memory: UnsafeMutablePointer<GWMemory>?
    var globals: [UnsafeMutablePointer<UInt64>] = []
}

/// Finds what satisfies a module's imports (section 4.5.3).
struct Linker {
    private let module: Module
    private let imports: Imports
    private let store: Store

    init(_ module: Module, _ imports: Imports, _ store: Store) {
        self.module = module
        self.imports = imports
        self.store = store
    }

    /// - Throws: A ``LinkError`` with all problems; ``CallError/outOfMemory``.
    func link() throws(InstantiationError) -> LinkedImports {
        var linked = LinkedImports()
        var problems: [LinkError.Problem] = []
        for wanted in module.imports {
            let type = externalType(wanted.kind)
            let definition = imports.definition(wanted.module, wanted.name)
            switch (type, definition) {
            case (.function(let type), .host(let found, let body)) where type == found:
                let timed = store.configuration.statistics?.timing(body, wanted.module, wanted.name)
                do {
                    linked.functions.append(try store.makeHostFunction(type, timed ?? body).pointer)
                } catch {
                    throw .refused(error)
                }
            case (.function(let type), .extern(.function(let function)))
            where function.type == type && isOurs(function.store):
                linked.functions.append(function.pointer)
            case (.table(let type), .extern(.table(let table)))
            where type.element == table.element && type.limits.admit(table.type.limits) && isOurs(table.store):
                linked.tables.append(table.pointer)
            case (.memory(let type), .extern(.memory(let memory)))
            where type.limits.admit(memory.type.limits, pages: true) && isOurs(memory.store):
                linked.memory = memory.pointer
            case (.global(let type), .extern(.global(let global))) where global.type == type && isOurs(global.store):
                linked.globals.append(global.pointer)
            default:
                problems.append(
                    LinkError.Problem(module: wanted.module, name: wanted.name, wanted: type, found: definition?.type))
            }
        }
        guard problems.isEmpty else { throw .unlinkable(LinkError(problems: problems)) }
        return linked
    }

    private func isOurs(_ other: Store) -> Bool {
        precondition(other === store, "what is imported belongs to another store")
        return true
    }

    private func externalType(_ kind: Import.Kind) -> ExternalType {
        switch kind {
        case .function(let type): .function(module.types[Int(type)])
        case .table(let type): .table(type)
        case .memory(let type): .memory(type)
        case .global(let type): .global(type)
        }
    }
}

extension Imports.Definition {
    var type: ExternalType {
        switch self {
        case .host(let type, _): .function(type)
        case .extern(let extern): extern.type
        }
    }
}

extension Limits {
    /// Whether something with the limits `other` may stand for an import with these (section 3.4.3).
    func admit(_ other: Limits, pages: Bool = false) -> Bool {
        guard other.minimum >= minimum else { return false }
        guard let maximum else { return true }
        // A memory without a maximum is kept as one of the largest possible size.
        guard let found = other.maximum else { return false }
        return found <= maximum
    }
}
