//! What people and scripts see. The only place that writes to standard output and standard error.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

use tracing_subscriber::EnvFilter;

/// Memory for lines on their way out.
const LINES_BUFFER_BYTES: usize = 256 * 1024;

/// Starts logging to standard error.
pub(crate) fn start_logging(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // A second call can only come from a test; the first logger stays.
    let _ = subscriber.try_init();
}

/// Prints a line to standard output.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Prints text that has its line ends.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// Many lines to standard output, written in large pieces.
#[derive(Debug)]
pub(crate) struct Lines(BufWriter<io::Stdout>);

impl Lines {
    pub(crate) fn new() -> Self {
        Self(BufWriter::with_capacity(LINES_BUFFER_BYTES, io::stdout()))
    }

    /// Writes the bytes as they are, and a line end.
    pub(crate) fn write(&mut self, line: &[u8]) -> anyhow::Result<()> {
        self.0.write_all(line)?;
        Ok(self.0.write_all(b"\n")?)
    }

    /// Returns when everything has left this process.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.0.flush()?)
    }
}

/// Prints `value` as one line of JSON to standard output.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints a remark to standard error, above a progress bar if one is drawn.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The command was called wrongly: exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Prints why the work failed, cause by cause.
pub(crate) fn failure(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !said.contains(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
        said = cause;
    }
    remark(&text);
}

/// Whether the reader of standard output went away, as `| head` does: no failure of ours.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}

/// Makes control characters visible, so that a log line cannot move the cursor of who reads it.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escaped: Box<dyn Iterator<Item = char>> = if character.is_control() {
                Box::new(character.escape_default())
            } else {
                Box::new(std::iter::once(character))
            };
            escaped
        })
        .collect()
}

/// A probability in percent. What is not certain is never shown as 0 or 100.
pub(crate) fn percent(probability: f64) -> String {
    match (probability * 100.0).round() as i64 {
        ..=0 => "<1%".to_owned(),
        100.. => ">99%".to_owned(),
        percent => format!("{percent}%"),
    }
}

/// A table with a head, columns as wide as their widest cell up to a limit.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    const CELL_CHARACTERS_MAX: usize = 80;
    let head: Vec<String> = head.iter().map(|cell| cell.to_uppercase()).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()).collect();
    let mut widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = std::iter::once(&head).chain(&rows).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).min(CELL_CHARACTERS_MAX)
        })
        .collect();
    if let Some(columns) = terminal_columns() {
        fit(&mut widths, columns);
    }
    for row in std::iter::once(&head).chain(&rows) {
        let padded: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{:<width$}", shortened(cell, *width)))
            .collect();
        line(padded.join("  ").trim_end())?;
    }
    Ok(())
}

/// `text` in at most `width` characters.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// How many characters a line of the terminal has, if standard output is one.
fn terminal_columns() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&out).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Narrows the widest columns until a line of them, two blanks between each, has `columns` characters. None becomes
/// narrower than a few characters: then lines wrap.
fn fit(widths: &mut [usize], columns: usize) {
    const NARROWEST: usize = 8;
    loop {
        let line = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let Some(widest) = widths.iter_mut().max() else { return };
        if line <= columns || *widest <= NARROWEST {
            return;
        }
        *widest -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{fit, percent, shortened, visible};

    #[test]
    fn tables_fit_the_terminal_as_far_as_that_goes() {
        let mut widths = [4, 80, 20];
        fit(&mut widths, 60);
        assert_eq!(widths, [4, 32, 20]);
        fit(&mut widths, 30);
        assert_eq!(widths, [4, 11, 11]);
        fit(&mut widths, 5);
        assert_eq!(widths, [4, 8, 8]);
        assert_eq!(shortened("größer", 4), "grö…");
        assert_eq!(shortened("größer", 6), "größer");
    }

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
        assert_eq!(visible("grün"), "grün");
    }

    #[test]
    fn nothing_is_certain() {
        assert_eq!(percent(0.999), ">99%");
        assert_eq!(percent(0.001), "<1%");
        assert_eq!(percent(0.605), "61%");
    }
}
