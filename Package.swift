// swift-tools-version: 6.2
import PackageDescription

// One set of rules for every Swift target: strict memory safety, and a warning is an error.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
// Spans over mapped memory are vended in one target only; the feature's spelling is still experimental in Swift 6.3.
let vendsSpans: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

/// A room of the architecture. Data flows down this file: a room may name only rooms above it.
func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"],
        swiftSettings: strict)
}

let package = Package(
    name: "shmlens",
    products: [
        .library(name: "SharedSegments", targets: ["SharedSegments"]),
        .executable(name: "shmlens", targets: ["shmlens"]),
        // For Benchmarks only, which is a package of its own: no promise to anyone else.
        .library(name: "_Encoding", targets: ["Encoding"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CShmlens", cSettings: [.define("_GNU_SOURCE")]),
        room("Parallel", ["CShmlens"]),
        room("Observations"),
        room("Kernel", ["CShmlens", "Parallel", "Observations", system]),
        room("SegmentFormat", ["CShmlens", "Observations"]),
        room("ForeignFormats", ["Observations"]),
        room(
            "SharedSegments", ["CShmlens", "Observations", "Kernel", "SegmentFormat", system],
            settings: vendsSpans),
        room("Diagnostics", ["CShmlens", "Observations", "SegmentFormat", "ForeignFormats"]),
        room("Encoding", ["Parallel", "Observations", "SegmentFormat", "ForeignFormats", "Diagnostics"]),
        room("HTTPCore"),
        room("MicroHTTP", ["CMicroHTTPD", "HTTPCore"]),
        room(
            "Reading",
            ["Parallel", "Observations", "Kernel", "SegmentFormat", "ForeignFormats", "Diagnostics", system]),
        room("Workload", ["CShmlens", "Observations", "SharedSegments", "SegmentFormat", "Kernel", system]),
        room(
            "API",
            [
                "Observations", "Kernel", "SegmentFormat", "SharedSegments", "Diagnostics",
                "Encoding", "HTTPCore", "Reading", "Workload", system,
            ]),
        .executableTarget(
            name: "shmlens",
            dependencies: [
                "API", "MicroHTTP", "HTTPCore", "Reading", "Encoding", "Diagnostics", "Workload",
                "SharedSegments", "SegmentFormat", "ForeignFormats", "Kernel", "Observations", "CShmlens", system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["Observations", "SegmentFormat", "Encoding", "CShmlens"],
            path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "CrashScenarios",
            dependencies: ["Observations", "SegmentFormat", "SharedSegments", "CShmlens"],
            path: "Tests/CrashScenarios", swiftSettings: strict),
        .executableTarget(
            name: "CrashHelper", dependencies: ["CrashScenarios", "SegmentFormat", "SharedSegments", system], path: "Tests/CrashHelper",
            swiftSettings: strict),
        .executableTarget(name: "StepTracer", path: "Tests/StepTracer"),
        tests("ParallelTests", ["CShmlens", "Parallel"]),
        tests("ObservationsTests", ["Observations"]),
        tests(
            "SegmentFormatTests", ["Observations", "SegmentFormat", "SharedSegments", "CShmlens", "CrashScenarios"]),
        tests("KernelTests", ["Observations", "Kernel", "CShmlens", system]),
        tests(
            "SharedSegmentsTests",
            [
                "Observations", "SegmentFormat", "SharedSegments", "CShmlens", "CrashScenarios", "CrashHelper", "StepTracer",
                system,
            ]),
        tests(
            "WorkloadTests",
            ["CShmlens", "Observations", "Kernel", "SegmentFormat", "SharedSegments", "Workload", system]),
        tests("HTTPCoreTests", ["HTTPCore"]),
        tests("MicroHTTPTests", ["MicroHTTP", "HTTPCore"]),
        tests(
            "ReadingTests",
            [
                "Observations", "Kernel", "SegmentFormat", "SharedSegments", "Diagnostics", "Reading", "Workload",
                "shmlens", system,
            ]),
        tests(
            "APITests",
            [
                "Observations", "Kernel", "SegmentFormat", "SharedSegments", "Diagnostics", "Encoding", "HTTPCore",
                "Reading", "Workload", "API", system,
            ]),
        tests(
            "CommandTests",
            ["CShmlens", "Observations", "SegmentFormat", "SharedSegments", "Encoding", "shmlens", system]),
        tests("ForeignFormatsTests", ["CShmlens", "Observations", "ForeignFormats"]),
        tests("DiagnosticsTests", ["CShmlens", "Observations", "SegmentFormat", "ForeignFormats", "Diagnostics"]),
        tests(
            "EncodingTests",
            ["CShmlens", "Observations", "SegmentFormat", "ForeignFormats", "Diagnostics", "Encoding", system]),
        tests("TidyTests", [system]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
