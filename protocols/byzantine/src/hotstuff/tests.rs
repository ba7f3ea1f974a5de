//! HotStuff without and with a world.

mod runs;
