import Diagnostics
import Kernel
public import Observations

/// The host's shared memory as a list.
extension Survey {
    /// What a list says of an object.
    func entry(_ object: HostObject) -> SegmentEntry {
        SegmentEntry(summary: summary(of: object), pids: object.mappers.map(\.pid))
    }

    /// What is said of an object at first sight.
    func summary(of object: HostObject) -> SegmentSummary {
        var summary: SegmentSummary
        if let segment = object.systemV {
            summary = self.summary(of: object, segment)
        } else if let set = object.semaphores {
            summary = SegmentSummary(
                id: object.id, name: object.name, sizeBytes: 0, residentBytes: 0, mode: set.permissions, uid: set.uid,
                gid: set.gid)
            summary.changedAt = set.changedAt
        } else if let file = object.file {
            summary = self.summary(of: object, file)
        } else {
            // Nobody but its mappers tells of it.
            summary = SegmentSummary(
                id: object.id, name: object.name, sizeBytes: object.mappedBytes, residentBytes: 0, mode: 0,
                uid: users[object.mappers.first?.pid ?? 0] ?? 0, gid: 0)
            summary.inode = object.key?.inode
            summary.device = object.key?.device
        }
        summary.user = userTexts[summary.uid]
        summary.group = groupTexts[summary.gid]
        summary.deleted = object.isDeleted
        summary.seals = object.key.flatMap { seals[$0] }
        addUse(of: object, to: &summary)
        summary.findings += hazards.findings(of: hazardFacts(object, summary))
        return summary
    }

    private func summary(of object: HostObject, _ segment: SystemVSegment) -> SegmentSummary {
        var summary = SegmentSummary(
            id: object.id, name: object.name, sizeBytes: segment.sizeBytes, residentBytes: segment.residentBytes,
            mode: segment.permissions, uid: segment.uid, gid: segment.gid)
        summary.swappedBytes = segment.swappedBytes
        summary.attachCount = segment.attachCount
        summary.creatorPID = segment.creatorPID > 0 ? segment.creatorPID : nil
        summary.lastPID = segment.lastPID > 0 ? segment.lastPID : nil
        summary.changedAt = segment.changedAt
        summary.attachedAt = segment.attachedAt
        summary.detachedAt = segment.detachedAt
        return summary
    }

    private func summary(of object: HostObject, _ file: FileFacts) -> SegmentSummary {
        var summary = SegmentSummary(
            id: object.id, name: object.name, sizeBytes: file.sizeBytes,
            residentBytes: residency[FileIdentity(file)] ?? (object.id.kind == .file ? 0 : file.allocatedBytes), mode: file.permissions, uid: file.uid,
            gid: file.gid)
        // What a file system on memory keeps is in memory or in swap.
        if object.id.kind != .file, isWithoutSwap { summary.swappedBytes = 0 }
        summary.inode = file.inode
        // Where statx(2) tells another one than maps, the object is known by that of maps.
        summary.device = object.key?.device ?? file.device
        summary.createdAt = file.createdAt
        summary.changedAt = file.changedAt
        if let key = object.key {
            summary.managed = managed[key] != nil
            if let finding = broken[key] { summary.findings.append(finding) }
        }
        return summary
    }

    /// Who maps it, who has it open, and what follows from that.
    private func addUse(of object: HostObject, to summary: inout SegmentSummary) {
        // Of one's own objects, what was seen is told where something was, and `hidden` says what was not. That nobody
        // uses one is told only where all were seen: somebody may act on it.
        let isOwn = uid == summary.uid
        let isAttached = summary.attachCount.map { $0 > 0 }
        func count(_ seen: Int, _ seesAll: Bool) -> Int? { seesAll || (isOwn && seen > 0) || isAttached == false ? seen : nil }
        if object.semaphores == nil {
            summary.mapperCount = count(object.mappers.count, seesAllMappings)
            // A System V segment of another pid namespace's process alone is attached all the same.
            if isAttached == true, object.mappers.isEmpty { summary.mapperCount = nil }
            if object.isFile { summary.openCount = count(object.openCount, seesAllDescriptors) }
        }
        if let key = UnusedObject(object), let since = unusedSince[key] {
            summary.orphaned = true
            summary.orphanedSince = since
            summary.findings.append(key.isCounted ? orphanCounted : orphanSeen)
        }
    }

    /// The evidence. Its age is `orphanedSince`: what a sentence counts would be news all the time.
    static func orphan(_ evidence: String) -> Finding {
        Finding(code: "orphaned", severity: .info, message: "\(evidence): it stays until somebody removes it")
    }

    private func hazardFacts(_ object: HostObject, _ summary: SegmentSummary) -> Hazards.Facts {
        var facts = Hazards.Facts(
            kind: summary.kind, sizeBytes: summary.sizeBytes, residentBytes: summary.residentBytes, mode: summary.mode,
            uid: summary.uid)
        facts.isDeleted = object.isDeleted
        facts.isOwnNamespace = object.id.namespace == nil
        facts.mappers = object.mappers
        facts.holders = object.holders
        facts.attachCount = summary.attachCount ?? 0
        if object.mappers.count > 1 {
            for mapper in object.mappers { facts.users[mapper.pid] = users[mapper.pid] }
        }
        facts.seals = summary.seals
        return facts
    }

    /// How long ago the picture was taken.
    public func ageMilliseconds(at now: ClockReading) -> Int {
        Int(max(0, now.monotonicNanoseconds - takenAt.monotonicNanoseconds) / 1_000_000)
    }
}
