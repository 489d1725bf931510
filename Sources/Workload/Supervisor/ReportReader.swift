import Glibc
import SystemPackage

/// Collects lines from a worker's report.
struct ReportReader {
    /// Bytes that one look takes at most: a pipe's whole capacity.
    private static let bytesPerLook = 65536

    private var rest: [UInt8] = []
    /// A line was not one that a worker writes; whatever comes after it is not looked at.
    private(set) var isBroken = false

    /// Reads what is there.
    ///
    /// - Returns: the lines, and whether the worker has closed its end.
    mutating func read(_ descriptor: FileDescriptor) -> (lines: [ReportLine], isAtEnd: Bool) {
        var lines: [ReportLine] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<(Self.bytesPerLook / buffer.count) {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor.rawValue, $0.baseAddress, $0.count)
            }
            guard count != 0 else { return (lines, true) }
            guard count > 0 else { return (lines, errno != EAGAIN && errno != EINTR) }
            lines += take(buffer[..<count])
        }
        return (lines, false)
    }

    mutating func take(_ bytes: ArraySlice<UInt8>) -> [ReportLine] {
        guard !isBroken else { return [] }
        var lines: [ReportLine] = []
        rest += bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            guard let line = ReportLine(rest[..<end]) else {
                isBroken = true
                rest = []
                return lines
            }
            lines.append(line)
            rest.removeFirst(end + 1)
        }
        if rest.count >= ReportLine.longest {
            isBroken = true
            rest = []
        }
        return lines
    }
}

extension WorkerRecord {
    /// Takes over what a worker said.
    mutating func apply(_ line: ReportLine) {
        switch line {
        case .operations(let count): operations = count
        case .message(let text): message = text
        case .roundTrips(let count):
            guard case .pingpong = workload else { return }
            result = .pingpong(roundTrips: count, perSecond: 0)
        case .rate(let key, let thousandths): apply(key, Double(thousandths) / 1000)
        }
    }

    private mutating func apply(_ key: ReportLine.Rate, _ value: Double) {
        switch (workload, key) {
        case (.pingpong, .perSecond):
            guard case .pingpong(let roundTrips, _) = result else { return }
            result = .pingpong(roundTrips: roundTrips, perSecond: value)
        case (.falsesharing, .packedPerSecond), (.falsesharing, .paddedPerSecond), (.falsesharing, .ratio):
            var packed: Double?
            var padded: Double?
            var ratio: Double?
            if case .falsesharing(let a, let b, let c) = result { (packed, padded, ratio) = (a, b, c) }
            switch key {
            case .packedPerSecond: packed = value
            case .paddedPerSecond: padded = value
            default: ratio = value
            }
            result = .falsesharing(packedPerSecond: packed, paddedPerSecond: padded, ratio: ratio)
        default: break
        }
    }
}
