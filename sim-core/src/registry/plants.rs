//! Bugs that can be switched on, each declared once.

/// Declares the plants of a protocol: a switch for each, and what lists say about it.
///
/// ```
/// use sim_core::registry::Launch;
///
/// sim_core::plants! {
///     /// Which bugs of a token ring are on.
///     pub struct Plants {
///         /// A member that restarts makes a new token.
///         second_token {
///             name: "second-token",
///             id: "T01",
///             breaks: "OneToken",
///             source: "a lecture",
///             witness: "ring-witness-second-token",
///         }
///     }
/// }
///
/// let launch = Launch { plants: vec!["T01".to_owned()], ..Launch::default() };
/// assert!(Plants::of(&launch).second_token);
/// assert_eq!(Plants::ALL[0].about, "A member that restarts makes a new token.");
/// ```
#[macro_export]
macro_rules! plants {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident { name: $text:literal, $($key:ident: $value:literal),+ $(,)? }
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        $vis struct $name {
            $( $(#[doc = $doc])+ pub $field: bool, )+
        }

        impl $name {
            /// What can be switched on.
            pub const ALL: &'static [$crate::registry::Plant] = &[$(
                $crate::registry::Plant {
                    name: $text,
                    about: concat!($($doc),+).trim_ascii(),
                    $( $key: $value, )+
                },
            )+];

            /// Those that a launch switches on, by name or number; the registry has refused unknown ones.
            pub fn of(launch: &$crate::registry::Launch) -> Self {
                let mut known = Self::ALL.iter();
                let mut on = || {
                    let plant = known.next();
                    plant.is_some_and(|plant| launch.plants.iter().any(|name| plant.is_called(name)))
                };
                Self { $( $field: on(), )+ }
            }
        }
    };
}
