//! What both sides depend on is built once: a new target folder of base begins with what head's holds of it.
//!
//! Nothing of the repository's own packages: cargo names their artefacts by the path within the workspace and tells by the
//! files' times whether they fit, so head's, built after base was checked out, would pass for base's.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// The parts of a profile's folder that another target folder can go on with.
const PARTS: [&str; 3] = ["deps", "build", ".fingerprint"];
/// In `deps`, what others are compiled and linked against. Everything else there is programs and their parts.
const USEFUL: [&str; 7] = ["rlib", "rmeta", "d", "so", "dylib", "dll", "a"];

/// Copies all but what is of these packages, unless there is such a folder already. `executable` is one that was built in
/// the one to copy from.
pub(crate) fn sow(executable: &Path, own: &[String], from: &Path, to: &Path) -> io::Result<()> {
    let Some(profile) = executable.parent().and_then(Path::parent) else { return Ok(()) };
    let Ok(relative) = profile.strip_prefix(from) else { return Ok(()) };
    if to.join(relative).exists() {
        return Ok(());
    }
    // Whole or not at all: half of it would be built again, but a broken file would not.
    let growing = to.join(".sown");
    fs::remove_dir_all(&growing).or_else(is_no_loss)?;
    for part in PARTS.iter().filter(|part| profile.join(part).is_dir()) {
        let is_useful = |name: &Path| name.extension().is_some_and(|e| USEFUL.iter().any(|u| e == *u));
        let is_wanted = |name: &Path| match *part {
            // Without a fingerprint, a library that lies here is built again.
            "deps" => is_useful(name),
            _ => !own.iter().any(|package| is_of(name, package)),
        };
        copy(&profile.join(part), &growing.join(part), &is_wanted)?;
    }
    if let Some(parent) = to.join(relative).parent() {
        fs::create_dir_all(parent)?;
    }
    fs::rename(&growing, to.join(relative))
}

/// Whether cargo named it after the package: `shop`, or `shop-0123456789abcdef`.
fn is_of(name: &Path, package: &str) -> bool {
    let name = name.to_string_lossy();
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.strip_prefix(package) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('-').is_some_and(is_hash),
        None => false,
    }
}

fn is_no_loss(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// With the files' times, which cargo goes by. What is asked for is the name of an entry of the folder itself.
fn copy(from: &Path, to: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if !is_wanted(Path::new(&entry.file_name())) {
            continue;
        }
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&path, &target, &|_| true)?;
        } else if kind.is_file() {
            fs::copy(&path, &target)?;
            File::options().write(true).open(&target)?.set_modified(entry.metadata()?.modified()?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn libraries_are_sown_with_their_times_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let put = |file: &str| {
            let path = from.join("release").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "1").unwrap();
            path
        };
        let (executable, library) = (put("deps/perf-0a"), put("deps/libtokio.rlib"));
        for file in
            ["incremental/a", ".fingerprint/shop-api-0123456789abcdef/lib", ".fingerprint/tokio-1/lib"]
        {
            put(file);
        }
        for file in [".fingerprint/shop-0123456789abcdef/lib", "build/shop-0123456789abcdef/output"] {
            put(file);
        }
        let old = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        File::options().write(true).open(&library).unwrap().set_modified(old).unwrap();
        let own = ["shop".to_owned()];
        sow(&executable, &own, &from, &to).unwrap();
        let sown = |file: &str| to.join("release").join(file);
        assert_eq!(fs::metadata(sown("deps/libtokio.rlib")).unwrap().modified().unwrap(), old);
        assert!(sown(".fingerprint/tokio-1/lib").exists());
        assert!(sown(".fingerprint/shop-api-0123456789abcdef/lib").exists(), "another package");
        for own in [".fingerprint/shop-0123456789abcdef", "build/shop-0123456789abcdef", "deps/perf-0a"] {
            assert!(!sown(own).exists(), "{own}");
        }
        assert!(!sown("incremental").exists());
        fs::write(&library, "2").unwrap();
        sow(&executable, &own, &from, &to).unwrap();
        assert_eq!(fs::read_to_string(sown("deps/libtokio.rlib")).unwrap(), "1");
        sow(Path::new("/elsewhere/release/deps/perf"), &own, &from, &folder.path().join("none")).unwrap();
    }
}
