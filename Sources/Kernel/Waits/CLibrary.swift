public import Observations
import SystemPackage

/// The C library that a process runs with, by the file that it maps.
public enum CLibrary: Sendable, Hashable {
    /// With its version where the file tells it.
    case glibc(major: Int, minor: Int)
    case musl
    /// None that is known: linked into the program, or another.
    case unknown
}

/// The file of a C library, as a process maps it.
public struct CLibraryFile: Sendable, Hashable {
    public let mapping: Mapping
    public let isMusl: Bool
}

extension ProcFS {
    /// Bytes of a C library's file that are looked through for its version.
    private static let libraryBytesMax = 16_777_216
    private static let mappingsMax = 65_536

    /// The C library that a process has mapped; nil where it is none that is known. O(the process's mappings).
    public func cLibraryFile(of pid: Int32) -> CLibraryFile? {
        guard let mappings = (try? mappings(of: pid, sharedOnly: false, limit: Self.mappingsMax)) ?? nil else { return nil }
        for mapping in mappings.elements {
            let parts = mapping.name.bytes.split(separator: UInt8(ascii: "/"))
            guard let name = parts.last.map({ Array($0) }) else { continue }
            // musl is its own loader; some distributions have it in a folder of its own.
            let isInMuslFolder = parts.dropLast().last.map { $0.count > 4 && Array($0.suffix(4)) == Array("musl".utf8) } == true
            if name.starts(with: Array("ld-musl-".utf8)) || name.starts(with: Array("libc.musl-".utf8))
                || (isInMuslFolder && name == Array("libc.so".utf8))
            {
                return CLibraryFile(mapping: mapping, isMusl: true)
            }
            if name == Array("libc.so.6".utf8) { return CLibraryFile(mapping: mapping, isMusl: false) }
        }
        return nil
    }

    /// What the file says of itself.
    ///
    /// - Complexity: some megabytes are read: what is found is to be kept.
    public func version(of file: CLibraryFile, in pid: Int32) -> CLibrary {
        if file.isMusl { return .musl }
        guard let path = path(pid, "root").appending(untrusted: file.mapping.name.bytes.dropFirst()),
            let contents = try? FileContents(path, bytesMax: Self.libraryBytesMax)
        else { return .unknown }
        return CLibrary(banner: contents.bytes)
    }
}

extension CLibrary {
    /// What every build of glibc says of itself (csu/version.c).
    private static let banner = "GNU C Library"
    private static let release = "release version "
    /// Bytes behind the banner that hold the version, whatever the distribution puts between.
    private static let bannerBytesMax = 256

    /// Finds the version in a library's bytes. Any bytes may be given.
    package init(banner bytes: [UInt8]) {
        let text = bytes.span
        let first = Array(Self.banner.utf8)[0]
        for start in 0..<max(0, bytes.count - Self.banner.utf8.count) where text[start] == first {
            guard starts(text, start..<text.count, with: Self.banner) else { continue }
            let end = min(text.count, start + Self.bannerBytesMax)
            for index in start..<end where starts(text, index..<end, with: Self.release) {
                var position = index + Self.release.utf8.count
                guard let major = takeDecimal(text, &position), take(UInt8(ascii: "."), text, &position),
                    let minor = takeDecimal(text, &position)
                else { continue }
                self = .glibc(major: Int(clamping: major), minor: Int(clamping: minor))
                return
            }
        }
        self = .unknown
    }
}
