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
        guard let first = name.bytes.first else { return nil }
        var longest: Matcher?
        for matcher in matchers
        where matcher.first == first && matcher.matches(name) && matcher.beginning.count > longest?.beginning.count ?? 0 {
            longest = matcher
        }
        return longest?.family
    }

    /// A family, taken apart once: each of thousands of names is held against all.
    private struct Matcher {
        let family: NameFamily
        let beginning: [UInt8]
        let first: UInt8?
        let mayGoOn: Bool

        init(_ family: NameFamily) {
            self.family = family
            mayGoOn = family.pattern.utf8.last == UInt8(ascii: "*")
            beginning = Array(mayGoOn ? family.pattern.utf8.dropLast() : family.pattern.utf8[...])
            first = beginning.first
        }

        /// Whether a name fits the pattern, in which `*` stands at the end or nowhere.
        func matches(_ name: ByteString) -> Bool {
            (mayGoOn || name.bytes.count == beginning.count) && name.bytes.starts(with: beginning)
        }
    }

    private static let matchers = all.map(Matcher.init)

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
}
