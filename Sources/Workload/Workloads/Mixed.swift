import SharedSegments

/// `counter` and `churn`, and now and then the text and the flag.
enum Mixed {
    static func run(_ session: Session) throws(WorkloadError) {
        let churn = Churn(session)
        try session.work { () throws(WorkloadError) in
            switch UInt8.random(in: 0..<10, using: &session.random) {
            case 0..<4: try session.locked { (locked) throws(SegmentError) in _ = try locked.count() }
            case 4..<8: return try churn.step()
            case 8:
                let text = "\(session.me.name) wrote this after \(session.operations) operations"
                try session.locked { (locked) throws(SegmentError) in try locked.setText(text) }
            default:
                let flag = UInt32.random(in: 0...UInt32.max, using: &session.random)
                try session.locked { (locked) throws(SegmentError) in try locked.setFlag(flag) }
            }
            return true
        }
        try churn.close()
    }
}
