//! The terminal: results go to stdout, everything else to stderr.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use console::{Term, measure_text_width};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use sim_core::text;

use super::embedded::{Stream, keep};
use super::error::CliError;

/// Longer lines are hard to read.
const WIDEST: usize = 110;

/// Breaks a text into lines of at most so many columns; all but the first begin with `indent`. A word that is longer than
/// a line gets one of its own. Ends with a line break.
pub(crate) fn wrap(text: &str, indent: &str, columns: usize) -> String {
    let (mut whole, mut line) = (String::new(), String::new());
    // The text's own indentation and inner columns are kept: only single spaces are places to break at.
    for word in text.split_inclusive(' ') {
        let length = measure_text_width(&line) + measure_text_width(word.trim_end());
        if length > columns && !line.trim().is_empty() {
            whole += line.trim_end();
            whole.push('\n');
            line = indent.to_owned();
        }
        line += word;
    }
    whole + line.trim_end() + "\n"
}

/// A text with its lines broken between words where they are longer than a terminal is wide. What goes on stands below the
/// words that it belongs to, not below their label. Lines that hold a command or a path are left whole, so that they can be copied.
fn fitted(text: &str, columns: usize) -> String {
    let whole = |line: &str| ["replay", "report", "next"].iter().any(|label| line.starts_with(label));
    let fit = |line: &str| {
        if measure_text_width(line) <= columns || whole(line) {
            return format!("{line}\n");
        }
        wrap(line, &" ".repeat(words_at(line).min(columns / 2)), columns)
    };
    text.lines().map(fit).collect()
}

/// Where the words of a line begin: behind its indentation, its label, or its number.
fn words_at(line: &str) -> usize {
    let near: Vec<char> = line.chars().take(24).collect();
    let gap = near.windows(3).rposition(|three| three[0] == ' ' && three[1] == ' ' && three[2] != ' ');
    gap.map_or(0, |at| at + 2)
}

/// A text as it may stand on a terminal or in a log: what others wrote brings no control characters along, and where there
/// are colors, they are all that an escape begins.
fn shown(text: &str, colored: bool) -> Cow<'_, str> {
    if !colored || !text.contains(ESCAPE) {
        return text::lines(text);
    }
    let mut parts = text.split(ESCAPE);
    let mut safe = text::lines(parts.next().unwrap_or_default()).into_owned();
    for part in parts {
        let color = part.strip_prefix('[').and_then(|rest| rest.split_once('m'));
        let color =
            color.filter(|(codes, _)| codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
        match color {
            Some((codes, rest)) => safe += &format!("{ESCAPE}[{codes}m{}", text::lines(rest)),
            None => safe += &format!("{}{}", text::one_line("\x1b"), text::lines(part)),
        }
    }
    Cow::Owned(safe)
}

/// What a change of color begins with.
const ESCAPE: char = '\x1b';

/// How to speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    quiet: bool,
    json: bool,
    color: bool,
    colored_results: bool,
    /// Whether texts are kept for a program around this one, instead of printed.
    kept: bool,
}

impl Terminal {
    /// Colors are for terminals, unless `NO_COLOR` is set to something.
    #[expect(clippy::disallowed_methods, reason = "how to print; no run sees it")]
    pub(crate) fn new(quiet: bool, json: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            quiet,
            json,
            color: io::stderr().is_terminal() && !no_color,
            colored_results: io::stdout().is_terminal() && !no_color,
            kept: false,
        }
    }

    /// Speaks to a program around this one.
    pub(crate) const fn kept(quiet: bool, json: bool) -> Self {
        Self { quiet, json, color: false, colored_results: false, kept: true }
    }

    /// How many columns a text on stdout may have: as many as the terminal, up to what reads well. Without a terminal
    /// lines are not broken, so that other programs find whole ones.
    #[expect(clippy::unused_self, reason = "all output goes through the terminal")]
    pub(crate) fn width(&self) -> usize {
        let size = io::stdout().is_terminal().then(|| Term::stdout().size_checked()).flatten();
        size.map_or(usize::MAX, |(_, columns)| usize::from(columns).clamp(40, WIDEST))
    }

    /// Whether only results are asked for.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether somebody looks at stderr as it comes.
    pub(crate) fn is_interactive() -> bool {
        io::stderr().is_terminal()
    }

    /// Whether stderr may be colored.
    pub(crate) fn color(&self) -> bool {
        self.color
    }

    /// Whether stdout may be colored.
    pub(crate) fn color_of_results(&self) -> bool {
        self.colored_results
    }

    /// The result: the document if JSON is asked for, else the words. A reader that went away is no error.
    pub(crate) fn result(&self, document: impl FnOnce() -> Value, words: &str) -> Result<(), CliError> {
        let text = if self.json { format!("{:#}\n", document()) } else { fitted(words, self.width()) };
        self.write(&text)
    }

    /// Whether a document is asked for.
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    /// Text on stdout, whatever is asked for. A reader that went away is no error.
    pub(crate) fn write(&self, text: &str) -> Result<(), CliError> {
        let text = if self.json { text::json(text) } else { shown(text, self.colored_results) };
        if self.kept {
            keep(Stream::Result, &text);
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Output(error)),
            _ => Ok(()),
        }
    }

    /// A part of a result that comes piece by piece; nothing if a document is asked for.
    pub(crate) fn say(&self, words: &str) -> Result<(), CliError> {
        if self.json { Ok(()) } else { self.result(|| Value::Null, words) }
    }

    /// A remark beside the result, unless quiet is asked for.
    pub(crate) fn remark(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// An error. If stderr is gone there is nobody to tell.
    pub(crate) fn complain(&self, text: &str) {
        let text = shown(text, self.color);
        if self.kept {
            keep(Stream::Complaint, &text);
            return;
        }
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// A progress bar on stderr; invisible until [`Terminal::show`], where stderr is no terminal, and if quiet.
    #[expect(clippy::unused_self, reason = "all output goes through the terminal")]
    pub(crate) fn progress(&self, length: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
        let template = "{wide_bar} {human_pos}/{human_len} · {per_sec} · {eta} left";
        ProgressStyle::with_template(template).map_or(bar.clone(), |style| bar.with_style(style))
    }

    /// A line on stderr that changes, for work whose length nobody knows; invisible until [`Terminal::show_spinner`].
    #[expect(clippy::unused_self, reason = "all output goes through the terminal")]
    pub(crate) fn spinner(&self) -> ProgressBar {
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let template = "{spinner} {wide_msg} {elapsed}";
        ProgressStyle::with_template(template).map_or(line.clone(), |style| line.with_style(style))
    }

    /// Shows such a line; it turns by itself.
    pub(crate) fn show_spinner(&self, line: &ProgressBar) {
        if !self.quiet && line.is_hidden() {
            line.set_draw_target(ProgressDrawTarget::stderr());
            line.enable_steady_tick(std::time::Duration::from_millis(100));
        }
    }

    /// Shows a progress bar.
    pub(crate) fn show(&self, bar: &ProgressBar) {
        if !self.quiet && bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fitted, shown, wrap};

    #[test]
    fn results_fit_a_narrow_terminal_and_commands_stay_whole() {
        let text = "because      one two three four five six\nreplay       seedstorm replay a/long/path --x\n\nshort\n";
        let fit = "because      one two three\n             four five six\nreplay       seedstorm replay a/long/path --x\n\nshort\n";
        assert_eq!(fitted(text, 28), fit);
        assert_eq!(fitted(text, usize::MAX), text);
        assert_eq!(
            fitted("   12.5 %  a reason that is long\n", 20),
            "   12.5 %  a reason\n           that is\n           long\n".replace("           ", "          ")
        );
    }

    #[test]
    fn only_colors_begin_with_an_escape_and_only_where_there_are_any() {
        let text = "\x1b[1;31mred\x1b[0m \x1b]0;title\x07 \x1b[2J \u{9b}31m\u{85}\u{2028}\u{202e}\n";
        let colored =
            "\x1b[1;31mred\x1b[0m \\u{1b}]0;title\\u{7} \\u{1b}[2J \\u{9b}31m\\u{85}\\u{2028}\\u{202e}\n";
        assert_eq!(shown(text, true), colored);
        assert_eq!(shown(text, false), colored.replace('\x1b', "\\u{1b}"));
    }

    #[test]
    fn texts_are_broken_between_words() {
        assert_eq!(
            wrap("  name  one two three four", "        ", 17),
            "  name  one two\n        three\n        four\n"
        );
        assert_eq!(wrap("one two", "", usize::MAX), "one two\n");
        assert_eq!(wrap("unbreakable", "  ", 4), "unbreakable\n");
    }
}
