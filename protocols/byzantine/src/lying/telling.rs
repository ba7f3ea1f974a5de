//! How lies are told in every protocol here: one message at a time.
//!
//! A lie takes a message that the honest code of a corrupt slot would send, and says something else in its place, or besides. A
//! protocol lists its lies with [`lies!`](crate::lying::lies), and its coalition is told through [`ByMessage`].

use sim_core::coalition::habits::{Lies, Telling, take_sends};
use sim_core::coalition::{CoalitionContext, Overheard};
use sim_core::identity::{NodeId, Slot};
use sim_core::process::{Effects, Protocol};

/// What traitors of a protocol can do to its coalition.
pub type Cx<'a, 'b, P> = &'a mut CoalitionContext<'b, P>;

/// A lie that is being told, and to whom.
#[derive(Clone, Copy)]
pub struct Lie<'a, P: Protocol> {
    /// Its name in the protocol's list of behaviors.
    pub name: &'static str,
    /// Which slot tells it.
    pub slot: Slot,
    /// In how many ways, where there are several.
    pub ways: usize,
    /// The honest members, in order.
    pub honest: &'a [NodeId],
    /// What the coalition has heard.
    pub heard: &'a Overheard<P>,
    /// Who would be sent the message.
    pub to: &'a [NodeId],
}

impl<'a, P: Protocol> Lie<'a, P> {
    const fn new(telling: &Telling<'a, P>, ways: usize, to: &'a [NodeId]) -> Self {
        Self { name: telling.lie, slot: telling.slot, ways, honest: telling.honest, heard: telling.heard, to }
    }
}

/// The lies of a protocol, as `lies!` lists them.
pub trait Tells<P: Protocol>: Hears<P> {
    /// Tells a lie in place of a message; whether the message itself goes out as well.
    fn tell(&mut self, lie: &Lie<'_, P>, message: &P::Message, cx: Cx<'_, '_, P>) -> bool;
}

/// What else a coalition does than to lie about one message.
pub trait Hears<P: Protocol> {
    /// Takes note of what was heard since.
    fn note(&mut self, _telling: &Telling<'_, P>) {}

    /// Goes on with what it began earlier, before it looks at what a slot would send.
    fn go_on(&mut self, _telling: &Telling<'_, P>, _cx: Cx<'_, '_, P>) {}

    /// A wake-up that a lie asked for.
    fn wake(&mut self, _token: u64, _cx: Cx<'_, '_, P>) {}
}

/// A coalition that lies about one message at a time.
#[derive(Debug)]
pub struct ByMessage<T>(pub T);

impl<P: Protocol, T: Tells<P>> Lies<P> for ByMessage<T> {
    fn lie(
        &mut self,
        telling: &Telling<'_, P>,
        _: Option<NodeId>,
        effects: &mut Effects<P>,
        cx: &mut CoalitionContext<'_, P>,
    ) {
        self.0.note(telling);
        self.0.go_on(telling, cx);
        for (to, message) in take_sends(effects) {
            if self.0.tell(&Lie::new(telling, 2, &to), &message, cx) {
                effects.push_send(to, message);
            }
        }
    }

    fn instead(
        &mut self,
        telling: &Telling<'_, P>,
        ways: u32,
        to: &[NodeId],
        message: &P::Message,
        cx: &mut CoalitionContext<'_, P>,
    ) -> bool {
        self.0.note(telling);
        self.0.tell(&Lie::new(telling, ways.max(2) as usize, to), message, cx)
    }

    fn wake(&mut self, token: u64, cx: &mut CoalitionContext<'_, P>) {
        self.0.wake(token, cx);
    }
}

/// Lists the lies of a protocol: what they are, their names, and what tells them. Declares a constant for each, `BEHAVIORS` with
/// those of every protocol besides, and how `Traitors` tell them.
macro_rules! lies {
    ($protocol:ty; $( $(#[doc = $doc:literal])+ $name:ident = $text:literal => $told:path; )*) => {
        $(
            $(#[doc = $doc])+
            const $name: sim_core::registry::Named =
                sim_core::registry::Named { name: $text, about: concat!($($doc),+).trim_ascii() };
        )*

        /// What traitors do.
        pub const BEHAVIORS: &[sim_core::registry::Named] = {
            use sim_core::coalition::habits::{MUTATE, RANDOM, REPLAY, SILENT, WITHHOLD};
            &[SILENT, WITHHOLD, REPLAY, $( $name, )* MUTATE, RANDOM]
        };

        impl $crate::lying::Tells<$protocol> for Traitors {
            fn tell(
                &mut self,
                lie: &$crate::lying::Lie<'_, $protocol>,
                message: &<$protocol as sim_core::process::Protocol>::Message,
                cx: $crate::lying::Cx<'_, '_, $protocol>,
            ) -> bool {
                match lie.name {
                    $( $text => $told(self, lie, message, cx), )*
                    _ => true,
                }
            }
        }
    };
}

pub(crate) use lies;
