//! Neutral operations in the store's words.

use sim_core::digest::hash_words;
use sim_core::operation::{Answer, Operation, Reply, Service};

use super::vocabulary::{Store, StoreRequest, StoreResponse};

/// Keys that are read, written and deleted. Workloads know no delete: some of a hundred writes are one, decided by their values.
#[derive(Clone, Copy, Debug)]
pub struct KeyService {
    /// How many of a hundred writes are deletes.
    pub delete_percent: u32,
}

impl Service<Store> for KeyService {
    fn encode(&self, operation: &Operation) -> Option<StoreRequest> {
        match *operation {
            Operation::Read { key } => Some(StoreRequest::Get { key }),
            Operation::Write { key, value } => {
                let deletes = hash_words(&[value]) % 100 < u64::from(self.delete_percent);
                Some(if deletes { StoreRequest::Delete { key } } else { StoreRequest::Put { key, value } })
            }
            _ => None,
        }
    }

    /// There is no total order to have a position in.
    fn decode(&self, _: &Operation, response: &StoreResponse) -> Answer {
        let reply = match *response {
            StoreResponse::Done { .. } => Reply::Done,
            StoreResponse::Unknown => Reply::Unknown,
            StoreResponse::Read { record, .. } => Reply::Value(record.and_then(|record| record.value)),
        };
        Answer { reply, position: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_a_hundred_writes_are_deletes() {
        let deletes = |delete_percent| {
            let service = KeyService { delete_percent };
            let encode = |value| service.encode(&Operation::Write { key: 1, value });
            (0..1_000).filter(|value| encode(*value) == Some(StoreRequest::Delete { key: 1 })).count()
        };
        assert_eq!((deletes(0), deletes(100)), (0, 1_000));
        assert!((150..250).contains(&deletes(20)), "{}", deletes(20));
        assert_eq!(KeyService { delete_percent: 0 }.encode(&Operation::ReadList { key: 1 }), None);
    }
}
