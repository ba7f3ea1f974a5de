//! What the program is called in which this library runs: commands that people shall type begin with it.

use std::sync::OnceLock;

/// The program of this package.
const OWN: &str = "seedstorm";

static NAME: OnceLock<String> = OnceLock::new();

/// Tells what the program is called; the first call counts.
pub fn call(name: &str) {
    NAME.get_or_init(|| name.to_owned());
}

/// What the program is called.
pub fn name() -> &'static str {
    NAME.get().map_or(OWN, String::as_str)
}

/// A text whose commands are written for the program of this package, for the program that runs.
pub fn own(text: &str) -> String {
    written_for(name(), text)
}

fn written_for(name: &str, text: &str) -> String {
    let mut changed = String::with_capacity(text.len());
    for (index, piece) in text.split("seedstorm ").enumerate() {
        if index > 0 {
            // A command begins a text or a line, or stands in quotes; elsewhere it is the name of the package.
            let command =
                changed.is_empty() || changed.ends_with(['\n', '`', '\'', '"']) || changed.ends_with("  ");
            changed.push_str(if command { name } else { OWN });
            changed.push(' ');
        }
        changed.push_str(piece);
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::written_for;

    #[test]
    fn commands_are_those_of_the_program_and_the_package_keeps_its_name() {
        let text = "seedstorm run a; `seedstorm list` shows.\n  seedstorm explore b\nOf seedstorm itself.";
        let ours = "ring run a; `ring list` shows.\n  ring explore b\nOf seedstorm itself.";
        assert_eq!(written_for("ring", text), ours);
        assert_eq!(written_for("seedstorm", text), text);
    }
}
