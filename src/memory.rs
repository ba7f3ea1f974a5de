//! The memory of a process that makes many runs.

/// A block that counts as large for allocators, and that glibc still lets move its thresholds (it does so up to 32 MiB).
const LARGE: usize = 16 << 20;

/// Makes the allocator keep what a run gives back, since the next run asks for as much again: otherwise a tenth of a
/// short run goes to the operating system's giving pages, taking them away and giving them anew.
///
/// glibc takes the size of a freed large block for what this program calls large: smaller blocks come from the heap from
/// then on, and up to twice as much stays there (mallopt(3), `M_MMAP_THRESHOLD`). The block is never touched, so that it
/// costs nothing. Other allocators do as they like; no result depends on it.
pub fn keep() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}
