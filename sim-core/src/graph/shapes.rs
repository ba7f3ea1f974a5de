//! Topologies without chance, as lists of links.

use super::{TopologyError, bounded};
use crate::identity::{NodeId, NodeName};

type Links = Vec<(u32, u32)>;

pub(super) fn star(NodeName(hub): NodeName, members: u32) -> Result<Links, TopologyError> {
    exists(hub, members)?;
    Ok((0..members).filter(|member| *member != hub).map(|member| (member, hub)).collect())
}

pub(super) fn line(members: u32) -> Links {
    (1..members).map(|member| (member - 1, member)).collect()
}

pub(super) fn ring(members: u32) -> Links {
    let mut links = line(members);
    if members > 2 {
        links.push((members - 1, 0));
    }
    links
}

pub(super) fn grid(columns: u32, members: u32) -> Result<Links, TopologyError> {
    if columns == 0 {
        return Err(TopologyError::Columns);
    }
    let across = (1..members).filter(|member| member % columns != 0).map(|member| (member - 1, member));
    let down = (columns..members).map(|member| (member - columns, member));
    Ok(across.chain(down).collect())
}

pub(super) fn tree(fan_out: u32, members: u32) -> Result<Links, TopologyError> {
    if fan_out == 0 {
        return Err(TopologyError::FanOut);
    }
    Ok((1..members).map(|member| (member, (member - 1) / fan_out)).collect())
}

pub(super) fn hierarchical_mesh(group: u32, members: u32) -> Result<Links, TopologyError> {
    if group == 0 {
        return Err(TopologyError::Group);
    }
    let groups = u64::from(members.div_ceil(group));
    bounded(u64::from(group.min(members)) * u64::from(members) + groups * groups)?;
    let inside =
        (0..members).flat_map(|member| (member / group * group..member).map(move |other| (other, member)));
    let firsts = |below: u32| (0..below).step_by(group as usize);
    let between = firsts(members).flat_map(|first| firsts(first).map(move |other| (other, first)));
    Ok(inside.chain(between).collect())
}

pub(super) fn edges(links: &[(NodeName, NodeName)], members: u32) -> Result<Links, TopologyError> {
    let valid = |&(NodeName(a), NodeName(b)): &(NodeName, NodeName)| {
        exists(a, members)?;
        exists(b, members)?;
        if a == b { Err(TopologyError::Itself { member: NodeId(a) }) } else { Ok((a, b)) }
    };
    links.iter().map(valid).collect()
}

fn exists(member: u32, members: u32) -> Result<(), TopologyError> {
    if member < members { Ok(()) } else { Err(TopologyError::Unknown { member: NodeId(member), members }) }
}
