import Diagnostics
import HTTPCore

extension Service {
    func openAPI(_ call: Call) throws(Problem) -> Response { .noContent }
}
