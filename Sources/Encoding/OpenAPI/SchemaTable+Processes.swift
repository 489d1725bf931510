import Diagnostics
import Observations

extension SchemaTable {
    static let processes: [(name: String, schema: Schema)] = [
        (
            "MappingList",
            .object([
                .always("mappings", .array(.reference("Mapping")), "in the order of process and address"),
                .maybe("next", .text, nextAbout),
            ])
        ),
        (
            "Mapping",
            .object(
                process + range + use + [
                    .maybe(
                        "touched", .array(.reference("TouchedRun")),
                        "the pages that are in the process's page tables: neighbours of one that was read are mapped along with it"
                    )
                ])
        ),
        ("TouchedRun", .object([.always("offset", .count), .always("length", .count)])),
        (
            "ProcessList",
            .object([.always("processes", .array(.reference("ProcessSummary"))), .maybe("next", .text, nextAbout)])
        ),
        (
            "ProcessSummary",
            .object(
                process + [
                    .always("mappedCount", .count, "segments that it maps"),
                    .always("segmentCount", .count, "segments that it maps or has open"),
                    .always("mappedBytes", .count, "the addresses that its mappings of them take"),
                ])
        ),
        (
            "Process",
            .object(
                process + [
                    .maybe("startedAt", .time),
                    .always("mappings", .array(.reference("ProcessMapping")), "in the order of their addresses"),
                    .always("open", .array(.reference("ProcessDescriptors"))),
                    .maybe("residentBytes", .count, "of all mappings, where it would tell"),
                    .maybe("proportionalBytes", .count, "the same, each page divided among those who map it"),
                ])
        ),
        (
            "Search",
            .object([
                .always("matches", .array(.reference("SearchMatch")), "in the order of segment and offset"),
                .always("searchedBytes", .count, "that were read: holes are not"),
                .maybe("atimeMoved", .boolean, "true where reading moved the access time of an object"),
                .maybe("attached", .boolean, "true where the segment was attached to be read, which left traces"),
                .maybe("next", .text, nextAbout),
            ])
        ),
        (
            "SearchMatch",
            .object([
                .always("segment", .text, "the segment's id"), .always("offset", .count),
                .always("hex", .text, "what stands there"),
                .always("following", .text, "what follows, also in hex: up to 32 bytes of both"),
            ])
        ),
        ("ProcessMapping", .object(segment + range + use)),
        (
            "ProcessDescriptors",
            .object(
                segment + [
                    .always("descriptor", .count, "the lowest of its descriptors of the segment"),
                    .always("count", .count, "how many it has"),
                ])
        ),
    ]

    private static let process: [SchemaMember] = [
        .always("pid", .count), .always("command", .text), .always("uid", .count), .always("user", .text, "its name, or its number where it has none here"),
        .maybe("cgroup", .text, "the path of its control group: the container or the service"),
    ]

    private static let segment: [SchemaMember] = [
        .always("segment", .text, "the segment's id"), .always("name", .text), .maybe("nameBase64", .text(format: "byte")),
    ]

    private static let range: [SchemaMember] = [
        .always("start", .hexadecimal), .always("end", .hexadecimal), .always("offset", .count, "in the object"),
        .always("access", .text, "as maps has it: rw-s"),
    ]

    private static let use: [SchemaMember] = [
        .maybe("residentBytes", .count, "pages in the process's page tables"),
        .maybe("proportionalBytes", .count, "the same, each page divided among those who map it"),
        .maybe("swappedBytes", .count), .maybe("hugeBytes", .count, "in huge pages"),
    ]
}
