//! A target as a process: `server COUNTS MILLISECONDS` answers after so long, says where it listens, and keeps its counts in
//! the file, until it is killed.

use project::{Behaviour, Counts, Target};
use std::path::Path;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, counts, ms] = arguments.as_slice() else { panic!("server COUNTS MILLISECONDS") };
    let wait = Duration::from_millis(ms.parse().expect("a number of milliseconds"));
    let target = Target::counted(Behaviour::After(wait), Counts::to(Path::new(counts))?).await?;
    println!("{}", target.url);
    std::future::pending::<()>().await;
    drop(target);
    Ok(())
}
