//! Who members are to the crate, and how its packets are written.
//!
//! An identity is an address, how often the process was started there, and how often the crate has renewed it since. A process
//! keeps the first number on its disk, so that whoever restarts is somebody later than before; the crate raises the second one
//! itself when it hears that it was declared down.

use bytes::{Buf, BufMut};
use foca::{Codec, Header, Incarnation, Member, Message, ProbeNumber, State};
use seedstorm::sim_core::facts;
use seedstorm::sim_core::identity::NodeId;

facts! {
    /// One member in one life of it.
    #[derive(Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Identity {
        /// Its address.
        pub node: NodeId,
        /// How often it was started, this time included; 0 for an address of which nothing else is known.
        pub boot: u32,
        /// How often the crate renewed it since.
        pub renewal: u32,
    }
}

impl Identity {
    /// An address of which nothing else is known.
    pub const fn address(node: NodeId) -> Self {
        Self { node, boot: 0, renewal: 0 }
    }

    /// A member at its n-th start.
    pub const fn started(node: NodeId, boot: u32) -> Self {
        Self { node, boot, renewal: 0 }
    }
}

impl foca::Identity for Identity {
    type Addr = NodeId;

    fn renew(&self) -> Option<Self> {
        Some(Self { renewal: self.renewal.checked_add(1)?, ..*self })
    }

    fn addr(&self) -> NodeId {
        self.node
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self > adversary
    }
}

/// A packet that is none.
#[derive(Clone, Copy, Debug)]
pub struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("malformed packet")
    }
}

impl std::error::Error for Malformed {}

/// Fixed lengths, network byte order.
#[derive(Clone, Copy, Debug)]
pub struct Packed;

fn put(identity: &Identity, buf: &mut impl BufMut) {
    buf.put_u32(identity.node.0);
    buf.put_u32(identity.boot);
    buf.put_u32(identity.renewal);
}

fn take(buf: &mut impl Buf) -> Result<Identity, Malformed> {
    let mut word = || buf.try_get_u32().map_err(|_| Malformed);
    Ok(Identity { node: NodeId(word()?), boot: word()?, renewal: word()? })
}

fn put_message(message: &Message<Identity>, buf: &mut impl BufMut) {
    let (tag, number, third): (u8, ProbeNumber, Option<&Identity>) = match message {
        Message::Ping(number) => (0, *number, None),
        Message::Ack(number) => (1, *number, None),
        Message::PingReq { target, probe_number } => (2, *probe_number, Some(target)),
        Message::IndirectPing { origin, probe_number } => (3, *probe_number, Some(origin)),
        Message::IndirectAck { target, probe_number } => (4, *probe_number, Some(target)),
        Message::ForwardedAck { origin, probe_number } => (5, *probe_number, Some(origin)),
        Message::Announce => (6, 0, None),
        Message::Feed => (7, 0, None),
        Message::Gossip => (8, 0, None),
        Message::Broadcast => (9, 0, None),
        Message::TurnUndead => (10, 0, None),
    };
    buf.put_u8(tag);
    buf.put_u8(number);
    put(third.unwrap_or(&Identity::address(NodeId(0))), buf);
}

fn take_message(buf: &mut impl Buf) -> Result<Message<Identity>, Malformed> {
    let tag = buf.try_get_u8().map_err(|_| Malformed)?;
    let probe_number = buf.try_get_u8().map_err(|_| Malformed)?;
    let third = take(buf)?;
    Ok(match tag {
        0 => Message::Ping(probe_number),
        1 => Message::Ack(probe_number),
        2 => Message::PingReq { target: third, probe_number },
        3 => Message::IndirectPing { origin: third, probe_number },
        4 => Message::IndirectAck { target: third, probe_number },
        5 => Message::ForwardedAck { origin: third, probe_number },
        6 => Message::Announce,
        7 => Message::Feed,
        8 => Message::Gossip,
        9 => Message::Broadcast,
        10 => Message::TurnUndead,
        _ => return Err(Malformed),
    })
}

impl Codec<Identity> for Packed {
    type Error = Malformed;

    fn encode_header(&mut self, header: &Header<Identity>, mut buf: impl BufMut) -> Result<(), Malformed> {
        put(&header.src, &mut buf);
        buf.put_u16(header.src_incarnation);
        put(&header.dst, &mut buf);
        put_message(&header.message, &mut buf);
        Ok(())
    }

    fn decode_header(&mut self, mut buf: impl Buf) -> Result<Header<Identity>, Malformed> {
        let src = take(&mut buf)?;
        let src_incarnation: Incarnation = buf.try_get_u16().map_err(|_| Malformed)?;
        Ok(Header { src, src_incarnation, dst: take(&mut buf)?, message: take_message(&mut buf)? })
    }

    fn encode_member(&mut self, member: &Member<Identity>, mut buf: impl BufMut) -> Result<(), Malformed> {
        // The crate writes one member after the other until the packet is full.
        if buf.remaining_mut() < 15 {
            return Err(Malformed);
        }
        put(member.id(), &mut buf);
        buf.put_u16(member.incarnation());
        buf.put_u8(match member.state() {
            State::Alive => 0,
            State::Suspect => 1,
            State::Down => 2,
        });
        Ok(())
    }

    fn decode_member(&mut self, mut buf: impl Buf) -> Result<Member<Identity>, Malformed> {
        let id = take(&mut buf)?;
        let incarnation = buf.try_get_u16().map_err(|_| Malformed)?;
        let state = match buf.try_get_u8() {
            Ok(0) => State::Alive,
            Ok(1) => State::Suspect,
            Ok(2) => State::Down,
            _ => return Err(Malformed),
        };
        Ok(Member::new(id, incarnation, state))
    }
}

#[cfg(test)]
mod tests {
    use foca::Identity as _;

    use super::*;

    #[test]
    fn packets_are_read_as_they_were_written() {
        let (src, dst) =
            (Identity::started(NodeId(1), 2), Identity { renewal: 7, ..Identity::started(NodeId(3), 4) });
        for message in [
            Message::Ping(9),
            Message::PingReq { target: src, probe_number: 255 },
            Message::ForwardedAck { origin: dst, probe_number: 0 },
            Message::TurnUndead,
        ] {
            let header = Header { src, src_incarnation: 300, dst, message };
            let mut bytes = Vec::new();
            Packed.encode_header(&header, &mut bytes).unwrap();
            assert_eq!(Packed.decode_header(&bytes[..]).unwrap(), header);
            assert!(Packed.decode_header(&bytes[1..]).is_err());
        }
        let member = Member::new(dst, 5, State::Suspect);
        let mut bytes = Vec::new();
        Packed.encode_member(&member, &mut bytes).unwrap();
        assert_eq!(Packed.decode_member(&bytes[..]).unwrap(), member);
    }

    #[test]
    fn whoever_is_renewed_or_started_again_wins() {
        let first = Identity::started(NodeId(1), 1);
        let renewed = first.renew().unwrap();
        let again = Identity::started(NodeId(1), 2);
        assert!(renewed.win_addr_conflict(&first) && again.win_addr_conflict(&renewed));
        assert!(!first.win_addr_conflict(&renewed));
    }
}
