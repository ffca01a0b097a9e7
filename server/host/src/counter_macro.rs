//! Counters of one owner, declared once: a struct of numbers that can be added up and listed by
//! name, so that none is forgotten where they are summed or shown.

/// Declares a struct of `u64` counters.
macro_rules! counters {
    ($(#[$about:meta])* pub struct $name:ident { $($(#[$doc:meta])* $field:ident,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$doc])* pub $field: u64,)+
        }

        impl $name {
            /// How many there are.
            pub const COUNT: usize = [$(stringify!($field)),+].len();

            /// All of them with their names.
            #[must_use]
            pub fn named(&self) -> [(&'static str, u64); $name::COUNT] {
                [$((stringify!($field), self.$field)),+]
            }
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, more: $name) {
                $(self.$field += more.$field;)+
            }
        }
    };
}

pub(crate) use counters;
