public import Diagnostics
import Observations

extension StatusReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("version", version)
        writer.field("pid", pid)
        writer.field("startedAt", time: startedAt)
        writer.field("uptimeMilliseconds", uptimeMilliseconds)
        writer.field("listen", listen)
        writer.key("limits")
        writer.object { writer in
            for limit in limits {
                writer.key(text: limit.name)
                writer.value(limit.value)
            }
        }
        writer.field("host", host)
        writer.key("segments")
        writer.object { writer in
            for kind in SegmentKind.allCases {
                writer.key(text: kind.rawValue)
                writer.value(segments[kind] ?? 0)
            }
        }
        writer.field("requests", requests)
        writer.field("findings", findings)
    }
}

extension HostReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("sharedBytes", sharedBytes)
        writer.field("tmpfs", tmpfs)
    }
}

extension TmpfsReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("path", path)
        writer.field("sizeBytes", sizeBytes)
        writer.field("usedBytes", usedBytes)
        writer.field("promisedBytes", promisedBytes)
    }
}

extension RequestCounts: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("total", total)
        writer.field("refusedByParser", refusedByParser)
    }
}

extension WorkerReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("workerId", workerId)
        writer.field("pid", pid)
        writer.field("segment", segment)
        writer.field("workload", workload)
        writer.field("options", options)
        writer.field("state", state.rawValue)
        writer.field("exitStatus", exitStatus)
        writer.field("signal", signal?.description)
        writer.field("operations", operations)
        writer.field("startedAt", time: startedAt)
        writer.field("ranForMilliseconds", ranForMilliseconds)
        writer.field("result", result)
        writer.field("message", message)
    }
}

extension WorkerOptions: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("operations", operations)
        writer.field("ratePerSecond", ratePerSecond)
        writer.field("seed", seed)
        writer.field("durationMilliseconds", durationMilliseconds)
        writer.field("holdMilliseconds", holdMilliseconds)
        writer.field("step", step)
        writer.field("offset", offset)
        writer.field("length", length)
        writer.field("access", access?.rawValue)
        writer.field("padding", padding?.rawValue)
        writer.field("primitive", primitive?.rawValue)
    }
}

extension WorkerResult: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .falseSharing(let packedPerSecond, let paddedPerSecond):
            writer.field("packedPerSecond", packedPerSecond)
            writer.field("paddedPerSecond", paddedPerSecond)
            writer.field("ratio", ratio)
        case .pingPong(let roundTrips, let perSecond):
            writer.field("roundTrips", roundTrips)
            writer.field("perSecond", perSecond)
        }
    }
}

extension WorkersReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("workers", workers)
        writer.field(next: next)
    }
}
