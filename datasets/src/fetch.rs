//! Downloads: the files of a set, from its mirrors into a data directory.
//!
//! | what | how |
//! |---|---|
//! | where to | the folder of the set in the first directory of the [`Locator`] |
//! | arriving | in `.NAME.part`, which a later call goes on with (`Range`), never beyond the size that is known or allowed |
//! | checks | SHA-256 where one is published; else size and gzip's own checksum; of one's own IDX files their format |
//! | appearing | checked, brought to the disk, renamed: a file is whole or not there |
//! | archives | only members that are asked for, under names that are made here |
//! | mirrors | one after the other; the error says why each of them failed |
//! | at once | one process: a file `.lock` in the folder is locked, and stays |
//!
//! An https address is not left for http. Where nothing is missing, nothing is asked of the network.

mod archive;
mod error;
mod http;
mod place;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::{Failure, FetchError, Why};

use archive::{Content, Member};
use error::Stop;
use http::{Client, Size};
use place::Part;

use crate::error::Error;
use crate::lfw;
use crate::locate::{self, Locator};
use crate::registry::{self, Archive, Entry, File, Published};

/// How to fetch.
#[derive(Clone, Debug)]
pub struct Options {
    /// Fail where something would have to be downloaded.
    pub offline: bool,
    /// Replace files that are not the published ones.
    pub force: bool,
    /// Address of a folder with the files or the archive of the set, tried before its mirrors.
    pub mirror: Option<String>,
    /// Longest time for finding a host, and again for connecting to it.
    pub connect_timeout: Duration,
    /// Longest time without an answer, or with less than a kilobyte of the file.
    pub idle_timeout: Duration,
}

impl Default for Options {
    /// The mirrors of the set, 30 s each.
    fn default() -> Self {
        let timeout = Duration::from_secs(30);
        Self {
            offline: false,
            force: false,
            mirror: None,
            connect_timeout: timeout,
            idle_timeout: timeout,
        }
    }
}

/// Who wants to know how a download goes. `()` does not.
pub trait Watch {
    /// Bytes of a file begin to come, after the first `from` of them; `total` is known or told by the server.
    fn begin(&mut self, _file: &str, _from: u64, _total: Option<u64>) {}

    /// So many more bytes have come.
    fn advance(&mut self, _bytes: u64) {}

    /// No more bytes come, for good or ill.
    fn end(&mut self) {}

    /// Something that did not go well, and is being dealt with.
    fn note(&mut self, _text: &str) {}
}

impl Watch for () {}

/// The largest archive of unknown size; those of the table have some hundred megabytes.
const MAX_ARCHIVE: u64 = 1 << 29;
/// What gzip may add to a file.
const GZ_OVERHEAD: u64 = 1 << 20;

/// Downloads the files of a set that are not there yet; returns their paths. Embedded sets have none.
///
/// # Errors
/// [`Error::Fetch`]: see [`FetchError`]; [`Error::Argument`] for a mirror that is no address; [`Error::Io`] and
/// [`Error::NotAFile`] where the data directory cannot be written.
///
/// ```no_run
/// use halfwave_datasets::{Locator, fetch, registry};
///
/// let mnist = registry::find("mnist")?;
/// let paths = fetch::fetch(mnist, &Locator::new(None), &fetch::Options::default(), &mut ())?;
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
pub fn fetch(
    entry: &'static Entry,
    locator: &Locator,
    options: &Options,
    watch: &mut dyn Watch,
) -> Result<Vec<PathBuf>, Error> {
    if let Some(mirror) = &options.mirror
        && !(mirror.starts_with("https://") || mirror.starts_with("http://"))
    {
        return Err(Error::argument("mirror", "an address: https://…", format!("{mirror:?}")));
    }
    if entry.embedded {
        return Ok(Vec::new());
    }
    let fails = |error| Error::Fetch { name: entry.name, error };
    let dir = locator.candidates(entry).into_iter().next();
    let dir = dir.ok_or_else(|| fails(FetchError::NoDirectory))?;
    let missing = wanted(entry, &dir, options)?;
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    if entry.mirrors.is_empty() && options.mirror.is_none() {
        return Err(fails(FetchError::NoMirror { hint: entry.hint }));
    }
    if options.offline {
        let files = missing.iter().map(|wanted| wanted.file.name).collect();
        return Err(fails(FetchError::Offline { dir, files }));
    }
    place::make_dir(&dir)?;
    let _lock = place::lock(&dir)?.ok_or_else(|| fails(FetchError::Busy { dir: dir.clone() }))?;
    // What another process was busy with may be here now.
    let missing = wanted(entry, &dir, options)?;
    let mut job = Job { entry, dir, options, client: Client::new(options), watch };
    let (archived, single): (Vec<_>, Vec<_>) =
        missing.into_iter().partition(|wanted| wanted.file.published == Published::Archived);
    let mut paths = Vec::new();
    // Before the archive: a list says what to take from LFW's.
    for wanted in single {
        paths.push(job.single(&wanted)?);
    }
    if let Some(archive) = entry.archive.as_ref().filter(|_| !archived.is_empty()) {
        paths.extend(job.archive(archive, &archived)?);
    }
    Ok(paths)
}

/// A file that is not there, or not the published one.
struct Wanted {
    file: &'static File,
    /// What is there in its place.
    replaces: Option<PathBuf>,
}

impl Wanted {
    /// Once the new one is there. The old one may have another name, which would be found first.
    fn remove_old(&self, new: &Path) -> Result<(), Error> {
        match &self.replaces {
            Some(old) if old != new && !old.is_dir() => place::remove(old),
            _ => Ok(()),
        }
    }
}

fn wanted(entry: &'static Entry, dir: &Path, options: &Options) -> Result<Vec<Wanted>, Error> {
    let mut wanted = Vec::new();
    for file in entry.files.iter().chain(entry.further) {
        let Some(path) = locate::first_present(dir, file)? else {
            wanted.push(Wanted { file, replaces: None });
            continue;
        };
        match registry::check::verify_file(&path, file) {
            Ok(()) | Err(Error::NoChecksum { .. }) => {}
            // A folder is nothing that was fetched: it is not removed, not even by force.
            Err(error) if path.is_dir() => return Err(error),
            Err(_) if options.force => wanted.push(Wanted { file, replaces: Some(path) }),
            Err(error) => {
                let error = FetchError::Differs { error: Box::new(error) };
                return Err(Error::Fetch { name: entry.name, error });
            }
        }
    }
    Ok(wanted)
}

/// What is done for one set.
struct Job<'a> {
    entry: &'static Entry,
    dir: PathBuf,
    options: &'a Options,
    client: Client,
    watch: &'a mut dyn Watch,
}

impl Job<'_> {
    /// A file that is published as itself, or gzipped.
    fn single(&mut self, wanted: &Wanted) -> Result<PathBuf, Error> {
        let (file, force) = (wanted.file, self.options.force);
        let name = file.published_name();
        let target = self.dir.join(&name);
        let content = file.content;
        let size = match file.published {
            Published::Gz(None) => Size::up_to(content.bytes as u64 + GZ_OVERHEAD),
            Published::Gz(Some(sum)) => Size::exactly(sum.bytes),
            Published::Plain | Published::Archived => Size::exactly(content.bytes),
            Published::Own => Size::up_to(content.bytes as u64),
        };
        self.download(&name, size, |part| {
            match file.published {
                Published::Gz(None) => part.check_unpacked(content)?,
                Published::Gz(Some(sum)) => part.check(sum)?,
                Published::Plain | Published::Archived => part.check(content)?,
                Published::Own => part.check_idx()?,
            }
            Ok(place::appear(part.path(), &target, force)?)
        })?;
        wanted.remove_old(&target)?;
        Ok(target)
    }

    /// Members of the archive.
    fn archive(&mut self, archive: &Archive, wanted: &[Wanted]) -> Result<Vec<PathBuf>, Error> {
        let force = self.options.force;
        let scratch = self.dir.join(format!(".{}.unpacked", archive.name));
        let members = self.members(archive, wanted)?;
        let mut names: Vec<&str> =
            wanted.iter().map(|it| it.file.made_from.unwrap_or(it.file.name)).collect();
        names.dedup();
        let size = match archive.sum {
            Some(sum) => Size::exactly(sum.bytes),
            None => Size::up_to(MAX_ARCHIVE),
        };
        let dir = self.dir.clone();
        let paths = self.download(archive.name, size, |part| {
            if let Some(sum) = archive.sum {
                part.check(sum)?;
            }
            // Of a call that was killed.
            place::remove_dir(&scratch)?;
            let unpacked = archive::unpack(part.path(), &members, &scratch);
            let appear = |name: &&str| {
                let target = dir.join(name);
                place::appear(&scratch.join(name), &target, force).map(|()| target)
            };
            let paths = unpacked
                .and_then(|()| Ok(names.iter().map(appear).collect::<Result<Vec<_>, Error>>()?));
            place::remove_dir(&scratch)?;
            let paths = paths?;
            place::remove(part.path())?;
            Ok(paths)
        })?;
        for wanted in wanted {
            let name = wanted.file.made_from.unwrap_or(wanted.file.name);
            wanted.remove_old(&self.dir.join(name))?;
        }
        Ok(paths)
    }

    /// What to take from the archive: files, or for those that are made from images, the images.
    fn members(&self, archive: &Archive, wanted: &[Wanted]) -> Result<Vec<Member>, Error> {
        let mut members = Vec::new();
        for File { name, content, made_from, .. } in wanted.iter().map(|wanted| wanted.file) {
            if made_from.is_none() {
                members.push(Member {
                    name: format!("{}{name}", archive.prefix),
                    to: PathBuf::from(name),
                    content: Content::Known(*content),
                });
            }
        }
        let folder = wanted.iter().find_map(|wanted| wanted.file.made_from);
        for name in folder.map_or(Ok(Vec::new()), |_| lfw::published_images(&self.dir))? {
            members.push(Member {
                name: format!("{}/{name}", lfw::FOLDER),
                to: Path::new(lfw::FOLDER).join(&name),
                content: Content::Jpeg(lfw::MAX_JPEG),
            });
        }
        Ok(members)
    }

    /// One file from the first mirror that has it, and has what `accept` accepts.
    fn download<T>(
        &mut self,
        name: &str,
        size: Size,
        mut accept: impl FnMut(&Part) -> Result<T, Stop>,
    ) -> Result<T, Error> {
        let path = self.dir.join(format!(".{name}.part"));
        let mirrors = self.options.mirror.as_deref().into_iter();
        let mut failures = Vec::new();
        for mirror in mirrors.chain(self.entry.mirrors.iter().copied()) {
            let url = format!("{}/{name}", mirror.trim_end_matches('/'));
            loop {
                let mut part = Part::open(&path)?;
                let resumed = part.len() > 0;
                let fetched = self.client.download(&url, name, &mut part, size, self.watch);
                let why = match fetched.and_then(|()| accept(&part)) {
                    Ok(done) => return Ok(done),
                    Err(Stop::Local(error)) => return Err(error),
                    Err(Stop::Mirror(why)) => why,
                };
                self.watch.note(&format!("{url}: {why}"));
                // Wrong bytes are nothing to go on with. They may be an older call's: then once more from here.
                if why.is_of_content() {
                    place::remove(&path)?;
                    if resumed {
                        continue;
                    }
                }
                failures.push(Failure { url, why });
                break;
            }
        }
        if fs::metadata(&path).is_ok_and(|part| part.len() == 0) {
            place::remove(&path)?;
        }
        let error = FetchError::Mirrors { file: name.into(), failures };
        Err(Error::Fetch { name: self.entry.name, error })
    }
}
