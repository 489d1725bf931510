import Diagnostics
import Kernel
import Observations
import Synchronization

/// Objects of a survey that are open to be read: the last few of them. May be used by several threads at a time.
final class ObjectSources: Sendable {
    /// Descriptors kept open at most.
    private static let openMax = 64

    private struct State {
        var open: [ObjectKey: DescriptorSource] = [:]
        var order: [ObjectKey] = []
        /// Those that would not be opened.
        var refused: Set<ObjectKey> = []
    }

    private let inventory: Inventory
    private let sources: HostSources
    private let state = Mutex(State())

    init(_ inventory: Inventory, _ sources: HostSources) {
        self.inventory = inventory
        self.sources = sources
    }

    var refusedCount: Int { state.withLock { $0.refused.count } }

    /// - Returns: nil of what the survey does not know, or that cannot be opened.
    func source(_ key: ObjectKey) -> DescriptorSource? {
        let (known, isRefused) = state.withLock { ($0.open[key], $0.refused.contains(key)) }
        if known != nil || isRefused { return known }
        guard let object = inventory[key] else { return nil }
        // A file system that may never answer is not asked: of its files nothing is known.
        let mayHang = object.id.kind == .file && object.file == nil
        let opened = mayHang ? nil : try? sources.open(object)
        state.withLock { state in
            guard let opened else {
                state.refused.insert(key)
                return
            }
            if state.open.updateValue(opened, forKey: key) == nil { state.order.append(key) }
            if state.order.count > Self.openMax { state.open[state.order.removeFirst()] = nil }
        }
        return opened
    }

    /// What stands around a word, as far as the object goes: ``WaitedObject/bytesBefore`` before and
    /// ``WaitedObject/bytesBehind`` behind it, or others. Nothing is touched that was not there.
    func image(_ key: ObjectKey, around offset: Int, before: Int, behind: Int) -> Image? {
        let start = max(0, offset - before)
        let (end, overflow) = offset.addingReportingOverflow(behind)
        guard !overflow, let bytes = try? source(key)?.read(at: start, count: end - start) else { return nil }
        return Image(bytes: bytes, offset: start)
    }

    /// 64 bits at an offset.
    func word(_ key: ObjectKey, _ offset: Int) -> UInt64? {
        image(key, around: offset, before: 0, behind: 8)?.word(at: offset)
    }
}
