//! Members of a `.tar.gz` that are known by name. No member decides a path, a size or a kind of file.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, BufReader, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::{Stop, Why};
use super::place;
use crate::files;
use crate::registry::Sum;

/// Most bytes of an archive when unpacked. Those of the table have some 200 MB.
const MAX_UNPACKED: u64 = 1 << 31;

/// How a JPEG begins.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// A member that is wanted.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name in the archive.
    pub(super) name: String,
    /// Where it is written, in the folder that is unpacked into.
    pub(super) to: PathBuf,
    pub(super) content: Content,
}

/// What is known of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    Known(Sum),
    /// A JPEG, and its size at most.
    Jpeg(usize),
}

/// Writes the members below `dir`, each checked and on the disk; all other members are passed over.
pub(super) fn unpack(path: &Path, members: &[Member], dir: &Path) -> Result<(), Stop> {
    let file = std::fs::File::open(path).map_err(place::io(path, "open"))?;
    let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file));
    let mut archive = tar::Archive::new(unpacked.take(MAX_UNPACKED));
    let damaged = |error: io::Error| place::damage(path, error);
    let mut wanted: HashMap<&[u8], &Member> =
        members.iter().map(|member| (member.name.as_bytes(), member)).collect();
    // Raw: long names would be read into memory, however long; none that is wanted needs them.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path_bytes();
        let Some(member) = wanted.remove(name.strip_prefix(b"./").unwrap_or(&name)) else {
            continue;
        };
        drop(name);
        write(&mut entry, member, path, &dir.join(&member.to)).map_err(|stop| match stop {
            Stop::Mirror(why) => {
                Why::Member { name: member.name.clone(), why: Box::new(why) }.into()
            }
            local => local,
        })?;
    }
    // To the end, where gzip's checksum is.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(damaged)?;
    if rest.limit() == 0 {
        return Err(Why::TooLarge { limit: MAX_UNPACKED }.into());
    }
    match members.iter().find(|member| wanted.contains_key(member.name.as_bytes())) {
        Some(Member { name, .. }) => {
            Err(Why::Member { name: name.clone(), why: Box::new(Why::Absent) }.into())
        }
        None => Ok(()),
    }
}

fn write(entry: impl Read, member: &Member, archive: &Path, to: &Path) -> Result<(), Stop> {
    place::make_dir(to.parent().unwrap_or(Path::new(".")))?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(to).map_err(place::io(to, "make"))?;
    let limit = match member.content {
        Content::Known(sum) => sum.bytes,
        Content::Jpeg(limit) => limit,
    };
    let mut start: Vec<u8> = Vec::new();
    // Failures of reading and of writing are not the same one's fault.
    let mut unwritten = None;
    let found = files::digest(entry, limit as u64, |bytes| {
        start.extend(bytes.iter().take(JPEG.len() - start.len()));
        file.write_all(bytes).map_err(|error| {
            unwritten = Some(error);
            ErrorKind::Other.into()
        })
    });
    if let Some(error) = unwritten {
        return Err(place::io(to, "write")(error).into());
    }
    let found = found.map_err(|error| place::damage(archive, error));
    match member.content {
        Content::Known(sum) => place::compare(found, sum)?,
        Content::Jpeg(limit) => {
            if found?.0 > limit as u64 {
                return Err(Why::TooLarge { limit: limit as u64 }.into());
            }
            if start != JPEG {
                let reason =
                    format!("expected a JPEG, which begins with {JPEG:02x?}, found {start:02x?}");
                return Err(Why::Damaged(reason).into());
            }
        }
    }
    Ok(file.sync_all().map_err(place::io(to, "sync"))?)
}
