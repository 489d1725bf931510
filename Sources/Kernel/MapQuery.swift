import CShmlens
import Observations
import SystemPackage

/// Asks the kernel for one shared mapping of a process after the other, by the ioctl PROCMAP_QUERY of an open maps
/// (since Linux 6.11), over one buffer that serves process after process.
///
/// maps itself writes a line for each mapping, of which most are private: a program with a hundred libraries has
/// five hundred. Here the kernel passes over those.
struct MapQuery {
    enum Outcome {
        /// The kernel cannot be asked like this; nothing was handed on.
        case unknown
        /// All there was, but for so many mappings whose name is too long to be told.
        case whole(namelessCount: Int)
        /// The limit was reached.
        case cut(namelessCount: Int)
    }

    /// The longest name that the kernel gives (PATH_MAX), with its zero.
    private static let nameBytesMax = 4_096

    private var name = [CChar](repeating: 0, count: nameBytesMax)
    private var text = [UInt8](repeating: 0, count: nameBytesMax)

    /// Hands each shared mapping to `body`, in address order. Each is a picture of its own.
    ///
    /// - Parameters:
    ///   - maps: an open `/proc/PID/maps`, of which nothing was read.
    ///   - mappingsMax: after how many it stops.
    ///   - body: gets the numbers of a mapping, and the text that its name stands in.
    mutating func forEachShared(
        _ maps: borrowing Descriptor, mappingsMax: Int, _ body: (MapsLine, Span<UInt8>) -> Void
    ) throws(Errno) -> Outcome {
        var address: UInt64 = 0
        var namelessCount = 0
        for _ in 0..<mappingsMax {
            var map = shmlens_map()
            do throws(Errno) {
                try nextSharedMap(maps.number, address, &map, &name, capacity: Self.nameBytesMax)
                hand(map, body)
            } catch {
                switch error {
                case .noSuchFileOrDirectory: return .whole(namelessCount: namelessCount)
                case .inappropriateIOCTLForDevice where address == 0: return .unknown
                case .fileNameTooLong:
                    try nextSharedMap(maps.number, address, &map, &name, capacity: 0)
                    namelessCount += 1
                default: throw error
                }
            }
            // Whatever another process does to its mappings meanwhile, each question asks for higher addresses.
            guard map.end > address else { return .whole(namelessCount: namelessCount) }
            address = map.end
        }
        return .cut(namelessCount: namelessCount)
    }

    /// Hands the shared mapping that holds an address to `body`, or the next one behind it; none where there is none.
    ///
    /// - Returns: false where the kernel cannot be asked like this.
    mutating func at(
        _ address: UInt64, _ maps: borrowing Descriptor, _ body: (MapsLine, Span<UInt8>) -> Void
    ) throws(Errno) -> Bool {
        var map = shmlens_map()
        do throws(Errno) {
            try nextSharedMap(maps.number, address, &map, &name, capacity: Self.nameBytesMax)
            hand(map, body)
        } catch {
            switch error {
            case .noSuchFileOrDirectory: return true
            case .inappropriateIOCTLForDevice: return false
            case .fileNameTooLong:
                try nextSharedMap(maps.number, address, &map, &name, capacity: 0)
                hand(map, body)
            default: throw error
            }
        }
        return true
    }

    private mutating func hand(_ map: shmlens_map, _ body: (MapsLine, Span<UInt8>) -> Void) {
        // A range that is none is nobody's.
        guard map.start < map.end else { return }
        let length = min(Int(map.name_length), Self.nameBytesMax)
        for index in 0..<length { text[index] = UInt8(bitPattern: name[index]) }
        let span = text.span.extracting(0..<length)
        let range = MappedRange(
            start: map.start, end: map.end, offset: map.offset,
            access: MappingAccess(rawValue: UInt8(truncatingIfNeeded: map.access)))
        let device = DeviceNumber(major: map.device_major, minor: map.device_minor)
        body(MapsLine(range: range, device: device, inode: map.inode, name: span), span)
    }
}
