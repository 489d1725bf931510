import Encoding

/// The rows of the contract, as the server hands them in.
enum Contract {
    private static let base = "/api/v1"
    private static let segment = base + "/segments/{id}"
    private static let timeout = "timeoutMilliseconds"

    static var document: OpenAPIDocument {
        OpenAPIDocument(version: "1.0.0", operations: operations, choices: ["workload": ["counter", "churn"]])
    }

    static let operations = server + segments + bytes + heap + observations + host + changes + workers

    private static let server = [
        OpenAPIOperation(
            method: "get", path: base + "/healthz", name: "healthz", summary: "Lives.", produces: ["text/plain"],
            isOpen: true),
        OpenAPIOperation(
            method: "get", path: base + "/readyz", name: "readyz", summary: "Can look.", produces: ["text/plain"],
            isOpen: true),
        OpenAPIOperation(method: "get", path: base + "/status", name: "status", summary: "At a glance."),
        OpenAPIOperation(method: "get", path: base + "/openapi.json", name: "openapi", summary: "This."),
    ]

    private static let segments = [
        OpenAPIOperation(
            method: "get", path: base + "/segments", name: "listSegments", summary: "All.",
            parameters: [
                "kind", "managed", "orphaned", "deleted", "pid", "uid", "minBytes", "q", "sort", "limit", "cursor", "fresh",
            ]),
        OpenAPIOperation(
            method: "post", path: base + "/segments", name: "createSegment", summary: "Makes one.",
            body: .json(["name", "capacityBytes", "mode", "maxParticipants", "eventCount"]), status: 201),
        OpenAPIOperation(method: "get", path: segment, name: "getSegment", summary: "One."),
        OpenAPIOperation(
            method: "patch", path: segment, name: "changeSegment", summary: "Text and flag.", parameters: [timeout],
            body: .json(["text", "flag"])),
        OpenAPIOperation(
            method: "delete", path: segment, name: "removeSegment", summary: "Gone.", parameters: ["force", timeout],
            produces: [], status: 204),
    ]

    private static let bytes = [
        OpenAPIOperation(
            method: "get", path: segment + "/bytes", name: "readBytes", summary: "Bytes.", parameters: ["attach"],
            produces: ["application/octet-stream"]),
        OpenAPIOperation(
            method: "put", path: segment + "/bytes", name: "writeBytes", summary: "Writes.",
            parameters: ["offset", timeout], body: .bytes, produces: [], status: 204),
        OpenAPIOperation(
            method: "get", path: segment + "/hexdump", name: "hexdump", summary: "A dump.",
            parameters: ["offset", "length", "style", "attach"], produces: ["text/plain", "application/json"]),
        OpenAPIOperation(method: "get", path: segment + "/layout", name: "layout", summary: "Parts."),
    ]

    private static let heap = [
        OpenAPIOperation(method: "get", path: segment + "/heap", name: "heap", summary: "The heap."),
        OpenAPIOperation(
            method: "get", path: segment + "/blocks", name: "listBlocks", summary: "Blocks.",
            parameters: [
                "state", "owner", "tag", "at", "minBytes", "limit", "cursor", "buckets", "from", "to",
            ]),
        OpenAPIOperation(
            method: "post", path: segment + "/blocks", name: "allocateBlocks", summary: "Allocates.",
            parameters: [timeout], body: .json(["sizeBytes", "alignment", "tag", "count"]), status: 201),
        OpenAPIOperation(method: "get", path: segment + "/blocks/{offset}", name: "getBlock", summary: "One."),
        OpenAPIOperation(
            method: "patch", path: segment + "/blocks/{offset}", name: "resizeBlock", summary: "Resizes.",
            parameters: ["force", timeout], body: .json(["sizeBytes"])),
        OpenAPIOperation(
            method: "delete", path: segment + "/blocks/{offset}", name: "freeBlock", summary: "Frees.",
            parameters: ["force", timeout], produces: [], status: 204),
    ]

    private static let observations = [
        OpenAPIOperation(
            method: "get", path: segment + "/pages", name: "listPages", summary: "Pages.",
            parameters: ["offset", "limit", "cursor"]),
        OpenAPIOperation(
            method: "get", path: base + "/locks", name: "hostLocks", summary: "Waits.", produces: ["application/json", "text/plain"]),
        OpenAPIOperation(
            method: "get", path: segment + "/locks", name: "listLocks", summary: "Locks.", parameters: ["scan"]),
        OpenAPIOperation(
            method: "get", path: segment + "/participants", name: "listParticipants", summary: "Participants.",
            parameters: ["limit", "cursor"]),
        OpenAPIOperation(
            method: "get", path: segment + "/events", name: "listEvents", summary: "Events.",
            parameters: ["after", "limit", "cursor"]),
    ]

    private static let host = [
        OpenAPIOperation(
            method: "get", path: segment + "/mappings", name: "listMappings", summary: "Mappings.",
            parameters: ["touched", "limit", "cursor"]),
        OpenAPIOperation(
            method: "get", path: segment + "/search", name: "searchSegment", summary: "Searches.",
            parameters: ["hex", "text", "integer", "width", "byteOrder", "encoding", "limit", "cursor"]),
        OpenAPIOperation(
            method: "get", path: base + "/search", name: "searchAll", summary: "Searches all.",
            parameters: ["hex", "text", "integer", "width", "byteOrder", "encoding", "limit", "cursor"]),
        OpenAPIOperation(
            method: "get", path: base + "/processes", name: "listProcesses", summary: "Processes.",
            parameters: ["sort", "limit", "cursor"]),
        OpenAPIOperation(method: "get", path: base + "/processes/{pid}", name: "getProcess", summary: "One."),
    ]

    private static let changes = [
        OpenAPIOperation(
            method: "post", path: segment + "/verify", name: "verify", summary: "Checks.",
            parameters: ["lock", timeout]),
        OpenAPIOperation(
            method: "post", path: segment + "/reclaim", name: "reclaim", summary: "Reclaims.",
            parameters: ["force", timeout]),
        OpenAPIOperation(
            method: "put", path: segment + "/protection", name: "protect", summary: "Protects.",
            parameters: [timeout], body: .json(["offset", "length", "access", "locked"])),
    ]

    private static let workers = [
        OpenAPIOperation(
            method: "get", path: base + "/workers", name: "listWorkers", summary: "Workers.",
            parameters: ["limit", "cursor"]),
        OpenAPIOperation(
            method: "post", path: base + "/workers", name: "startWorkers", summary: "Starts.",
            body: .json(["segment", "workload", "count", "options"]), status: 201),
        OpenAPIOperation(
            method: "get", path: base + "/workers/{workerId}", name: "getWorker", summary: "One."),
        OpenAPIOperation(
            method: "delete", path: base + "/workers/{workerId}", name: "endWorker", summary: "Ends.", produces: [],
            status: 204),
    ]
}
