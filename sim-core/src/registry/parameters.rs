//! The parameters of a protocol, each declared once.
//!
//! [`parameters!`](crate::parameters!) makes of one declaration the field, its default, what lists and documentation say,
//! its JSON Schema, its validation and what a swarm draws. [`choices!`](crate::choices!) does the same for a parameter
//! that is one of a few names, and for the behaviors of traitors.

mod dice;
mod kinds;
mod topology;

use std::ops::{Bound, RangeBounds, RangeFrom};

use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{Knob, ParameterError};
use crate::time::Duration;
use crate::tree::table;

pub use dice::Dice;
pub use kinds::{Parameter, one_of, which};
pub use serde_json::Value;

use kinds::unknown;

/// For a length of time that must not be zero.
pub const ABOVE_ZERO: RangeFrom<Duration> = Duration::from_nanos(1)..;

/// One declared parameter of `T`.
#[derive(Debug)]
pub struct Declared<T> {
    /// What lists say about it.
    pub knob: Knob,
    /// Takes it from what a scenario says.
    pub read: fn(&mut T, &Value) -> Result<(), String>,
    /// Writes it as a scenario would.
    pub write: fn(&T) -> Value,
    /// Its JSON Schema, without default and description.
    pub schema: fn() -> Value,
    /// Why it cannot be used as it is.
    pub refuse: fn(&T) -> Option<String>,
    /// Draws it, where a swarm may: from what was configured, into what was drawn before it, with the dice.
    pub draw: Option<fn(&T, &mut T, &mut Dice<'_>)>,
}

/// The parameters of a protocol, as [`parameters!`](crate::parameters!) declares them.
pub trait ParameterSet: Clone + Default + Send + Sync + 'static {
    /// All of them, for lists.
    const KNOBS: &'static [Knob];

    /// All of them, in the order in which a swarm draws them.
    fn declared() -> Vec<Declared<Self>>;

    /// Reads what stands under `[cluster.<name>]`.
    ///
    /// # Errors
    /// If one is unknown, of the wrong type, out of bounds, or does not go with another one.
    fn read(value: &Value) -> Result<Self, ParameterError> {
        let declared = Self::declared();
        let table = value.as_object().ok_or_else(|| ParameterError {
            path: Vec::new(),
            message: format!("invalid type: {value}, expected a table of parameters"),
        })?;
        let at = |name: &str, message| ParameterError { path: vec![name.to_owned()], message };
        let mut own = Self::default();
        for (name, value) in table {
            let known = declared.iter().find(|parameter| parameter.knob.name == name);
            let known = known.ok_or_else(|| at(name, unknown("field", name, &names(Self::KNOBS))))?;
            (known.read)(&mut own, value).map_err(|message| at(name, message))?;
        }
        let refused = declared
            .iter()
            .find_map(|parameter| (parameter.refuse)(&own).map(|message| at(parameter.knob.name, message)));
        refused.map_or(Ok(own), Err)
    }

    /// All of them, in the form that [`ParameterSet::read`] reads.
    fn write(&self) -> Value {
        let written = |parameter: Declared<Self>| (parameter.knob.name.to_owned(), (parameter.write)(self));
        Value::Object(table(Self::declared().into_iter().map(written).collect()))
    }

    /// The JSON Schema of the table.
    fn schema() -> Value {
        let defaults = Self::default();
        let property = |parameter: Declared<Self>| {
            let mut schema = (parameter.schema)();
            schema["default"] = (parameter.write)(&defaults);
            schema["description"] = parameter.knob.about.into();
            (parameter.knob.name.to_owned(), schema)
        };
        let properties = table(Self::declared().into_iter().map(property).collect());
        json!({ "type": "object", "additionalProperties": false, "properties": properties })
    }

    /// The same protocol as a swarm draws it: other values for those parameters that say from where.
    #[must_use]
    fn drawn(&self, rng: &mut ChaCha8Rng) -> Self {
        let mut dice = Dice::new(rng);
        let mut drawn = self.clone();
        for draw in Self::declared().into_iter().filter_map(|parameter| parameter.draw) {
            draw(self, &mut drawn, &mut dice);
        }
        drawn
    }
}

fn names(knobs: &[Knob]) -> Vec<&'static str> {
    knobs.iter().map(|knob| knob.name).collect()
}

/// Why a value does not lie in a range, if it does not.
pub fn outside<T: Parameter + PartialOrd>(value: &T, range: &impl RangeBounds<T>) -> Option<String> {
    if range.contains(value) {
        return None;
    }
    let below = match range.start_bound() {
        Bound::Included(least) if value < least => Some(least.least()),
        Bound::Excluded(bound) if value <= bound => Some(format!("must be more than {}", bound.text())),
        _ => None,
    };
    let above = || match range.end_bound() {
        Bound::Included(most) => format!("must be at most {}", most.text()),
        Bound::Excluded(bound) => format!("must be less than {}", bound.text()),
        Bound::Unbounded => String::new(),
    };
    Some(below.unwrap_or_else(above))
}

/// The JSON Schema of a value in a range.
pub fn bounded<T: Parameter>(range: &impl RangeBounds<T>) -> Value {
    let mut schema = T::schema();
    if schema["type"] == "integer" {
        if let Bound::Included(least) = range.start_bound() {
            schema["minimum"] = least.write();
        }
        if let Bound::Included(most) = range.end_bound() {
            schema["maximum"] = most.write();
        }
    }
    schema
}

/// A default as it was declared.
///
/// # Panics
/// If it is no value of the type: the declaration is wrong.
pub fn default_of<T: Parameter>(name: &str, written: &Value) -> T {
    T::read(written).unwrap_or_else(|why| panic!("the default of {name} is {written}: {why}"))
}

/// Declares the parameters of a protocol, each once: its description, type and default, and where it has them
///
/// - `in` the range that it must lie in,
/// - `must` a condition that it must meet, which may look at the others, and how to say so,
/// - `forfeits` what is not owed any more when it is set otherwise,
/// - `drawn` how a swarm draws it: from what was configured, what was drawn before it, and dice.
///
/// ```
/// use sim_core::registry::parameters::{ABOVE_ZERO, ParameterSet};
/// use sim_core::time::Duration;
///
/// sim_core::parameters! {
///     /// The settings of a token ring.
///     #[derive(Copy)]
///     pub struct Ring {
///         /// How long a member keeps the token.
///         hold: Duration = "10ms", in ABOVE_ZERO, drawn |own, _, dice| dice.eighths(own.hold, 4..=16);
///         /// How long a member waits for the token.
///         patience: Duration = "1s", must |own| own.patience > own.hold, "must be longer than hold";
///         /// How many tokens there are.
///         tokens: u32 = 1, in 1..=8, forfeits "that one member holds a token at a time";
///     }
/// }
///
/// let ring = Ring::read(&serde_json::json!({ "hold": "20ms" }))?;
/// assert_eq!((ring.hold, ring.tokens), (Duration::from_millis(20), 1));
/// let refused = Ring::read(&serde_json::json!({ "tokens": 0 })).unwrap_err();
/// assert_eq!((refused.path, refused.message.as_str()), (vec!["tokens".to_owned()], "must be at least 1"));
/// # Ok::<(), sim_core::registry::ParameterError>(())
/// ```
#[macro_export]
macro_rules! parameters {
    (@or [] $default:expr) => { $default };
    (@or [$given:expr] $default:expr) => { $given };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident : $type:ty = $default:literal
                $(, in $range:expr)?
                $(, must $rule:expr, $why:literal)*
                $(, forfeits $forfeits:literal)?
                $(, drawn $draw:expr)?
            ;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $vis struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $field: $crate::registry::parameters::default_of(
                        stringify!($field),
                        &$crate::registry::parameters::Value::from($default),
                    ), )*
                }
            }
        }

        impl $crate::registry::parameters::ParameterSet for $name {
            const KNOBS: &'static [$crate::registry::Knob] = &[$(
                $crate::registry::Knob {
                    name: stringify!($field),
                    about: concat!($($doc),+).trim_ascii(),
                    default: stringify!($default),
                    forfeits: $crate::parameters!(@or [$(Some($forfeits))?] None),
                },
            )*];

            fn declared() -> Vec<$crate::registry::parameters::Declared<Self>> {
                #[allow(unused_imports, reason = "not all declarations have ranges or rules")]
                use $crate::registry::parameters::{Declared, Dice, Parameter, bounded, outside};
                #[allow(unused_mut, unused_variables, reason = "there may be no parameters at all")]
                let mut knobs = Self::KNOBS.iter().copied();
                vec![$(
                    Declared {
                        knob: knobs.next().expect("there is one for each"),
                        read: |own: &mut Self, value| {
                            own.$field = Parameter::read(value)?;
                            Ok(())
                        },
                        write: |own: &Self| Parameter::write(&own.$field),
                        schema: || $crate::parameters!(
                            @or [$(bounded::<$type>(&$range))?] <$type as Parameter>::schema()
                        ),
                        refuse: |own: &Self| {
                            let refused: Option<String> = None;
                            $( let refused = refused.or_else(|| outside(&own.$field, &$range)); )?
                            $(
                                let rule: fn(&Self) -> bool = $rule;
                                let refused = refused.or_else(|| (!rule(own)).then(|| $why.to_owned()));
                            )*
                            let _ = own;
                            refused
                        },
                        draw: $crate::parameters!(@or [$(Some(|own: &Self, drawn: &mut Self, dice: &mut Dice<'_>| {
                            let draw: fn(&Self, &Self, &mut Dice<'_>) -> $type = $draw;
                            let value = draw(own, drawn, dice);
                            drawn.$field = value;
                        }))?] None),
                    },
                )*]
            }
        }
    };
}

/// Declares an enum whose variants go by names, each with a description: a parameter that is one of a few names, or what
/// traitors can do.
///
/// ```
/// use sim_core::registry::parameters::Parameter;
///
/// sim_core::choices! {
///     /// Which way a token goes.
///     pub enum Way {
///         /// To the next higher number.
///         Up = "up",
///         /// To the next lower number.
///         Down = "down",
///     }
/// }
///
/// assert_eq!((Way::find("down"), Way::Up.name()), (Some(Way::Down), "up"));
/// assert_eq!(Way::NAMED[0].about, "To the next higher number.");
/// assert_eq!(Way::schema(), serde_json::json!({ "enum": ["up", "down"] }));
/// ```
#[macro_export]
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[doc = $doc:literal])+ $variant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $vis enum $name {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl $name {
            /// Every one of them, in the order of [`Self::NAMED`].
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Their names and what they mean.
            pub const NAMED: &'static [$crate::registry::Named] = &[$(
                $crate::registry::Named { name: $text, about: concat!($($doc),+).trim_ascii() }
            ),+];

            /// How a scenario names it.
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $text, )+
                }
            }

            /// The one of a name.
            pub fn find(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }

        impl $crate::registry::parameters::Parameter for $name {
            fn schema() -> $crate::registry::parameters::Value {
                $crate::registry::parameters::one_of(Self::NAMED)
            }
            fn read(value: &$crate::registry::parameters::Value) -> Result<Self, String> {
                let index = $crate::registry::parameters::which(value, Self::NAMED)?;
                Ok(Self::ALL[index])
            }
            fn write(&self) -> $crate::registry::parameters::Value {
                self.name().into()
            }
        }
    };
}
