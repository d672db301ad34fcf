//! Process entry: arguments, clock and streams in; exit code out.

use pgtls::cli::{Process, run};
use pgtls::keys::SystemKeys;
use std::io::{BufWriter, Write};
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
        stdout: &mut stdout,
        stderr: &mut stderr,
    });
    // Whoever read us may be gone; that is no error (`pgtls profiles | head -1`).
    let _ = stdout.flush();
    let _ = stderr.flush();
    ExitCode::from(code)
}
