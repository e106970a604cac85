//! Measures perf-harness side by side with other load generators: one server, one run, one table.
//!
//! `cargo run --release -p peers` starts itself as the server and once more for each run of each peer, so that CPU time
//! and memory are the peer's own. Everything is compared within one run: figures are of one machine and moment.

mod child;
mod contest;
mod cores;
mod count;
mod cpu;
mod entry;
mod load;
mod machine;
mod peers;
mod server;
mod table;
mod versions;

use clap::{Parser, Subcommand};
use contest::Contest;
use load::Load;
use std::io::{Write, stdout};
use std::process::ExitCode;

/// Measures perf-harness side by side with other load generators.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    /// Writes the table as Markdown.
    #[arg(long)]
    markdown: bool,
    /// How often each peer offers each load; the median is shown.
    #[arg(long, default_value_t = 3)]
    repeats: u32,
    /// Leaves out every peer whose name does not contain one of these.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// What this program starts itself as.
#[derive(Subcommand)]
enum Part {
    /// The server; ends with its standard input.
    Serve,
    /// One run of a peer that is a library; tells what it says of itself as the last line.
    Run { peer: String, load: Load, url: String },
}

fn main() -> ExitCode {
    match play(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn play(args: &Args) -> anyhow::Result<()> {
    match &args.part {
        Some(Part::Serve) => server::serve(),
        Some(Part::Run { peer, load, url }) => {
            let said = peers::run(peer, *load, url)?;
            Ok(writeln!(stdout(), "{}", serde_json::to_string(&said)?)?)
        }
        None => compare(args),
    }
}

fn compare(args: &Args) -> anyhow::Result<()> {
    let (present, missing) = peers::installed(&args.only);
    let entries = Contest::open()?.hold(&present, args.repeats)?;
    let table = table::Table::of(&entries, &missing);
    match args.markdown {
        true => table.write_markdown(&mut stdout())?,
        false => table.write_text(&mut stdout())?,
    }
    Ok(())
}
