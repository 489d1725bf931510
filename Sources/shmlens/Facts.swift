import Diagnostics
import Encoding
import ForeignFormats
import Kernel
import Observations

/// Lines of `name value` for what is one thing and not a list.
struct Facts {
    private var rows: [(String, String)] = []

    mutating func add(_ name: String, _ value: String?) {
        if let value { rows.append((name, value)) }
    }

    func text() -> String {
        let width = rows.map { $0.0.count }.max() ?? 0
        return rows.map { name, value in
            name + String(repeating: " ", count: width - name.count + 2) + TerminalText(value).text + "\n"
        }.joined()
    }

    static func of(_ detail: SegmentDetail) -> Facts {
        var facts = Facts()
        let summary = detail.summary
        facts.add("id", summary.id.text)
        facts.add("size", "\(summary.sizeBytes) (\(ByteSize(bytes: summary.sizeBytes)))")
        facts.add("kind", summary.kind.rawValue + (summary.deleted ? ", deleted" : ""))
        facts.add("family", summary.family)
        facts.add("resident", ByteSize(bytes: summary.residentBytes).description)
        facts.add("swapped", summary.swappedBytes.map { ByteSize(bytes: $0).description })
        facts.add("mode", "\(Notes.octal(summary.mode)) \(summary.user ?? "\(summary.uid)"):\(summary.group ?? "\(summary.gid)")")
        facts.add("mappers", summary.mapperCount.map { "\($0)" } ?? "unknown")
        facts.add("attachments", summary.attachCount.map { "\($0)" })
        facts.add("descriptors", summary.openCount.map { "\($0)" })
        facts.add("creator", summary.creatorPID.map { "pid \($0)" })
        facts.add("last by", summary.lastPID.map { "pid \($0)" })
        facts.add("attached at", summary.attachedAt.map(Notes.time))
        facts.add("detached at", summary.detachedAt.map(Notes.time))
        facts.add("created at", summary.createdAt.map(Notes.time))
        facts.add("changed at", summary.changedAt.map(Notes.time))
        facts.add("seals", summary.seals.map { $0.names.joined(separator: ", ") })
        facts.add("orphaned", summary.orphanedSince.map { "seen so since \(Notes.time($0))" })
        if let header = detail.header {
            facts.add("uuid", header.uuid)
            facts.add("created", "\(Notes.time(header.createdAt)) by \(header.creator.name) (pid \(header.creator.pid))")
            facts.add("made on", "\(header.architecture), \(header.libc)")
            facts.add("counter", "\(header.counter)")
            facts.add("text", header.text.text)
            facts.add("flag", "\(header.flag)")
            facts.add("damaged", header.damaged ? "yes: changes are refused" : "no")
        }
        if let lock = detail.lock { facts.add("lock", Notes.sentence(lock)) }
        facts.add("participants", detail.participantCount.map { "\($0)" })
        if let heap = detail.heap { facts.append(of(heap)) }
        for finding in summary.findings { facts.add("finding", "\(finding.severity.rawValue): \(finding.message)") }
        return facts
    }

    static func of(_ heap: HeapReport) -> Facts {
        var facts = Facts()
        func size(_ bytes: Int) -> String { "\(bytes) (\(ByteSize(bytes: bytes)))" }
        facts.add("capacity", size(heap.capacityBytes))
        facts.add("used", "\(size(heap.usedBytes)) in \(heap.usedBlockCount) blocks")
        facts.add("free", "\(size(heap.freeBytes)) in \(heap.freeBlockCount) blocks")
        facts.add("largest free", size(heap.largestFreeBytes))
        facts.add("high water", size(heap.highWaterBytes))
        let percent = Int((heap.fragmentation * 1000).rounded())
        facts.add("fragmentation", "\(percent / 10).\(percent % 10) %")
        return facts
    }

    static func of(_ lock: LockReport) -> Facts {
        var facts = Facts()
        let place = lock.place.index.map { "number \($0)" } ?? "at offset \(lock.place.number)"
        facts.add(lock.type.rawValue, "\(lock.label.map { "\($0) " } ?? "")\(place)")
        let traits = [
            lock.mutexType?.rawValue, lock.robust == true ? "robust" : nil,
            lock.protocol.flatMap { $0 == MutexProtocol.none ? nil : "priority: \($0.rawValue)" },
        ].compactMap { $0 }
        if !traits.isEmpty { facts.add("kind", traits.joined(separator: ", ")) }
        facts.add("state", lock.state.rawValue)
        facts.add("value", lock.value.map { "\($0)" })
        facts.add("verdict", lock.verdict.rawValue)
        facts.add("because", lock.message)
        facts.add("advice", lock.advice)
        for owner in lock.owner.map({ [$0] }) ?? lock.ownerCandidates { facts.add(lock.owner == nil ? "perhaps" : "owner", of(owner)) }
        facts.add("held for", lock.owner?.heldForMilliseconds.map { "\($0) ms" })
        for waiter in lock.waiters {
            let time = waiter.waitingForMilliseconds.map { " for \($0) ms" } ?? ""
            let limit = waiter.timed == true ? ", with a limit" : ""
            facts.add("waiter", "\(waiter.command ?? "?"), pid \(waiter.pid), tid \(waiter.tid)\(time)\(limit)")
        }
        facts.add("known by", lock.evidence.map(\.rawValue).joined(separator: ", "))
        for caveat in lock.caveats { facts.add("not sure", caveat) }
        if let statistics = lock.statistics {
            facts.add("acquisitions", "\(statistics.acquisitions), \(statistics.contended) contended")
            facts.add("owner deaths", "\(statistics.ownerDeaths)")
        }
        for holder in lock.lastHolders {
            facts.add("changed by", "\(Notes.name(holder.owner)), operation \(holder.sequence) at \(Notes.time(holder.at))")
        }
        return facts
    }

    private static func of(_ owner: LockOwnerReport) -> String {
        "\(owner.command ?? "?"), pid \(owner.pid.map { "\($0)" } ?? "?"), tid \(owner.tid), \(owner.doing)"
    }

    private mutating func append(_ other: Facts) { rows += other.rows }
}

/// Small pieces of text.
enum Notes {
    static func octal(_ mode: UInt32) -> String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    static func time(_ time: WallTime) -> String {
        let (seconds, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return RFC3339.text(
            seconds: rest < 0 ? seconds - 1 : seconds, nanoseconds: Int(rest < 0 ? rest + 1_000_000_000 : rest)) ?? "?"
    }

    static func name(_ owner: OwnerReport) -> String {
        (owner.name ?? "slot \(owner.slot)") + (owner.alive == .dead ? " (dead)" : "")
    }

    static func sentence(_ lock: LockReport) -> String {
        guard let owner = lock.owner else { return "\(lock.state.rawValue), \(lock.verdict.rawValue)" }
        return
            "\(lock.state.rawValue) by \(owner.command ?? "?") (pid \(owner.pid.map { "\($0)" } ?? "?"), tid \(owner.tid), \(owner.threadState.rawValue)), \(lock.verdict.rawValue)"
    }

    /// What an answer in a table would otherwise leave out: that it is not one picture, not all, or not complete.
    static func tell(_ envelope: Envelope, next: Cursor? = nil) {
        if let consistency = envelope.consistency, consistency != .consistent {
            Terminal.note("this picture is \(consistency.rawValue)")
        }
        for hidden in envelope.hidden { Terminal.note("not seen: \(hidden.words)") }
        if let next { Terminal.note("there is more: --cursor \(next.text)") }
    }
}

extension Envelope {
    /// Of an answer that tells what this process has just done.
    static var now: Envelope { Envelope(takenAt: Clocks.reading().realTime, ageMilliseconds: 0) }
}
