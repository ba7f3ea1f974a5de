//! Real bugs, each one switch at one hook of the clean code. All are off unless asked for.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// An announced payload that does not come is never asked for.
        never_grafts {
            name: "never-grafts",
            id: "G31",
            breaks: "progress",
            source: "Plumtree, section 3.5: without the timers of algorithm 2 the tree is never repaired",
            witness: "plumtree-witness-never-grafts",
        }
        /// Who is pruned is taken from the eager links and not added to the lazy ones: it is not announced anything.
        pruned_is_forgotten {
            name: "pruned-is-forgotten",
            id: "G32",
            breaks: "plumtree/announcement",
            source: "Plumtree, section 3.4: a pruned link must stay as a lazy one",
            witness: "plumtree-witness-pruned-is-forgotten",
        }
        /// Who is dropped from a full active view is not told so.
        silent_eviction {
            name: "silent-eviction",
            id: "G33",
            breaks: "plumtree/eviction",
            source: "HyParView, section 4.3: active views are symmetric because of the disconnect notification",
            witness: "plumtree-witness-silent-eviction",
        }
        /// A request of high priority is granted without making room.
        no_room_made {
            name: "no-room-made",
            id: "G34",
            breaks: "plumtree/active-view",
            source: "HyParView, section 4.2: a member with a full active view drops one before it adds another",
            witness: "plumtree-witness-no-room-made",
        }
    }
}
