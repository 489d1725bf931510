import Diagnostics
import Encoding
import Observations
import SegmentFormat
import TestSupport
import Testing

/// A golden text without the line breaks and the indentation that make it readable here.
func flat(_ golden: String) -> String {
    golden.split(separator: "\n").map { $0.drop { $0 == " " } }.joined()
}

/// The names, the order and the spelling of everything that an answer holds. What changes here changes for clients.
@Suite struct ModelJSONTests {
    private func text(_ value: some JSONEncodable) -> String {
        String(decoding: value.jsonBytes(), as: UTF8.self)
    }

    @Test func `a segment in a list, with all that can be known`() {
        #expect(
            text(ModelSamples.summary) == flat(
                #"""
                {"id":"posix:torch_1@4026532288","kind":"posix","name":"torch_�","nameBase64":"dG9yY2hf/w==",
                "managed":true,"deleted":false,"sizeBytes":8192,"residentBytes":4096,"swappedBytes":1024,
                "mode":"0640","uid":1000,"gid":100,"user":"ada","group":"users","mapperCount":2,"attachCount":3,
                "openCount":4,"creatorPid":811,"lastPid":812,"seals":["shrink","grow"],"inode":77,"device":"0:25",
                "createdAt":"2026-07-14T12:00:00.000Z",
                "changedAt":"2026-07-14T11:59:59.999Z","attachedAt":"2026-07-14T12:00:00.000Z",
                "detachedAt":"2026-07-14T12:00:00.000Z","orphaned":true,
                "orphanedSince":"2026-07-14T12:00:00.000Z","family":"torch_*",
                "findings":[{"code":"damaged","severity":"error","message":"changes are refused","offset":1232},
                {"code":"large","severity":"info","message":"it is large"}]}
                """#))
    }

    @Test func `a segment of which little is known`() {
        #expect(
            text(ModelSamples.bareSummary) == flat(
                #"""
                {"id":"deleted:0:25:9","kind":"posix","name":"x","managed":false,"deleted":true,"sizeBytes":0,
                "residentBytes":0,"mode":"0000","uid":0,"gid":0,"mapperCount":null,"orphaned":false,
                "findings":[]}
                """#))
    }

    @Test func `a managed segment in full, with how it was seen`() {
        #expect(
            text(Answer(ModelSamples.detail, ModelSamples.envelope)) == flat(
                #"""
                {"id":"posix:torch_1@4026532288","kind":"posix","name":"torch_�","nameBase64":"dG9yY2hf/w==",
                "managed":true,"deleted":false,"sizeBytes":8192,"residentBytes":4096,"swappedBytes":1024,
                "mode":"0640","uid":1000,"gid":100,"user":"ada","group":"users","mapperCount":2,"attachCount":3,
                "openCount":4,"creatorPid":811,"lastPid":812,"seals":["shrink","grow"],"inode":77,"device":"0:25",
                "createdAt":"2026-07-14T12:00:00.000Z",
                "changedAt":"2026-07-14T11:59:59.999Z","attachedAt":"2026-07-14T12:00:00.000Z",
                "detachedAt":"2026-07-14T12:00:00.000Z","orphaned":true,
                "orphanedSince":"2026-07-14T12:00:00.000Z","family":"torch_*",
                "findings":[{"code":"damaged","severity":"error","message":"changes are refused","offset":1232},
                {"code":"large","severity":"info","message":"it is large"}],
                "header":{"uuid":"01020304-0000-0000-0000-000000000000","formatVersion":1,
                "architecture":"x86_64","libc":"glibc 2.36","createdAt":"2026-07-14T12:00:00.000Z",
                "creator":{"pid":4710,"uid":1000,"name":"maker"},"counter":7,"text":"alpha: 7","flag":1,
                "damaged":true},"lock":{"offset":256,"type":"mutex","label":"lock","state":"ownerDead",
                "recoverable":true,"owner":{"pid":4711,"tid":4711,"command":"alpha","alive":false,
                "threadState":"dead","heldForMilliseconds":2000},
                "mutexType":"errorCheck","robust":true,"processShared":true,"protocol":"none",
                "waiters":[{"pid":4712,"tid":4713,
                "command":"beta","threadState":"unknown","waitingForMilliseconds":1500}],
                "evidence":["header"],"verdict":"ownerDead",
                "message":"alpha (4711) died with the lock: the next to take it repairs what was half done","statistics":{"acquisitions":12,"contended":0,
                "ownerDeaths":0,"sampled":0,"waitHistogram":[{"upToNanoseconds":1,"count":0},
                {"upToNanoseconds":2,"count":2}],"holdHistogram":[{"upToNanoseconds":1,"count":1}]}},
                "heap":{"capacityBytes":4096,"usedBytes":192,"freeBytes":3904,"largestFreeBytes":3776,
                "highWaterBytes":256,"usedBlockCount":2,"freeBlockCount":3,"fragmentation":0.032786885245901676,
                "policy":"bestFit","sizeHistogram":[{"upToBytes":64,"count":1},{"upToBytes":128,"count":1}],
                "byOwner":[{"owner":{"slot":1,"generation":1,"pid":4711,"name":"alpha","alive":true},
                "blockCount":1,"sizeBytes":104},{"owner":{"slot":9,"generation":3,"pid":null,"name":null,
                "alive":false},"blockCount":1,"sizeBytes":40}],"byTag":[{"tag":"red","blockCount":1,
                "sizeBytes":104},{"tag":null,"blockCount":1,"sizeBytes":40}]},"participantCount":2,
                "protection":[{"offset":4096,"length":8192,"access":"read","locked":"onFault"}],
                "takenAt":"2026-07-14T12:00:00.000Z","ageMilliseconds":3,"consistency":"rolledBack",
                "hidden":[{"what":"maps of processes","count":2,"needs":"CAP_SYS_PTRACE"}]}
                """#))
    }

    @Test func `the lock and the conditions`() {
        #expect(
            text(LocksReport(locks: ModelSamples.locks(word: 4711))) == flat(
                #"""
                {"locks":[{"offset":256,"type":"mutex","label":"lock","state":"held","owner":{"pid":4711,
                "tid":4711,"command":"alpha","alive":"unknown","threadState":"unknown",
                "heldForMilliseconds":2000},"mutexType":"errorCheck","robust":true,
                "processShared":true,"protocol":"none","waiters":[{"pid":4712,"tid":4713,"command":"beta",
                "threadState":"unknown","waitingForMilliseconds":1500}],"evidence":["header"],"verdict":"ambiguous",
                "message":"who holds the lock cannot be told from here","statistics":{"acquisitions":12,"contended":0,"ownerDeaths":0,"sampled":0,
                "waitHistogram":[{"upToNanoseconds":1,"count":0},{"upToNanoseconds":2,"count":2}],
                "holdHistogram":[{"upToNanoseconds":1,"count":1}]}},{"offset":1088,"type":"condition",
                "label":"condition","state":"idle","processShared":true,"waiters":[],"evidence":["header"],
                "verdict":"ok"},{"offset":1152,"type":"condition","label":"classic condition","state":"idle",
                "processShared":true,"waiters":[],"evidence":["header"],"verdict":"ok"}]}
                """#))
    }

    @Test func `the waits of a host`() {
        #expect(
            text(ModelSamples.hostLocks) == flat(
                #"""
                {"threadCount":9,"waitingCount":3,"movingCount":1,"nodes":[{"id":"lock:posix:ring:64","kind":"lock",
                "segment":"posix:ring","offset":64,"type":"mutex","state":"held","owner":{"pid":2,"tid":2,
                "command":"b","alive":true,"threadState":"sleeping","heldForMilliseconds":40,
                "sleepsIn":{"call":"read","descriptor":5,"target":"pipe:[9]"}},"waiterCount":1,
                "evidence":["waiter"],"verdict":"deadlock","message":"2 threads wait for one another: a (1) waits for the mutex at 64 of ri
                ng, b (2) waits for the mutex at 128 of ring","advice":"none has to be ended: b (2) gives up by itself, f
                or its wait has a limit"},{"id":"lock:posix:ring:128","kind":"lock",
                "segment":"posix:ring","offset":128,"type":"mutex","state":"held","owner":{"pid":1,"tid":1,
                "command":"a","alive":true,"threadState":"sleeping"},"waiterCount":1,
                "evidence":["waiter"],"verdict":"deadlock","message":"2 threads wait for one another: a (1) waits for the mutex at 64 of ri
                ng, b (2) waits for the mutex at 128 of ring","advice":"none has to be ended: b (2) gives up by itself, f
                or its wait has a limit"},{"id":"lock:sysvsem:5:2","kind":"lock","segment":"sysvsem:5","index":2,
                "type":"sysvSemaphore","label":"label","state":"empty","recoverable":false,"ownerCandidates":[{"pid":8,"tid":8,
                "command":null,"alive":true,"threadState":"waiting","sleepsIn":{"call":"futex"}}],"mutexType":"normal","robust":true,"processShared":true,
                "protocol":"inherit","value":0,"waiterCount":1,"evidence":["waiter","robustList"],
                "verdict":"ambiguous","message":"why","caveats":["perhaps"]},
                {"id":"thread:1:1","kind":"thread","pid":1,"tid":1,"command":"a","threadState":"sleeping"},
                {"id":"thread:2:2","kind":"thread","pid":2,"tid":2,"command":"b","threadState":"sleeping"},
                {"id":"thread:3:4","kind":"thread","pid":3,"tid":4,"command":null,"threadState":"sleeping"},
                {"id":"thread:8:8","kind":"thread","pid":8,"tid":8,"command":null,"threadState":"waiting","sleepsIn":{"call":"futex"}}],
                "edges":[{"from":"thread:1:1","to":"lock:posix:ring:64","relation":"waitsFor","waitingForMilliseconds":30,
                "timed":false},{"from":"lock:posix:ring:64","to":"thread:2:2","relation":"heldBy","heldForMilliseconds":40},
                {"from":"thread:2:2","to":"lock:posix:ring:128","relation":"waitsFor","waitingForMilliseconds":20,"timed":true},
                {"from":"lock:posix:ring:128","to":"thread:1:1","relation":"heldBy"},
                {"from":"thread:3:4","to":"lock:sysvsem:5:2","relation":"waitsFor"},
                {"from":"lock:sysvsem:5:2","to":"thread:8:8","relation":"heldBy"}],
                "deadlocks":[{"threads":[{"pid":1,"tid":1,"command":"a"},{"pid":2,"tid":2,"command":"b"}],
                "locks":[{"segment":"posix:ring","offset":64},{"segment":"posix:ring","offset":128}],"victims":[],
                "message":"2 threads wait for one another: a (1) waits for the mutex at 64 of ri
                ng, b (2) waits for the mutex at 128 of ring","advice":"none has to be ended: b (2) gives up by itself, f
                or its wait has a limit"}],"verdicts":[{"verdict":"deadlock","severity":"error",
                "segment":"posix:ring","offset":64,"type":"mutex","message":"2 threads wait for one another: a (1) waits for the mutex at 64 of ri
                ng, b (2) waits for the mutex at 128 of ring","advice":"none has to be ended: b (2) gives up by itself, f
                or its wait has a limit","threads":[{"pid":1,"tid":1,"command":"a"}]},{"verdict":"deadlock","severity":"error",
                "segment":"posix:ring","offset":128,"type":"mutex","message":"2 threads wait for one another: a (1) waits for the mutex at 64 of ri
                ng, b (2) waits for the mutex at 128 of ring","advice":"none has to be ended: b (2) gives up by itself, f
                or its wait has a limit","threads":[{"pid":2,"tid":2,"command":"b"}]},
                {"verdict":"ambiguous","severity":"warning","segment":"sysvsem:5","index":2,"type":"sysvSemaphore","message":"why",
                "threads":[{"pid":3,"tid":4,"command":null}]}]}
                """#))
    }

    @Test func `a heap`() {
        #expect(
            text(ModelSamples.heap) == flat(
                #"""
                {"capacityBytes":4096,"usedBytes":192,"freeBytes":3904,"largestFreeBytes":3776,
                "highWaterBytes":256,"usedBlockCount":2,"freeBlockCount":3,"fragmentation":0.032786885245901676,
                "policy":"bestFit","sizeHistogram":[{"upToBytes":64,"count":1},{"upToBytes":128,"count":1}],
                "byOwner":[{"owner":{"slot":1,"generation":1,"pid":4711,"name":"alpha","alive":true},
                "blockCount":1,"sizeBytes":104},{"owner":{"slot":9,"generation":3,"pid":null,"name":null,
                "alive":false},"blockCount":1,"sizeBytes":40}],"byTag":[{"tag":"red","blockCount":1,
                "sizeBytes":104},{"tag":null,"blockCount":1,"sizeBytes":40}]}
                """#))
    }

    @Test func `blocks, free and used, and where the list goes on`() throws {
        #expect(
            try text(ModelSamples.blocks(limit: 3)) == flat(
                #"""
                {"sequence":8,"blocks":[{"offset":28672,"sizeBytes":64,"spanOffset":28672,"spanBytes":64,
                "state":"free","sequence":null},{"offset":28752,"sizeBytes":104,"spanOffset":28736,
                "spanBytes":128,"state":"used","owner":{"slot":1,"generation":1,"pid":4711,"name":"alpha",
                "alive":true},"tag":"red","sequence":5,"allocatedAt":"2023-11-14T22:13:20.000Z"},
                {"offset":28864,"sizeBytes":64,"spanOffset":28864,"spanBytes":64,"state":"free",
                "sequence":null}],"next":"AgAAAAAAAABxAA"}
                """#))
    }

    @Test func `buckets`() throws {
        #expect(
            try text(ModelSamples.buckets()) == flat(
                #"""
                {"buckets":[{"offset":28672,"sizeBytes":2048,"usedBytes":192,"freeBytes":1856,"blockCount":2,
                "largestFreeBytes":1728,"orphanedBytes":64,"mainOwner":{"slot":1,"generation":1,"pid":4711,"name":"alpha",
                "alive":true},"mainTag":"red","newestAt":"2023-11-14T22:13:20.000Z"},{"offset":30720,"sizeBytes":2048,
                "usedBytes":0,"freeBytes":2048,"blockCount":0,"largestFreeBytes":2048,"orphanedBytes":0}]}
                """#))
    }

    @Test func `participants`() throws {
        #expect(
            try text(ModelSamples.participants()) == flat(
                #"""
                {"participants":[{"slot":1,"generation":1,"pid":4711,"startedAt":"2026-07-14T11:43:25.000Z",
                "name":"alpha","alive":true,"heartbeatAt":null,"operations":{"allocate":0,"resize":0,"free":0,
                "reclaim":0,"count":0,"write":0,"flag":0,"lock":0},"blockCount":1,"sizeBytes":104},{"slot":2,
                "generation":1,"pid":4712,"startedAt":"2026-07-14T11:58:20.000Z","name":"beta",
                "alive":"unknown","heartbeatAt":"2026-07-14T11:59:59.000Z",
                "waitingSince":"2026-07-14T11:59:58.500Z","operations":{"allocate":1,"resize":2,"free":3,
                "reclaim":4,"count":5,"write":6,"flag":7,"lock":8},"blockCount":0,"sizeBytes":0}]}
                """#))
    }

    @Test func `a page of participants`() throws {
        #expect(
            try text(ModelSamples.participants(limit: 1)) == flat(
                #"""
                {"participants":[{"slot":1,"generation":1,"pid":4711,"startedAt":"2026-07-14T11:43:25.000Z",
                "name":"alpha","alive":true,"heartbeatAt":null,"operations":{"allocate":0,"resize":0,"free":0,
                "reclaim":0,"count":0,"write":0,"flag":0,"lock":0},"blockCount":1,"sizeBytes":104}],
                "next":"AwEABHNsb3QAAAAAAAAAAAEAgAAAAAAAAAEBAAAAAAAAAAAAAAE"}
                """#))
    }

    @Test func `events, one of a write that was cut short and one of a later version`() {
        #expect(
            text(ModelSamples.events) == flat(
                #"""
                {"events":[{"sequence":6,"at":"2026-07-14T12:00:00.000Z","kind":"write","owner":{"slot":1,
                "generation":1,"pid":4711,"name":"alpha","alive":true},"tag":"red","offset":9000,"sizeBytes":50,
                "oldOffset":8000,"oldSizeBytes":40,"ended":false},{"sequence":7,"at":"1970-01-01T00:00:00.000Z",
                "kind":"unknown","owner":{"slot":0,"generation":0,"pid":0,"name":"external","alive":true}}],
                "lost":4,"next":"BAAAAAAAAAAABw"}
                """#))
    }

    @Test func `the status`() {
        #expect(
            text(ModelSamples.status) == flat(
                #"""
                {"version":"1.0.0","pid":1,"startedAt":"2026-07-14T12:00:00.000Z","uptimeMilliseconds":12,
                "listen":"127.0.0.1:8080","limits":{"bodyBytes":1024},"host":{"sharedBytes":5,
                "tmpfs":[{"path":"/dev/shm","sizeBytes":9,"usedBytes":8,"promisedBytes":7}]},
                "segments":{"posix":2,"semaphore":0,"sysv":0,"sysvSemaphore":0,"memfd":1,"anonymous":0,
                "file":0},"requests":{"total":6,"refusedByParser":1},"findings":[{"code":"promised",
                "severity":"warning","message":"too much"}]}
                """#))
    }

    @Test func `a worker with every option`() {
        #expect(
            text(ModelSamples.worker) == flat(
                #"""
                {"workerId":1,"pid":4711,"segment":"posix:shmlens-demo","workload":"falsesharing",
                "options":{"operations":250000,"ratePerSecond":1000.0,"seed":42,"durationMilliseconds":60000,
                "holdMilliseconds":5,"step":3,"offset":8192,"length":4096,"access":"read","padding":"both",
                "primitive":"futex"},"state":"exited","exitStatus":0,"operations":250000,
                "startedAt":"2026-07-14T12:00:00.000Z","ranForMilliseconds":12,"result":{"packedPerSecond":2.0,
                "paddedPerSecond":9.0,"ratio":4.5}}
                """#))
    }

    @Test func `a worker that was killed`() {
        #expect(
            text(ModelSamples.killedWorker) == flat(
                #"""
                {"workerId":2,"pid":4712,"segment":"memfd:9","workload":"pingpong","options":{},
                "state":"killed","signal":"SIGKILL","operations":0,"startedAt":"2026-07-14T12:00:00.000Z",
                "ranForMilliseconds":0,"result":{"roundTrips":10,"perSecond":0.5},"message":"the segment is gone"}
                """#))
    }

    @Test func `a check, and what it left out beside what was hidden before`() {
        #expect(
            text(Answer(ModelSamples.verify, ModelSamples.bareEnvelope)) == flat(
                #"""
                {"blocksChecked":3,"bytesChecked":4096,"findings":[{"code":"guard","offset":9000,
                "message":"overrun"},{"code":"header","offset":null,"message":"gone"}],
                "takenAt":"2026-07-14T12:00:00.000Z","ageMilliseconds":0,"hidden":[{"what":"findings","count":2,
                "needs":"the first ones to be mended"}]}
                """#))
    }

    @Test func `somebody else's layout`() {
        #expect(
            text(LayoutReport(objectBytes: 7)) == flat(
                #"""
                {"regions":[{"name":"object","offset":0,"sizeBytes":7}]}
                """#))
    }

    @Test func `a header's fields, each in its form`() throws {
        let fields = try #require(
            LayoutReport(layout: ModelSamples.layout, header: ModelSamples.headerBytes.image).regions.first?.fields)
        func field(_ name: String) throws -> String {
            text(try #require(fields.first { $0.name == name }))
        }
        #expect(
            try field("magic") == #"{"name":"magic","type":"char[8]","offset":0,"sizeBytes":8,"value":"SHMLENS"}"#)
        #expect(try field("counter").hasSuffix(#""type":"uint64_t","offset":1216,"sizeBytes":8,"value":7}"#))
        #expect(try field("damaged").hasSuffix(#""value":"0x1"}"#))
        #expect(try field("uuid").hasSuffix(#""value":"01020304000000000000000000000000"}"#))
        #expect(try field("created_at_ns").hasSuffix(#""value":"2026-07-14T12:00:00.000Z"}"#))
        #expect(try field("wait_histogram").hasSuffix(",0,0,0]}"))
        #expect(try field("journal").hasSuffix(#""value":null}"#))
    }

    @Test func `the longest times have no upper end`() {
        #expect(text(TimeCount(upToNanoseconds: nil, count: 5)) == #"{"upToNanoseconds":null,"count":5}"#)
    }

    @Test func `a problem, with and without a field`() {
        #expect(
            text(Problem.unprocessable("sizeBytes: must not be 0", field: "sizeBytes")) == flat(
                #"""
                {"title":"Unprocessable Content","status":422,"detail":"sizeBytes: must not be 0",
                "field":"sizeBytes"}
                """#))
        #expect(text(Problem.notFound("gone")) == #"{"title":"Not Found","status":404,"detail":"gone"}"#)
    }

    @Test(arguments: [
        (Int64(-1), "1969-12-31T23:59:59.999Z"), (0, "1970-01-01T00:00:00.000Z"), (999_999, "1970-01-01T00:00:00.000Z"),
        (.max, "2262-04-11T23:47:16.854Z"), (.min, "1677-09-21T00:12:43.145Z"),
    ])
    func `times are cut to milliseconds, also those before 1970`(nanoseconds: Int64, expected: String) {
        let envelope = Envelope(takenAt: WallTime(nanoseconds: nanoseconds), ageMilliseconds: 0)
        #expect(text(envelope) == #"{"takenAt":"\#(expected)","ageMilliseconds":0,"hidden":[]}"#)
    }

    @Test func `a long list is written in one go or in pieces alike`() throws {
        let picture = HeapPicture.random(poolBytes: 1 << 20, owners: [.external], seed: 1)
        let report = try BlocksReport(
            picture: picture, owners: ModelSamples.directory, page: PageRequest(limit: 10_000))
        #expect(report.blocks.count > 2000)
        var writer = JSONWriter()
        var pieces: [UInt8] = []
        writer.beginObject()
        writer.field("sequence", report.sequence)
        writer.key("blocks")
        writer.beginArray()
        for block in report.blocks {
            writer.value(block)
            if writer.byteCount > 4096 { pieces += writer.takeBytes() }
        }
        writer.endArray()
        writer.endObject()
        pieces += writer.finish()
        #expect(pieces == report.jsonBytes())
    }
}
