//! Process entry: arguments, clock and streams in; exit code out.

use pgtls::cli::{Process, run};
use pgtls::keys::SystemKeys;
use std::io::{BufWriter, IsTerminal, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let mut stderr = BufWriter::new(std::io::stderr().lock());
    let code = run(Process {
        arguments: std::env::args_os().collect(),
        variable: &|name| std::env::var_os(name),
        now: time::OffsetDateTime::now_utc(),
        keys: &SystemKeys,
        stdin: &mut std::io::stdin().lock(),
        terminal: terminal_width(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
        stdout: &mut stdout,
        stderr: &mut stderr,
    });
    // Whoever read us may be gone; that is no error (`pgtls profiles | head -1`).
    let _ = stdout.flush();
    let _ = stderr.flush();
    ExitCode::from(code)
}

/// The columns of the terminal that standard output is, 80 where it does not say; `None` where it is none.
fn terminal_width() -> Option<usize> {
    let stdout = std::io::stdout();
    let columns = || rustix::termios::tcgetwinsize(&stdout).ok().map(|size| usize::from(size.ws_col));
    stdout.is_terminal().then(|| columns().filter(|columns| *columns > 0).unwrap_or(80))
}
