//! Puts files in place so that nobody ever reads half of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes a temporary sibling, syncs it, renames it. Makes the folder when there is none.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Of this process alone: two that write the same file must not share a sibling.
    let sibling = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = write_synced(&sibling, bytes).and_then(|()| fs::rename(&sibling, path));
    if written.is_err() {
        fs::remove_file(&sibling).ok();
    }
    written
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
