import Observations
import SystemPackage

/// The C library that a process runs with, by the file that it maps.
public enum CLibrary: Sendable, Hashable {
    /// With its version where the file tells it.
    case glibc(major: Int, minor: Int)
    case musl
    /// None that is known: linked into the program, or another.
    case unknown
}

extension ProcFS {
    /// Bytes of a C library's file that are looked through for its version.
    private static let libraryBytesMax = 16_777_216
    private static let mappingsMax = 65_536

    /// - Complexity: the process's maps and some megabytes of its C library are read: for few processes, and what is found is
    ///   to be kept.
    public func cLibrary(of pid: Int32) -> CLibrary {
        guard let (kind, mapping) = libraryMapping(of: pid) else { return .unknown }
        return kind == .musl ? .musl : version(of: mapping, in: pid)
    }

    /// Whether a process runs with musl. O(its mappings).
    public func usesMusl(_ pid: Int32) -> Bool { libraryMapping(of: pid)?.kind == .musl }

    private enum LibraryKind {
        case glibc, musl
    }

    private func libraryMapping(of pid: Int32) -> (kind: LibraryKind, mapping: Mapping)? {
        guard let mappings = (try? mappings(of: pid, sharedOnly: false, limit: Self.mappingsMax)) ?? nil else { return nil }
        for mapping in mappings.elements {
            let parts = mapping.name.bytes.split(separator: UInt8(ascii: "/"))
            guard let name = parts.last.map({ Array($0) }) else { continue }
            // musl is its own loader; some distributions have it in a folder of its own.
            let isInMuslFolder = parts.dropLast().last.map { $0.count > 4 && Array($0.suffix(4)) == Array("musl".utf8) } == true
            if name.starts(with: Array("ld-musl-".utf8)) || name.starts(with: Array("libc.musl-".utf8))
                || (isInMuslFolder && name == Array("libc.so".utf8))
            {
                return (.musl, mapping)
            }
            if name == Array("libc.so.6".utf8) { return (.glibc, mapping) }
        }
        return nil
    }

    private func version(of mapping: Mapping, in pid: Int32) -> CLibrary {
        guard let path = path(pid, "root").appending(untrusted: mapping.name.bytes.dropFirst()), let contents = try? FileContents(path, bytesMax: Self.libraryBytesMax)
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
