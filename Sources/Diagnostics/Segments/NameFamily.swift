public import Observations

/// Programs whose shared memory is known by the pattern of its name.
///
/// A family is a label for people and for metrics. It proves nothing: anyone may use any name.
public struct NameFamily: Sendable, Hashable {
    /// The pattern as people write it, `*` for any characters: the API's `family`.
    public let pattern: String
    /// Who makes such objects.
    public let maker: String

    /// The family of a name, or nil. The longest pattern that fits decides. O(families).
    ///
    /// - Parameters:
    ///   - name: of a file below /dev/shm, without leading slash, or of a memfd.
    ///   - kind: a semaphore's name comes without the `sem.` of its file.
    public static func of(name: ByteString, kind: SegmentKind) -> NameFamily? {
        guard kind != .semaphore else { return semaphores }
        return all.filter { matches(name, pattern: Array($0.pattern.utf8)) }
            .max { $0.pattern.utf8.count < $1.pattern.utf8.count }
    }

    private static let semaphores = NameFamily(pattern: "sem.*", maker: "POSIX named semaphores")

    /// All families, with the names that their makers give.
    public static let all: [NameFamily] = [
        semaphores,
        NameFamily(pattern: "torch_*", maker: "PyTorch data loaders"),
        NameFamily(pattern: "psm_*", maker: "Python multiprocessing.shared_memory"),
        NameFamily(pattern: "pym-*", maker: "Python multiprocessing arenas"),
        NameFamily(pattern: "PostgreSQL.*", maker: "PostgreSQL dynamic shared memory"),
        NameFamily(pattern: "nccl-*", maker: "NVIDIA NCCL"),
        NameFamily(pattern: "cuda.shm.*", maker: "NVIDIA CUDA"),
        NameFamily(pattern: "fastrtps_*", maker: "eProsima Fast DDS"),
        NameFamily(pattern: "fastdds_*", maker: "eProsima Fast DDS"),
        NameFamily(pattern: "fast_datasharing_*", maker: "eProsima Fast DDS"),
        NameFamily(pattern: "iox2_*", maker: "Eclipse iceoryx2"),
        NameFamily(pattern: "iceoryx_*", maker: "Eclipse iceoryx"),
        NameFamily(pattern: "envoy_shared_memory_*", maker: "Envoy hot restart"),
        NameFamily(pattern: "vader_segment.*", maker: "Open MPI"),
        NameFamily(pattern: "sm_segment.*", maker: "Open MPI"),
        NameFamily(pattern: "ucx_shm_*", maker: "UCX"),
        NameFamily(pattern: "fmq_*", maker: "FairMQ"),
        NameFamily(pattern: "pulse-shm-*", maker: "PulseAudio"),
        NameFamily(pattern: ".org.chromium.Chromium.*", maker: "Chromium"),
        NameFamily(pattern: "org.mozilla.ipc.*", maker: "Firefox"),
        NameFamily(pattern: "lttng-ust-*", maker: "LTTng"),
        NameFamily(pattern: "qb-*", maker: "libqb"),
    ]

    /// Whether a name fits a pattern, in which `*` stands at the end or nowhere.
    private static func matches(_ name: ByteString, pattern: [UInt8]) -> Bool {
        guard pattern.last == UInt8(ascii: "*") else { return name.bytes == pattern }
        return name.bytes.starts(with: pattern.dropLast())
    }
}
