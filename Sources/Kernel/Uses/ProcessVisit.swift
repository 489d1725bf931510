import Observations
import SystemPackage

/// What one visit to a process found that it uses of shared memory.
struct ProcessVisit: Sendable {
    /// How far a list could be read.
    enum Ending: Sendable, Equatable {
        case whole
        /// There was more than the limit.
        case cut
        case gone
        case failed(Int32)
    }

    struct SeenMapping: Sendable {
        let key: ObjectKey
        let kind: ObjectKind
        /// As maps has it, without the kernel's ` (deleted)`.
        let name: ByteString
        let isDeleted: Bool
        let range: MappedRange
    }

    struct SeenDescriptor: Sendable {
        let number: Int32
        let key: ObjectKey
        let kind: ObjectKind
        /// As the link has it, without the kernel's ` (deleted)`.
        let name: ByteString
        let isDeleted: Bool
        /// What it was at this visit; nil where the visit was an earlier one's.
        var file: FileFacts?
    }

    /// A descriptor of a file that may turn out to be mapped shared by somebody.
    struct OpenFile: Sendable {
        let number: Int32
        let name: ByteString
    }

    let pid: Int32
    /// What the process had run when the visit began; nil where it may have run meanwhile.
    var stamp: RunStamp?
    var mappings: [SeenMapping] = []
    var mappingsEnding = Ending.whole
    var malformedLineCount = 0
    var omittedMappingCount = 0
    var descriptors: [SeenDescriptor] = []
    var files: [OpenFile] = []
    var descriptorsEnding = Ending.whole
    var omittedDescriptorCount = 0

    init(pid: Int32) { self.pid = pid }

    /// The visit as one of now, where the process has not run since and what it uses is called what it was called then.
    ///
    /// - Parameter names: what objects are called now.
    func renewed(in proc: ProcFS, _ names: PresentNames) -> ProcessVisit? {
        guard let stamp, mappingsEnding == .whole, descriptorsEnding == .whole, omittedMappingCount == 0,
            omittedDescriptorCount == 0
        else { return nil }
        guard mappings.allSatisfy({ names.hold($0.kind, $0.key, $0.name, isDeleted: $0.isDeleted) }),
            descriptors.allSatisfy({ names.hold($0.kind, $0.key, $0.name, isDeleted: $0.isDeleted) })
        else { return nil }
        guard stamp.holds(in: proc) else { return nil }
        var renewed = self
        for index in renewed.descriptors.indices { renewed.descriptors[index].file = nil }
        return renewed
    }
}
