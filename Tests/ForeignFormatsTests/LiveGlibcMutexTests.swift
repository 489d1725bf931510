#if canImport(Glibc)
    import CShmlens
    import ForeignFormats
    import Glibc
    import Testing

    /// The decoder against the library itself.
    @Suite struct LiveGlibcMutexTests {
        private static let mutexBytes = 40

        /// A robust, process-shared, error-checking mutex in memory of its own, alive during `body`.
        private func withMutex(_ body: (UnsafeMutablePointer<pthread_mutex_t>) throws -> Void) rethrows {
            let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
            defer { unsafe mutex.deallocate() }
            var attributes = pthread_mutexattr_t()
            unsafe pthread_mutexattr_init(&attributes)
            unsafe pthread_mutexattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
            unsafe pthread_mutexattr_setrobust(&attributes, Int32(PTHREAD_MUTEX_ROBUST))
            unsafe pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ERRORCHECK))
            unsafe pthread_mutex_init(mutex, &attributes)
            try unsafe body(mutex)
        }

        private func decode(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) throws -> GlibcMutex {
            let bytes = unsafe Array(UnsafeRawBufferPointer(start: mutex, count: Self.mutexBytes))
            return try #require(GlibcMutex(bytes))
        }

        /// Locks on a thread that ends without unlocking.
        private func abandon(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
            var thread = pthread_t()
            unsafe pthread_create(
                &thread, nil,
                { argument in
                    if let mutex = unsafe argument?.assumingMemoryBound(to: pthread_mutex_t.self) {
                        unsafe pthread_mutex_lock(mutex)
                    }
                    return nil
                }, mutex)
            pthread_join(thread, nil)
        }

        @Test func `free, held, abandoned, inherited and given back unrepaired are told apart`() throws {
            try unsafe withMutex { mutex in
                let made = try unsafe decode(mutex)
                #expect(made.state == .free)
                #expect(made.type == .errorCheck && made.robust && made.processShared)

                unsafe #expect(pthread_mutex_lock(mutex) == 0)
                let tid = UInt32(shmlens_gettid())
                #expect(try unsafe decode(mutex).state == .held(tid: tid))
                unsafe #expect(pthread_mutex_unlock(mutex) == 0)
                #expect(try unsafe decode(mutex).state == .free)

                unsafe abandon(mutex)
                #expect(try unsafe decode(mutex).state == .ownerDied)
                unsafe #expect(pthread_mutex_lock(mutex) == EOWNERDEAD)
                let inherited = try unsafe decode(mutex)
                #expect(inherited.state == .held(tid: tid))
                #expect(inherited.isInconsistent)

                unsafe #expect(pthread_mutex_unlock(mutex) == 0)
                #expect(try unsafe decode(mutex).state == .notRecoverable)
                unsafe #expect(pthread_mutex_destroy(mutex) == 0)
                #expect(try unsafe decode(mutex).state == .destroyed)
            }
        }
    }
#endif
