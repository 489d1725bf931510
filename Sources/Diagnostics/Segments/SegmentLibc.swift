import CShmlens

/// The C library that initialised a managed segment's lock.
public enum SegmentLibc: Sendable, CaseIterable {
    case glibc
    case musl
    case other

    /// By its number in the header; nil where the number is none of this format version's.
    public init?(rawValue: UInt32) {
        switch Int(rawValue) {
        case shmlens_libc_glibc: self = .glibc
        case shmlens_libc_musl: self = .musl
        case shmlens_libc_other: self = .other
        default: return nil
        }
    }

    var rawName: String {
        switch self {
        case .glibc: "glibc"
        case .musl: "musl"
        case .other: "other"
        }
    }
}
