public import Observations
import SystemPackage

/// What a search through processes' descriptors found.
public struct DescriptorSearch: Sendable, Hashable {
    /// ``ObjectPlace/descriptor(pid:number:)``; nil where no process that could be looked at has it open.
    public var place: ObjectPlace?
    /// What the search did not see, with what would show it.
    public var hidden: [Hidden]

    public init(place: ObjectPlace?, hidden: [Hidden]) {
        self.place = place
        self.hidden = hidden
    }
}

extension ProcFS {
    /// What a search through descriptors looks at most.
    public struct SearchLimits: Sendable, Hashable {
        public var processes = ProcFS.Limit.processes
        /// Descriptors of one process.
        public var descriptors = 65_536
        /// Descriptors of all processes together; each costs a readlink(2).
        public var descriptorsInAll = 1_048_576

        public init() {}
    }

    /// Looks for a process that has a memfd open.
    ///
    /// A memfd that is mapped but open nowhere is not found: open its mapping instead.
    ///
    /// - Parameters:
    ///   - identity: the memfd's device and inode number, as maps shows them.
    ///   - likely: processes to be asked first, such as those that map it.
    /// - Throws: ``KernelError`` where the folder of processes cannot be read.
    /// - Complexity: O(descriptors of all processes).
    public func findMemfd(
        _ identity: FileIdentity, lookingFirstIn likely: [Int32] = [], limits: SearchLimits = SearchLimits()
    ) throws(KernelError) -> DescriptorSearch {
        var search = MemfdSearch(identity: identity, limits: limits)
        for pid in likely {
            if let place = search.look(in: pid, of: self) { return search.result(place) }
        }
        let asked = Set(likely)
        let pids = try processes(limit: limits.processes)
        search.omittedProcessCount = pids.omittedCount
        for pid in pids.elements where !asked.contains(pid) {
            if let place = search.look(in: pid, of: self) { return search.result(place) }
        }
        return search.result(nil)
    }
}

private struct MemfdSearch {
    let identity: FileIdentity
    let limits: ProcFS.SearchLimits
    var omittedProcessCount = 0
    private var refusedCount = 0
    private var failedCount = 0
    private var visitedCount = 0
    private var omittedDescriptorCount = 0

    init(identity: FileIdentity, limits: ProcFS.SearchLimits) {
        self.identity = identity
        self.limits = limits
    }

    mutating func look(in pid: Int32, of proc: ProcFS) -> ObjectPlace? {
        let folder = proc.path(pid, "fd")
        let numbers: BoundedList<Int32>
        do throws(KernelError) {
            guard let list = try proc.numbers(in: folder, from: 0, limit: limits.descriptors) else { return nil }
            numbers = list
        } catch {
            if error.errno.isRefusal { refusedCount += 1 } else { failedCount += 1 }
            return nil
        }
        omittedDescriptorCount += numbers.omittedCount
        for number in numbers.elements {
            guard visitedCount < limits.descriptorsInAll else {
                omittedDescriptorCount += 1
                continue
            }
            visitedCount += 1
            if isWanted(folder.appending(number)) { return .descriptor(pid: pid, number: number) }
        }
        return nil
    }

    /// The link's text is cheap and tells most descriptors apart; what it leads to settles it.
    private func isWanted(_ path: SystemPath) -> Bool {
        do throws(Errno) {
            guard try readLink(path).starts(with: "/memfd:".utf8) else { return false }
            return try FileIdentity(fileFacts(path, links: .follow)) == identity
        } catch {
            return false
        }
    }

    func result(_ place: ObjectPlace?) -> DescriptorSearch {
        guard place == nil else { return DescriptorSearch(place: place, hidden: []) }
        var hidden: [Hidden] = []
        func add(_ what: String, _ count: Int, _ needs: String) {
            if count > 0 { hidden.append(Hidden(what: what, count: count, needs: needs)) }
        }
        add("descriptors of processes", refusedCount, Needs.otherDescriptors)
        add("descriptors of processes that failed to be read", failedCount, "another try")
        add("processes", omittedProcessCount, "a higher limit of processes")
        add("descriptors", omittedDescriptorCount, "a higher limit of descriptors")
        return DescriptorSearch(place: nil, hidden: hidden)
    }
}
