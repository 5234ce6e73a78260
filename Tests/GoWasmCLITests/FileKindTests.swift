import ArgumentParser
import Foundation
import Testing
import WasmFrontend
import _TestSupport

@testable import GoWasmCLI

@Suite("Files that are no modules")
struct FileKindTests {
    @Test(
        "are known by their first bytes",
        arguments: [
            ([0x1F, 0x8B, 8, 0], "is a file compressed by gzip"), ([0x50, 0x4B, 3, 4, 20], "is a zip archive"),
            ([0x28, 0xB5, 0x2F, 0xFD], "is a file compressed by zstd"),
            ([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1], "is an ELF file: a program for Linux or the like"),
            ([0xCF, 0xFA, 0xED, 0xFE], "is a Mach-O file: a program for macOS"),
            ([0x4D, 0x5A, 0x90, 0], "is a PE file: a program for Windows"),
            (
                Array("!<arch>\n__.PKGDEF".utf8),
                "is an archive of object files, as go build -o makes of a package that is not main"
            ),
            (Array("#!/bin/sh\n".utf8), "is a script"),
            (Array("package main\n\nfunc main() {}\n".utf8), "is Go source"),
            (Array("// Copyright\n\n/* x */\npackage main\n".utf8), "is Go source"),
            (Array("\u{FEFF}// Copyright\n\"use strict\";\n\n(() => {".utf8), "is JavaScript"),
            (Array("const go = new Go();\n".utf8), "is JavaScript"),
            (Array("\n<!DOCTYPE html>\n<html>".utf8), "is an HTML page"), (Array("hello\n".utf8), "is text"),
            (Array("package com.example;\n".utf8), "is text"),
        ] as [([UInt8], String)])
    func named(bytes: [UInt8], description: String) {
        let kind = bytes.withUnsafeBytes { FileKind($0) }
        #expect(kind.description == description + ", and not a module of WebAssembly")
    }

    @Test("are components, other versions, text in WebAssembly's own form, and bytes that say nothing")
    func others() {
        func kind(_ bytes: [UInt8]) -> FileKind { bytes.withUnsafeBytes { FileKind($0) } }
        #expect(kind([0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0]) == .component)
        #expect(kind([0, 0x61, 0x73, 0x6D, 2, 0, 0, 0]) == .otherVersion(2))
        #expect(kind(Array(";; a module\n(; of (; mine ;)\n (module)".utf8)) == .text)
        #expect(kind([0xFF, 1, 2, 3, 4]) == .unknown([0xFF, 1, 2, 3]))
        #expect(kind([0, 0x61]) == .unknown([0, 0x61]))
        #expect(kind(Array("(; open".utf8)) == .named("is text", advice: nil))
    }

    /// Runs what is in a file; returns the exit code and the lines without the file's name.
    static func run(
        _ bytes: [UInt8], _ change: (inout Invocation) -> Void = { _ in }
    ) throws -> (code: Int32, lines: [String]) {
        try withTemporaryFile(bytes) { path in
            nonisolated(unsafe) var lines: [String] = []
            var invocation = Invocation(file: path, arguments: [path])
            invocation.report = { lines.append($0.replacing("gowasm-fast: \(path): ", with: "")) }
            change(&invocation)
            return (invocation.run(), lines)
        }
    }

    @Test("are refused in one line that says what they are and what to do")
    func refused() throws {
        let gzip = try Self.run([0x1F, 0x8B, 8, 0])
        #expect(gzip.code == CommandExit.failure)
        #expect(
            gzip.lines == ["is a file compressed by gzip, and not a module of WebAssembly; unpack it with gunzip"])
        #expect(
            try Self.run([0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0]).lines == [
                "is a component of WebAssembly (layer 1, as of WASI 0.2), and not a module; components are not supported: "
                    + "build it with GOOS=wasip1, or for WASI preview 1"
            ])
        #expect(
            try Self.run([9, 8, 7]).lines == [
                "is no module of WebAssembly: it begins with the bytes 09 08 07; "
                    + "build it with GOOS=js GOARCH=wasm go build -o main.wasm"
            ])
    }
}

@Suite("Modules in text form", .disabled(if: WebAssemblyText.isMissing, Comment(rawValue: WebAssemblyText.missing)))
struct TextModuleTests {
    /// Runs a text, of which the command makes a module.
    private func run(
        _ text: String, _ change: (inout Invocation) -> Void = { _ in }
    ) throws -> (code: Int32, lines: [String]) {
        try FileKindTests.run(Array(text.utf8), change)
    }

    private static let exiting = """
        ;; exits with 7
        (module
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (func (export "_start") (call $exit (i32.const 7))))
        """

    @Test("are assembled and run")
    func assembled() throws {
        let finished = try run(Self.exiting)
        #expect(finished.code == 7 && finished.lines == [])
    }

    @Test("say in one line where they are wrong")
    func wrong() throws {
        let finished = try run("(module\n  (func (export \"f\" (bad))))")
        #expect(finished.code == CommandExit.failure)
        #expect(finished.lines.count == 1)
        #expect(
            finished.lines.first?.hasPrefix(
                "is WebAssembly in text form (.wat); it cannot be assembled: line 2:21: error: unexpected token")
                == true,
            "\(finished.lines)")
    }

    @Test(
        "that need a proposal are refused by its name",
        arguments: [
            ("exception handling", "(module (tag (param i32)))"),
            ("garbage collection", "(module (type (struct (field i32))))"), ("memory64", "(module (memory i64 1))"),
            ("threads", "(module (memory 1 1 shared))"), ("multiple memories", "(module (memory 1) (memory 1))"),
            ("tail calls", "(module (func $f (export \"_start\") (return_call $f)))"),
            (
                "relaxed SIMD",
                """
                (module (func (export "_start") (drop (i8x16.relaxed_swizzle
                    (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))))
                """
            ),
        ])
    func proposals(name: String, text: String) throws {
        for time in [Module.CodeValidationTime.onLoading, .onFirstCall] {
            let finished = try run(text) { $0.codeValidation = time }
            #expect(finished.code == CommandExit.failure)
            #expect(
                finished.lines.first?.contains("needs the proposal \"\(name)\", which is not supported: ") == true,
                "\(finished.lines)")
        }
    }

    private static let library = """
        (module
          (import "env" "log" (func $log (param i32)))
          (import "env" "now" (func (result i64)))
          (import "env" "later" (func))
          (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
          (func (export "say") (param i32) (call $log (local.get 0))))
        """

    @Test("that have no beginning say what they export, and how to call that")
    func libraries() throws {
        let finished = try run(Self.library)
        #expect(finished.code == CommandExit.failure)
        #expect(
            finished.lines == [
                "it is no program; call one of its functions with --invoke NAME: add(i32, i32) -> (i32), say(i32) -> ()"
            ])
        let many = (0..<40).map { "(func (export \"f\($0)\"))" }.joined()
        #expect(try run("(module \(many))").lines.first?.hasSuffix("f11() -> (), and 28 more") == true)
        #expect(try run("(module)").lines.first?.hasPrefix("it is no program, and exports no function") == true)
    }

    /// Calls an export of a text.
    private func invoke(
        _ text: String, _ name: String, _ arguments: String..., stubs: Bool
    ) throws -> (code: Int32, results: [String], lines: [String]) {
        try withTemporaryFile(Array(text.utf8)) { path in
            nonisolated(unsafe) var lines: [String] = []
            var results: [String] = []
            var invocation = Invocation(file: path, arguments: [])
            invocation.stubsImports = stubs
            invocation.printLine = { results.append($0) }
            invocation.report = { lines.append($0.replacing("gowasm-fast: \(path): ", with: "")) }
            return (invocation.invoke(name, arguments: arguments), results, lines)
        }
    }

    @Test("with imports that nobody provides name the first of them, or run until one is called")
    func unknownImports() throws {
        let refused = try invoke(Self.library, "add", "2", "3", stubs: false)
        #expect(refused.code == CommandExit.failure)
        #expect(
            refused.lines == [
                "unknown import: env.log, a function (i32) -> (), and 2 more; the module is a library of functions that need "
                    + "no system; with --stub-imports calls of them trap instead"
            ])
        let added = try invoke(Self.library, "add", "2", "3", stubs: true)
        #expect(added.code == CommandExit.success && added.results == ["5"] && added.lines == [])
        let called = try invoke(Self.library, "say", "1", stubs: true)
        #expect(called.code == CommandExit.failure && called.results == [])
        #expect(
            called.lines == [
                "trap: the import env.log was called, a function (i32) -> () that nobody provides (--stub-imports)"
            ])
        // What the host has is no stub.
        #expect(try run(Self.exiting) { $0.stubsImports = true }.code == 7)
    }

    @Test(
        "say so where an option has no effect for them",
        arguments: [
            (["--tcp-listen", "127.0.0.1:0"], "--tcp-listen has no effect: the module imports nothing that accepts"),
            (["--dir", "/tmp"], "--dir has no effect: the module imports nothing that opens files"),
            (["--env", "A=1"], "--env has no effect: the module does not ask for environment variables"),
            (["--inherit-env"], "--inherit-env has no effect: the module does not ask for environment variables"),
            (["--allow-net"], "--allow-net has no effect: the module imports nothing that opens connections"),
            (["--trace-filter", "proc_exit,fd_*"], "--trace-filter: 'fd_*' names no import of the module"),
            (["--timeout", "30s", "--max-memory", "64M", "--stub-imports"], nil),
        ] as [([String], String?)])
    func ineffective(given: [String], line: String?) throws {
        let options = try RunOptions.parse(given)
        let finished = try run(Self.exiting) { options.apply(to: &$0) }
        #expect(finished.code == 7)
        let lines = finished.lines.filter { !$0.contains("proc_exit(") }
        #expect(lines.count == (line == nil ? 0 : 1) && lines.first?.hasPrefix(line ?? "") != false, "\(lines)")
    }
}
