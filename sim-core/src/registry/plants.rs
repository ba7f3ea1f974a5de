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
///
/// As an enum it declares bugs that are no part of the catalog, of which one at a time is on: a test that knows its name
/// switches it on.
///
/// ```
/// use sim_core::registry::Launch;
///
/// sim_core::plants! {
///     /// What keeps a token from moving.
///     pub enum Stalling {
///         /// A member keeps the token.
///         Keeps { name: "stall-keeps" }
///         /// A member loses the token.
///         Loses { name: "stall-loses" }
///     }
/// }
///
/// let of = |name: &str| Stalling::of(&Launch { plants: vec![name.to_owned()], ..Launch::default() });
/// assert_eq!(Stalling::NAMES, ["stall-keeps", "stall-loses"]);
/// assert_eq!((of("stall-loses"), of("stall")), (Some(Stalling::Loses), None));
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
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[doc = $doc:literal])+ $variant:ident { name: $text:literal $(,)? } )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl $name {
            /// The names by which they are switched on.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The first one that a launch switches on, if it does.
            pub fn of(launch: &$crate::registry::Launch) -> Option<Self> {
                let on = |name: &str| launch.plants.iter().any(|plant| plant == name);
                $( if on($text) { return Some(Self::$variant); } )+
                None
            }
        }
    };
}
