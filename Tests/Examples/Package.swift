// swift-tools-version: 6.2
import PackageDescription

// Small programs that use the library. `make examples` copies this folder, puts the program of README.md beside them as
// Sources/Readme, and runs each.
let package = Package(
    name: "examples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(path: "../..")],
    targets: ["Readme", "Greeting", "Plugin", "Engine", "Calls", "Awaits", "Files"].map { name in
        .executableTarget(
            name: name,
            dependencies: [
                .product(
                    name: ["Calls", "Awaits"].contains(name) ? "GoWasmFoundation" : "GoWasm", package: "gowasm-fast")
            ])
    }
)
