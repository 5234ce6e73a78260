import Foundation
import Testing
import WasmFrontend
import _TestSupport

@testable import WasmRuntime

/// Instances that begin where another one was.
@Suite("Snapshots", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct InstanceSnapshotTests {
    private static let text = """
        (module
          (import "host" "twice" (func $twice (param i32) (result i32)))
          (memory (export "memory") 1 4)
          (table $t (export "table") 2 8 funcref)
          (table $other 3 funcref)
          (global $n (export "n") (mut i32) (i32.const 1))
          (global $wide (mut v128) (v128.const i64x2 1 2))
          (global $f (mut funcref) (ref.null func))
          (type $nullary (func (result i32)))
          (type $unary (func (param i32) (result i32)))
          (data $text "abcdef")
          (data $gone "gone")
          (elem $some funcref (ref.func $next) (ref.func $ten))
          (elem $dropped func $ten)
          (elem declare func $twice)
          (elem (table $t) (i32.const 0) func $next)
          (func $next (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
          (func $ten (result i32) (i32.const 10))
          (func (export "prepare")
            (global.set $n (i32.const 40))
            (global.set $wide (v128.const i64x2 7 8))
            (global.set $f (ref.func $next))
            (drop (table.grow $t (ref.func $twice) (i32.const 3)))
            (table.set $other (i32.const 1) (ref.func $ten))
            (drop (memory.grow (i32.const 1)))
            (i32.store (i32.const 16) (i32.const 77))
            (i32.store (i32.const 131068) (i32.const 78))
            (data.drop $gone)
            (elem.drop $dropped))
          (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
          (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "wide") (result i64) (i64x2.extract_lane 1 (global.get $wide)))
          (func (export "call") (param i32) (result i32) (call_indirect $t (type $nullary) (local.get 0)))
          (func (export "callOther") (param i32) (result i32) (call_indirect $other (type $nullary) (local.get 0)))
          (func (export "callHost") (param i32) (result i32)
            (call_indirect $t (type $unary) (i32.const 21) (local.get 0)))
          (func (export "callGlobal") (result i32)
            (table.set $other (i32.const 0) (global.get $f))
            (call_indirect $other (type $nullary) (i32.const 0)))
          (func (export "init") (param i32) (memory.init $text (i32.const 32) (i32.const 0) (local.get 0)))
          (func (export "initGone") (param i32) (memory.init $gone (i32.const 32) (i32.const 0) (local.get 0)))
          (func (export "initTable") (param i32) (table.init $t $some (i32.const 1) (i32.const 1) (local.get 0)))
          (func (export "initDropped") (param i32) (table.init $t $dropped (i32.const 1) (i32.const 0) (local.get 0))))
        """

    private static func imports(_ factor: Int32) -> Imports {
        var imports = Imports()
        imports.define("host", "twice") { (number: Int32) -> Int32 in number * factor }
        return imports
    }

    private func prepared(_ way: Way) throws -> Instance {
        let instance = try Instance(
            WebAssemblyText.module(Self.text), imports: Self.imports(2), store: way.store(memoryLimit: 3 << 16))
        _ = try instance.bits("prepare")
        return instance
    }

    @Test("have memory, globals, tables and what segments are left", arguments: Way.all)
    func contents(way: Way) throws {
        let first = try prepared(way)
        let snapshot = try first.snapshot()
        #expect(snapshot.memoryBytes == 2 << 16)
        // What comes later is not in it.
        _ = try first.bits("store", .i32(16), .i32(1))
        _ = try first.bits("next")
        let instance = try Instance(restoring: snapshot, imports: Self.imports(3), store: way.store())
        #expect(try instance.bits("load", .i32(16)) == [77])
        #expect(try instance.bits("load", .i32(131068)) == [78])
        #expect(try instance.trap("load", .i32(131069))?.code == .memoryOutOfBounds)
        #expect(try instance.bits("wide") == [8])
        // The functions in tables and globals are the new instance's.
        #expect(try instance.bits("call", .i32(0)) == [41])
        #expect(try instance.bits("callGlobal") == [42])
        #expect(try instance.bits("callOther", .i32(1)) == [10])
        #expect(try instance.trap("callOther", .i32(2))?.code == .uninitializedElement)
        #expect(try first.bits("next") == [42])
        for index in 2..<5 { #expect(try instance.bits("callHost", .i32(UInt32(index))) == [63]) }
        #expect(try first.bits("callHost", .i32(4)) == [42])
        #expect(try instance.trap("callHost", .i32(5))?.code == .undefinedElement)
        // Segments that are left, and those that are dropped.
        #expect(try instance.trap("init", .i32(6)) == nil)
        #expect(try instance.bits("load", .i32(32)) == [0x6463_6261])
        #expect(try instance.trap("initGone", .i32(1))?.code == .memoryOutOfBounds)
        #expect(try instance.trap("initTable", .i32(1)) == nil)
        #expect(try instance.bits("call", .i32(1)) == [10])
        #expect(try instance.trap("initDropped", .i32(1))?.code == .tableOutOfBounds)
        #expect(try instance.trap("initDropped", .i32(0)) == nil)
    }

    @Test("are shared by instances that do not see what others write", arguments: Way.all)
    func separation(way: Way) throws {
        let first = try prepared(way)
        let snapshot = try first.snapshot()
        let instances = try (0..<3).map { _ in
            try Instance(restoring: snapshot, imports: Self.imports(2), store: way.store(memoryLimit: 3 << 16))
        }
        for (index, instance) in instances.enumerated() {
            _ = try instance.bits("store", .i32(16), .i32(UInt32(index)))
            _ = try instance.bits("store", .i32(70_000), .i32(UInt32(index)))
        }
        for (index, instance) in instances.enumerated() {
            #expect(try instance.bits("load", .i32(16)) == [UInt64(index)])
            #expect(try instance.bits("load", .i32(70_000)) == [UInt64(index)])
            // Nothing was written here.
            #expect(try instance.bits("load", .i32(131068)) == [78])
            // It grows by zeros, and up to its limits.
            #expect(try instance.bits("grow", .i32(1)) == [2])
            #expect(try instance.bits("load", .i32(131072)) == [0])
            #expect(try instance.bits("load", .i32(131068)) == [78])
            #expect(try instance.bits("grow", .i32(1)) == [UInt64(UInt32.max)])
        }
        #expect(try first.bits("load", .i32(16)) == [77])
        // One of an instance that began with one.
        let second = try Instance(restoring: instances[2].snapshot(), imports: Self.imports(2), store: way.store())
        #expect(try second.bits("load", .i32(16)) == [2])
        #expect(try second.bits("call", .i32(0)) == [41])
    }

    @Test("are shared where the system can, copied where it cannot, and the same", arguments: [true, false])
    func images(isShared: Bool) throws {
        let first = try prepared(Way(guards: true, optimizes: true))
        var snapshot = try first.snapshot()
        let memory = try first.memory(named: "memory")
        let image = try MemoryImage(memory.pointer, isShared: isShared)
        #if os(Linux)
            #expect(image.isShared == isShared)
        #endif
        snapshot = InstanceSnapshot(
            module: snapshot.module, memory: image, globals: snapshot.globals, tables: snapshot.tables,
            droppedData: snapshot.droppedData, droppedElements: snapshot.droppedElements)
        for guards in [true, false] {
            let store = Way(guards: guards, optimizes: true).store()
            let instance = try Instance(restoring: snapshot, imports: Self.imports(2), store: store)
            let other = try instance.memory(named: "memory")
            #expect(other.byteCount == memory.byteCount)
            #expect(
                UnsafeRawBufferPointer(start: other.baseAddress, count: other.byteCount)
                    .elementsEqual(UnsafeRawBufferPointer(start: memory.baseAddress, count: memory.byteCount)))
        }
    }

    #if os(Linux)
        @Test("cannot be changed by a guest that finds them among the files of the system")
        func sealed() throws {
            let first = try prepared(Way(guards: true, optimizes: true))
            let snapshot = try first.snapshot()
            let descriptor = try #require(snapshot.memory).descriptor
            let path = "/proc/self/fd/\(descriptor)"
            #expect(FileManager.default.fileExists(atPath: path))
            let opened = open(path, O_RDWR)
            if opened >= 0 {
                #expect(pwrite(opened, "x", 1, 16) < 0)
                #expect(ftruncate(opened, 0) < 0)
                close(opened)
            }
            let instance = try Instance(restoring: snapshot, imports: Self.imports(2), store: Store())
            #expect(try instance.bits("load", .i32(16)) == [77])
        }
    #endif

    @Test("count as if the instance had grown itself")
    func limits() throws {
        let snapshot = try prepared(Way(guards: true, optimizes: true)).snapshot()
        var configuration = Store.Configuration()
        configuration.memoryLimit = 2 << 16
        let store = Store(configuration: configuration)
        let instance = try Instance(restoring: snapshot, imports: Self.imports(2), store: store)
        #expect(store.memoryBytes == 2 << 16)
        #expect(try instance.bits("grow", .i32(1)) == [UInt64(UInt32.max)])
        #expect(store.hasReachedMemoryLimit)
        configuration.memoryLimit = (2 << 16) - 1
        #expect(throws: CallError.memoryLimit) {
            try Instance(
                restoring: snapshot, imports: Self.imports(2), store: Store(configuration: configuration))
        }
    }

    @Test("need the same imports")
    func imports() throws {
        let snapshot = try prepared(Way(guards: true, optimizes: true)).snapshot()
        #expect(throws: LinkError.self) {
            try Instance(restoring: snapshot, imports: Imports(), store: Store())
        }
        var imports = Imports()
        imports.define("host", "twice") { (number: Int64) -> Int64 in number }
        #expect(throws: LinkError.self) { try Instance(restoring: snapshot, imports: imports, store: Store()) }
    }

    @Test("are not taken of what is shared with others, nor during a call")
    func problems() throws {
        func failure(_ instance: Instance) -> SnapshotFailure? {
            let result = Result { () throws(SnapshotFailure) in try instance.snapshot() }
            guard case .failure(let failure) = result else { return nil }
            return failure
        }
        let store = Store()
        let exporter = try Instance(
            WebAssemblyText.module(
                """
                (module (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") i32 (i32.const 1))
                  (func (export "f")))
                """), store: store)
        for (kind, name) in [("(memory 1)", "m"), ("(table 1 funcref)", "t"), ("(global i32)", "g")] {
            var imports = Imports()
            imports.define("e", name, try #require(exporter.export(named: name)))
            let module = try WebAssemblyText.module("(module (import \"e\" \"\(name)\" \(kind)))")
            let instance = try Instance(module, imports: imports, store: store)
            #expect(failure(instance) == .importsState("e", name))
        }
        let holder = try Instance(
            WebAssemblyText.module(
                """
                (module (table $t (export "t") 1 funcref) (table $e 1 externref)
                  (func (export "put") (param funcref) (table.set $t (i32.const 0) (local.get 0)))
                  (func (export "keep") (param externref) (table.set $e (i32.const 0) (local.get 0))))
                """), store: store)
        #expect(failure(holder) == nil)
        _ = try holder.function(named: "put")(.function(exporter.function(named: "f")))
        #expect(failure(holder) == .holdsForeignFunction)
        _ = try holder.function(named: "put")(.function(nil))
        _ = try holder.function(named: "keep")(.extern(0))
        #expect(failure(holder) == .holdsHostReference)

        final class Box { weak var instance: Instance? }
        let box = Box()
        var found: SnapshotFailure?
        var imports = Imports()
        imports.define("host", "call") { found = box.instance.flatMap { failure($0) } }
        let module = try WebAssemblyText.module(
            "(module (import \"host\" \"call\" (func $call)) (func (export \"f\") (call $call)))")
        let instance = try Instance(module, imports: imports, store: Store())
        box.instance = instance
        _ = try instance.bits("f")
        #expect(found == .isRunning)
        #expect(failure(instance) == nil)
    }
}
