// swift-tools-version: 6.2
import PackageDescription

/// In CI no warning may stay.
let warnings: [SwiftSetting] = Context.environment["CI"] == "true" ? [.treatAllWarnings(as: .error)] : []

/// Settings that every Swift target shares.
let swiftSettings: [SwiftSetting] =
    [
        // An `import` makes a package's members visible only in the files that write it, so that a file's
        // dependencies can be read off its first lines.
        .enableUpcomingFeature("MemberImportVisibility"),
        // Existentials cost a box and a dynamic dispatch: `any` shows where one is meant.
        .enableUpcomingFeature("ExistentialAny"),
        // What a target imports is no part of what it offers, unless the import says `public` or `package`.
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + warnings

let package = Package(
    name: "gowasm-fast",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "GoWasm", targets: ["GoWasm"]),
        // What only programs that use Foundation want, so that others need not link it.
        .library(name: "GoWasmFoundation", targets: ["GoWasmFoundation"]),
        .executable(name: "gowasm-fast", targets: ["gowasm-fast"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // Finds libffi through pkg-config and imports its headers.
        .systemLibrary(
            name: "CFFI", path: "Sources/CFFI", pkgConfig: "libffi",
            providers: [.apt(["libffi-dev"]), .brew(["libffi"])]),
        // Finds zlib, which compresses profiles: without pkg-config, whose answer would put the folder of the system's shared
        // libraries before the one of static libraries that the Makefile names.
        .systemLibrary(
            name: "CZlib", path: "Sources/CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        // The system's C library under one name.
        .target(name: "LibC", swiftSettings: swiftSettings),
        // What the host asks of the system and of optional libraries in C; the accounts of what it keeps for guests.
        .target(name: "CHostSystem"),
        // Declares the bytecode, the wasm opcodes and the traps; runs the dispatch loop.
        // Headers that only its folders share lie where their subject does.
        .target(
            name: "CSupport", dependencies: ["CHostSystem", "CFFI"], path: "CSupport",
            cSettings: [.headerSearchPath("Loop"), .headerSearchPath("Vectors"), .headerSearchPath("Native")]),
        // Turns bytes into an immutable, validated `Module`, and functions into bytecode.
        .target(name: "WasmFrontend", dependencies: ["CSupport", "CHostSystem", "LibC"], swiftSettings: swiftSettings),
        // Instantiates modules and calls them.
        .target(
            name: "WasmRuntime", dependencies: ["WasmFrontend", "CSupport", "CHostSystem", "LibC"],
            swiftSettings: swiftSettings),
        // What guests get of the machine: files and the permission to use them, clocks, randomness.
        .target(name: "HostSystem", dependencies: ["CHostSystem", "LibC"], swiftSettings: swiftSettings),
        // Implements WASI preview 1 and runs programs and reactors for it.
        .target(
            name: "WASI", dependencies: ["WasmRuntime", "WasmFrontend", "HostSystem", "CHostSystem", "LibC"],
            swiftSettings: swiftSettings),
        // Implements the runtime imports of Go's js/wasm and runs Go programs.
        .target(
            name: "GoWasm",
            dependencies: ["WasmRuntime", "WasmFrontend", "HostSystem", "WASI", "CHostSystem", "CZlib", "LibC"],
            swiftSettings: swiftSettings),
        // Gives the library's types what Foundation's users expect of theirs.
        .target(name: "GoWasmFoundation", dependencies: ["GoWasm"], swiftSettings: swiftSettings),
        // Writes JSON.
        .target(name: "JSONOutput", swiftSettings: swiftSettings),
        // Writes what a profiler found in the formats of others' tools.
        .target(
            name: "Profiles", dependencies: ["GoWasm", "WasmRuntime", "JSONOutput", "CZlib"],
            swiftSettings: swiftSettings),
        // The command line as testable types.
        .target(
            name: "GoWasmCLI",
            dependencies: [
                "GoWasm", "HostSystem", "CHostSystem", "Profiles", "JSONOutput", "WasmRuntime", "WasmFrontend", "LibC",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "gowasm-fast",
            dependencies: ["GoWasmCLI", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: swiftSettings),
        // Uses a plugin written in Go, and says what its calls cost.
        .executableTarget(
            name: "plugin-benchmark", dependencies: ["GoWasm", "LibC"], path: "Benchmarks/Plugin",
            swiftSettings: swiftSettings),
        // What several test targets share.
        .target(
            name: "_TestSupport", dependencies: ["WasmFrontend", "LibC"], path: "Tests/_TestSupport",
            swiftSettings: swiftSettings),
        // What tests of machine code need of the system: refusals of memory, forks, single steps.
        .target(name: "_NativeTestSupport", dependencies: ["CSupport"], path: "Tests/_NativeTestSupport"),
        .testTarget(
            name: "WasmFrontendTests", dependencies: ["WasmFrontend", "CSupport", "_TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(name: "CSupportTests", dependencies: ["CSupport", "_TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "WasmRuntimeTests",
            dependencies: [
                "WasmRuntime", "WasmFrontend", "CSupport", "LibC", "CZlib", "_NativeTestSupport", "_TestSupport",
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "GoWasmTests",
            dependencies: ["GoWasm", "HostSystem", "WasmRuntime", "WasmFrontend", "LibC", "_TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "GoWasmCLITests",
            dependencies: [
                "GoWasmCLI", "GoWasm", "HostSystem", "Profiles", "JSONOutput", "WasmRuntime", "WasmFrontend", "LibC",
                "_TestSupport",
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "HostSystemTests", dependencies: ["CHostSystem", "HostSystem", "LibC", "_TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "WASITests",
            dependencies: ["WASI", "HostSystem", "WasmRuntime", "WasmFrontend", "LibC", "_TestSupport"],
            swiftSettings: swiftSettings),
        // Is an application, with its own signals and descriptors, for the tests below.
        .executableTarget(
            name: "_Application", dependencies: ["GoWasm", "LibC"], path: "Tests/Application",
            swiftSettings: swiftSettings),
        // Uses the library as applications do.
        .testTarget(
            name: "EmbeddingTests",
            dependencies: ["GoWasm", "GoWasmFoundation", "LibC", "_Application", "_TestSupport"],
            swiftSettings: swiftSettings),
        // Runs the specification's own tests.
        .testTarget(
            name: "SpecTests", dependencies: ["WasmRuntime", "WasmFrontend", "_TestSupport"],
            swiftSettings: swiftSettings),
        // Runs Go programs of several Go versions with the release build of `gowasm-fast`, and natively.
        .testTarget(
            name: "GoProgramTests", dependencies: ["WasmFrontend", "LibC", "_TestSupport"],
            path: "Tests/GoProgramTests", exclude: ["Programs", "Expected"],
            swiftSettings: swiftSettings),
    ],
    cLanguageStandard: .gnu17
)

// `make fuzz-coverage` sets this: the target has no main function but libFuzzer's, with which ordinary builds are not linked.
if Context.environment["GOWASM_FUZZ"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "gowasm-fuzz",
            dependencies: ["GoWasm", "WASI", "HostSystem", "WasmRuntime", "WasmFrontend", "CSupport", "_TestSupport"],
            path: "Tests/Fuzz", swiftSettings: swiftSettings))
}
// `make fuzz-host` sets this: the target needs what only tests see, which release builds do not have otherwise.
if Context.environment["GOWASM_FUZZ"] == "host" {
    package.targets.append(
        .executableTarget(
            name: "gowasm-fuzz-host",
            dependencies: [
                "GoWasm", "WASI", "HostSystem", "WasmRuntime", "WasmFrontend", "CHostSystem", "CSupport",
                "_TestSupport",
            ],
            path: "Tests/HostFuzz", swiftSettings: swiftSettings))
}
// `make arm64` sets this: only it needs images of bytecode (Tests/Images), and what runs them is not compiled by SwiftPM.
if Context.environment["GOWASM_IMAGES"] == "1" {
    package.targets += [
        // Declares the format of images.
        .target(name: "_ImageFormat", dependencies: ["CSupport"], path: "Tests/Images/Format"),
        .executableTarget(
            name: "gowasm-images",
            dependencies: [
                "WASI", "HostSystem", "WasmRuntime", "WasmFrontend", "CSupport", "LibC", "_ImageFormat", "_TestSupport",
            ],
            path: "Tests/Images/Writer", swiftSettings: swiftSettings),
    ]
}
