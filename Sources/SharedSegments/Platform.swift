import CShmlens
import SystemPackage

/// What this program runs on, as a segment records it.
enum Platform {
    /// ELF machine number.
    static var architecture: UInt32 { UInt32(SHMLENS_ELF_MACHINE) }

    static var libc: UInt32 { unsafe shmlens_glibc_version() == nil ? 0 : UInt32(shmlens_libc_glibc) }

    /// major * 1000 + minor, 0 where it cannot be told.
    static var libcVersion: UInt32 {
        guard let text = unsafe shmlens_glibc_version() else { return 0 }
        let parts = unsafe String(cString: text).split(separator: ".").compactMap { UInt32($0) }
        guard parts.count >= 2, parts[0] < 1000, parts[1] < 1000 else { return 0 }
        return parts[0] * 1000 + parts[1]
    }

    /// For people: `x86-64, glibc 2.36`.
    static func describe(architecture: UInt32, libc: UInt32) -> String {
        let machine =
            switch architecture {
            case 62: "x86-64"
            case 183: "AArch64"
            case 243: "RISC-V"
            default: "machine \(architecture)"
            }
        let library =
            switch Int(libc) {
            case shmlens_libc_glibc: "glibc"
            case shmlens_libc_musl: "musl"
            default: "another C library"
            }
        return "\(machine) with \(library)"
    }

    /// A random UUID, version 4 (RFC 9562).
    static func uuid() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        return bytes
    }

    /// The program's short name.
    static func programName() -> String {
        FilePath(CommandLine.arguments.first ?? "").lastComponent?.string ?? "unknown"
    }
}
