// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "shmlens", path: "..")],
    targets: [
        .executableTarget(
            name: "hexdump-benchmark",
            dependencies: [.product(name: "_Encoding", package: "shmlens")],
            swiftSettings: [.strictMemorySafety(), .treatAllWarnings(as: .error)])
    ],
    swiftLanguageModes: [.v6]
)
