import Foundation
import HostSystem
import Testing
import _TestSupport

@testable import GoWasm

@Suite("Calls of JavaScript's functions with any values")
struct HostileCallTests {
    private func access(_ folder: TemporaryFolder) throws -> HostAccess {
        try FileManager.default.createDirectory(atPath: folder.path("dir"), withIntermediateDirectories: true)
        _ = try folder.write(Data("text".utf8), to: "file")
        return HostAccess(mounts: [.init(host: folder.url.path, guest: "/w", isReadOnly: true)])
    }

    @Test("the walk finds functions of all kinds, those that are installed lazily among them")
    func walk() throws {
        let calls = try HostileCalls(seed: 1)
        let paths = Set(calls.functionNames)
        for part in [
            "Math.max", "hrtime", "readSync", "prototype.concat", "getFloat64", "setTimeout", "fetch", "toPrecision",
            "padStart", "allSettled", "get ", "structuredClone", "encodeInto", "copyWithin", "fromCodePoint",
        ] {
            #expect(paths.contains { $0.contains(part) }, "\(part)")
        }
        #expect(calls.functionCount > 400)
    }

    @Test("end with a value or an exception, each function with every value in every position", arguments: 0..<4)
    func everyPosition(part: Int) throws {
        let folder = try TemporaryFolder()
        let access = try access(folder)
        let count = try HostileCalls(seed: 0).functionCount
        for number in stride(from: part, to: count, by: 4) {
            var calls = try HostileCalls(seed: UInt64(number), access: access, kinds: [])
            calls.sweep(number)
            calls.end()
        }
    }

    @Test("a time before the beginning of time is a time to process.hrtime")
    func times() throws {
        let guest = FakeGuest()
        let process = try guest.global("process")
        for number in HostileValues.numbers {
            for earlier in [[number, 0], [0, number], [number, number]] {
                let list = JSValue.object(guest.realm.makeArray(ContiguousArray(earlier.map { .number($0) })))
                let result = try guest.call(process, "hrtime", list)
                #expect(result.array?.length == 2)
            }
        }
    }

    @Test("text that is encoded into memory which the guest does not have goes nowhere")
    func encodeIntoNothing() throws {
        let guest = FakeGuest()
        let target = JSTypedArray(
            .uint8, storage: GuestStorage(guest.realm.host.guestMemory), byteOffset: 65_530, length: 100,
            prototype: guest.realm.prototypes.typedArray(.uint8))
        let encoder = try guest.new(guest.global("TextEncoder"))
        let result = try guest.call(encoder, "encodeInto", guest.string("text"), .object(target))
        #expect(try guest.text(guest.realm.get(result, guest.realm.key("written"))) == "0")
    }
}
