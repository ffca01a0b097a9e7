//! [`count_memory!`](crate::count_memory!): how a program has its memory counted.

pub use std::alloc::System;

pub use cap::Cap;

/// Has the memory counted that the program uses, so that what the allocator keeps of players who have
/// left is not taken for scarce (`--memory-max`). A line at the beginning of `main`.
///
/// It makes the system's allocator the global one of the program, with a counter around it.
#[macro_export]
macro_rules! count_memory {
    () => {
        #[global_allocator]
        static TICKWIRE_ALLOCATOR: $crate::memory_macro::Cap<$crate::memory_macro::System> =
            $crate::memory_macro::Cap::new(
                $crate::memory_macro::System,
                ::core::primitive::usize::MAX,
            );
        $crate::set_live_bytes(|| TICKWIRE_ALLOCATOR.allocated());
    };
}
