import Testing
import WasmFrontend
import _TestSupport

@testable import WASI

/// A module may say of itself that a function of any type is one of Go's runtime.
@Suite("Functions of Go's runtime")
struct SchedulerTests {
    /// Whether a function of a type, in a module with a global, is taken for one of Go's.
    private func isTaken(_ type: String, global: String) throws -> Bool {
        let module = try WebAssemblyText.module("(module \(global) (func $f \(type) unreachable))")
        return GoScheduler.isOfGo(module, look: 0)
    }

    @Test(
        "are called only where they take and return what is passed",
        .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
    func types() throws {
        let pointer = "(global (mut i32) (i32.const 0))"
        #expect(try isTaken("(param i32) (result i32)", global: pointer))
        for type in [
            "", "(param i32)", "(result i32)", "(param i64) (result i32)", "(param funcref) (result i32)",
            "(param i32 i32 funcref) (result i32)", "(param i32 i64 i64 funcref) (result i32)",
            "(param i32) (result funcref)", "(param i32) (result i32 i32)", "(param v128) (result i32)",
        ] {
            #expect(try !isTaken(type, global: pointer), "\(type)")
        }
        for global in [
            "", "(global i32 (i32.const 0))", "(global (mut i64) (i64.const 0))",
            "(global (mut funcref) (ref.null func))",
        ] {
            #expect(try !isTaken("(param i32) (result i32)", global: global), "\(global)")
        }
        #expect(!GoScheduler.isOfGo(try WebAssemblyText.module("(module \(pointer))"), look: 0))
    }
}
