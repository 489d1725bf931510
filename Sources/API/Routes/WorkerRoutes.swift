import HTTPCore

extension Service {
    static let workerRoutes: [Route<Endpoint>] = []
}
