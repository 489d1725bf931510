public import Diagnostics
import Observations
import SegmentFormat

extension HeapReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("capacityBytes", capacityBytes)
        writer.field("usedBytes", usedBytes)
        writer.field("freeBytes", freeBytes)
        writer.field("largestFreeBytes", largestFreeBytes)
        writer.field("highWaterBytes", highWaterBytes)
        writer.field("usedBlockCount", usedBlockCount)
        writer.field("freeBlockCount", freeBlockCount)
        writer.field("fragmentation", fragmentation)
        writer.field("policy", HeapReport.policy)
        writer.field("sizeHistogram", sizeHistogram)
        writer.field("byOwner", byOwner)
        writer.field("byTag", byTag)
    }
}

extension SizeCount: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("upToBytes", upToBytes)
        writer.field("count", count)
    }
}

extension OwnerTotals: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("owner", owner)
        writer.field("blockCount", blockCount)
        writer.field("sizeBytes", sizeBytes)
    }
}

extension TagTotals: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("tag", orNull: tag.text)
        writer.field("blockCount", blockCount)
        writer.field("sizeBytes", sizeBytes)
    }
}

extension OwnerReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("slot", slot)
        writer.field("generation", generation)
        writer.field("pid", orNull: pid)
        writer.field("name", orNull: name)
        writer.field("alive", liveness: alive)
    }
}

extension BlockReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("offset", offset)
        writer.field("sizeBytes", sizeBytes)
        writer.field("spanOffset", spanOffset)
        writer.field("spanBytes", spanBytes)
        writer.field("state", state.rawValue)
        writer.field("owner", owner)
        writer.field("tag", tag?.text)
        writer.field("sequence", orNull: sequence)
        writer.field("allocatedAt", time: allocatedAt)
    }
}

extension BlocksReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("sequence", sequence)
        writer.field("blocks", blocks)
        writer.field(next: next)
    }
}

extension BlockList: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) { writer.field("blocks", blocks) }
}

extension BucketReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) {
        writer.field("offset", offset)
        writer.field("sizeBytes", sizeBytes)
        writer.field("usedBytes", usedBytes)
        writer.field("freeBytes", freeBytes)
        writer.field("blockCount", blockCount)
        writer.field("largestFreeBytes", largestFreeBytes)
        writer.field("orphanedBytes", orphanedBytes)
        writer.field("mainOwner", mainOwner)
        writer.field("mainTag", mainTag?.text)
        writer.field("newestAt", time: newestAt)
    }
}

extension BucketsReport: JSONObjectEncodable {
    public func writeMembers(to writer: inout JSONWriter) { writer.field("buckets", buckets) }
}
