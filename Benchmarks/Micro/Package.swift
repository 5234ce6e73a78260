// swift-tools-version: 6.1
// A package of its own, so that nobody who builds gowasm-fast builds the benchmark library.
import PackageDescription

let package = Package(
    name: "micro",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "gowasm-fast", path: "../.."),
        // Without traits it needs no library that replaces malloc.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "Micro",
            dependencies: [
                .product(name: "GoWasm", package: "gowasm-fast"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/Micro",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
    ]
)
